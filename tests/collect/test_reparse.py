"""Kept pages read again by a mended parser."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from toy_source import HOST, POLICY, TOY, Scrape, ToySite, entry, parse

from albumart.album import Album, CoverStatus
from albumart.collect.reparse import reparse_source
from albumart.collect.scrape import Options
from albumart.errors import ParseError
from albumart.sandbox.server import Sandbox
from albumart.sources import Crawl, Page, Query
from albumart.sources.base import Gate
from albumart.stores.workspace import Workspace


def shouting(page: Page) -> Iterator[Album]:
    """A mended parser: titles in capitals."""
    for album in parse(page):
        yield replace(album, title=(album.title or "").upper(), genres=("polka",))


MENDED = replace(TOY, parse=shouting)


def test_all_of_history_is_read_again_without_a_request(
    scrape: Scrape, workspace: Workspace, site: ToySite, toy_server: Sandbox
) -> None:
    scrape()
    site.write("one", entry(0, title="Renamed"), entry(1))
    scrape()
    asked = toy_server.requests.count(f"/{HOST}/")
    counts = reparse_source(workspace, MENDED)
    assert toy_server.requests.count(f"/{HOST}/") == asked
    assert (counts.pages, counts.broken) == (4, 0)
    titles = {album.key: album.title for album in workspace.albums.find_albums()}
    assert titles["toy:0"] == "RENAMED"  # the newest page decides
    assert titles["toy:2"] == "ALBUM 2"  # and an album that left is mended too
    assert reparse_source(workspace, MENDED).albums.changed == 0


def test_the_next_scrape_is_compared_with_what_the_mended_parser_reads(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    reparse_source(workspace, MENDED)
    site.write("one", *(entry(n) for n in range(6)))
    assert scrape(source=MENDED).reasons == ()


def test_a_page_that_could_not_be_read_is_read_by_a_mended_parser(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    site.pages["/two"] = b"not yet understood"
    with pytest.raises(ParseError):
        scrape()

    def mended(page: Page) -> Iterator[Album]:
        return iter([Album("toy", "99", ())]) if b"not" in page.body else parse(page)

    understanding = replace(TOY, parse=mended)
    counts = reparse_source(workspace, understanding)
    assert (counts.pages, counts.broken, counts.albums.inserted) == (1, 0, 1)
    assert workspace.pages.find("toy", f"https://{HOST}/two").status is CoverStatus.STORED


def test_a_page_that_still_cannot_be_read_is_counted(scrape: Scrape, workspace: Workspace) -> None:
    scrape()

    def broken(page: Page) -> Iterator[Album]:
        raise ParseError(expected="sense", got="none", where=page.url)

    counts = reparse_source(workspace, replace(TOY, parse=broken))
    assert (counts.pages, counts.broken) == (3, 3)
    assert len(list(workspace.albums.find_albums())) == 15


def judge(albums: Sequence[Album]) -> Mapping[str, str]:
    return {album.key: "bad" for album in albums if "BAD" in (album.title or "").upper()}


def titles(workspace: Workspace) -> dict[str, str | None]:
    return {album.source_id: album.title for album in workspace.albums.find_albums()}


@pytest.mark.parametrize("judged", [True, False])
def test_what_validation_set_aside_is_not_stored_after_all(
    scrape: Scrape, workspace: Workspace, site: ToySite, judged: bool
) -> None:
    """Neither from the page on which it was found, nor from an earlier one of its address."""
    site.write("one", entry(0, title="bad"), *(entry(n) for n in range(1, 5)))
    scrape(options=Options(judge=judge))
    site.write("one", entry(0, title="still bad"), *(entry(n) for n in range(1, 6)))
    scrape(options=Options(judge=judge))
    counts = reparse_source(workspace, MENDED, judge=judge if judged else None)
    assert counts.albums.quarantined == 2
    assert "0" not in titles(workspace)
    reasons = {row["album"]["title"] for row in workspace.albums.quarantined()}
    assert reasons <= {"BAD", "STILL BAD", "bad", "still bad"}
    assert len(list(workspace.albums.quarantined())) in (1, 2)


def test_what_was_bad_once_is_stored_where_it_is_told_well(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    site.write("one", entry(0, title="bad"), *(entry(n) for n in range(1, 5)))
    scrape(options=Options(judge=judge))
    site.write("one", entry(0, title="good"), *(entry(n) for n in range(1, 5)))
    scrape(options=Options(judge=judge))
    assert list(workspace.albums.quarantined()) == []
    reparse_source(workspace, MENDED, judge=judge)
    assert titles(workspace)["0"] == "GOOD"
    assert list(workspace.albums.quarantined()) == []


def test_a_mended_parser_frees_what_was_set_aside(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    site.write("one", entry(0, title="bad"), *(entry(n) for n in range(1, 5)))
    scrape(options=Options(judge=judge))
    retitled = replace(TOY, parse=lambda page: (replace(a, title="x") for a in parse(page)))
    assert reparse_source(workspace, retitled, judge=judge).albums.inserted == 1
    assert list(workspace.albums.quarantined()) == []


def test_a_quarantined_scrape_waits_with_what_it_set_aside(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    site.pages.update({"/two": b"", "/three": b""})
    site.write("one", entry(0, title="bad"))
    run = scrape(options=Options(judge=judge)).run
    reparse_source(workspace, MENDED, judge=judge)
    assert titles(workspace)["0"] == "ALBUM 0"
    assert run
    assert workspace.albums.quarantine.keys(["toy:0"], scrape=run) == {"toy:0"}


def test_what_left_a_list_does_not_come_back(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape(source=replace(TOY, lists_all=True))
    site.write("one", *(entry(n) for n in range(4)))
    scrape(source=replace(TOY, lists_all=True))
    reparse_source(workspace, replace(MENDED, lists_all=True))
    assert "toy:4" not in [row["album"] for row in workspace.albums.album_rows("toy")]
    assert titles(workspace)["4"] == "ALBUM 4"  # mended all the same


def test_pages_that_are_listed_no_longer_do_not_count_in_the_next_comparison(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    """A source that lists other albums each week has ever more pages."""
    weeks = ("one", "two", "three")

    def weekly(week: str) -> Iterator[Page] | None:
        source = replace(TOY, fetch=lambda crawl, _: TOY.fetch(crawl, Query(genres=(week,))))
        assert scrape(source=source).reasons == ()
        return None

    for week in weeks:
        weekly(week)
    reparse_source(workspace, MENDED)
    current = workspace.scrapes.current("toy")
    assert current is not None
    assert current.totals == {"polka": 5}


def test_a_page_that_could_not_be_read_is_read_with_its_parts(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    """The part that broke it, too: it is no page of its own."""

    def fetch(crawl: Crawl, query: Query) -> Iterator[Page]:
        for page in TOY.fetch(crawl, query):
            part = crawl.get(f"{page.url}/part", POLICY)
            assert part is not None
            yield replace(page, also=(part,), is_new=page.is_new or part.is_new)

    def strict(page: Page) -> Iterator[Album]:
        if b"moods" not in page.also[0].body:
            raise ParseError(expected="moods", got="none", where=page.also[0].url)
        return parse(page)

    source = replace(TOY, fetch=fetch, parse=strict, gate=Gate(broken_pages=0.5))
    for name in ("one", "two", "three"):
        site.pages[f"/{name}/part"] = b"moods"
    site.pages["/two/part"] = b"humours"
    assert scrape(source=source).albums.inserted == 10
    assert (before := reparse_source(workspace, source)).broken == 1
    assert before.pages == 3

    def mended(page: Page) -> Iterator[Album]:
        assert page.also[0].body in (b"moods", b"humours")
        return parse(page)

    source = replace(source, parse=mended)
    assert reparse_source(workspace, source).albums.inserted == 5
    scrape(source=source)  # the part was read, which is now written down
    assert scrape(source=source).run is None
    assert {key[1:] for key in workspace.pages.counts()} == {("stored", "")}

"""Pages in every state that a year brings: gone and back, broken, flipping, in two scopes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from toy_source import HOST, POLICY, TOY, Scrape, ToySite, entry, keys, titles

from albumart.album import Album, CoverStatus
from albumart.collect.load import accept_scrape
from albumart.errors import FetchError, ParseError
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox
from albumart.sources.base import Crawl, Gate, Page, Query
from albumart.stores.workspace import Workspace

ONE, TWO = (f"https://{HOST}/{name}" for name in ("one", "two"))


def shrink(site: ToySite) -> None:
    site.pages.update({"/one": b"", "/two": b""})


def test_an_address_that_comes_back_unchanged_is_stored_again(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    body = site.pages.pop("/one")
    scrape()
    assert workspace.pages.find("toy", ONE).status is CoverStatus.ABSENT
    site.pages["/one"] = body
    scrape()
    found = workspace.pages.find("toy", ONE)
    assert (found.status, found.code, found.staged) == (CoverStatus.STORED, "", None)


def test_all_pages_unavailable_is_an_error_each_time(scrape: Scrape, toy_server: Sandbox) -> None:
    toy_server.faults.add(Fault("status:503", f"/{HOST}/", None))
    for told in ("3 again", "3 unasked"):
        with pytest.raises(FetchError, match=rf"expected pages; got none \({told}\)"):
            scrape()


def test_a_broken_page_stops_the_source_each_time(scrape: Scrape, site: ToySite) -> None:
    """That it broke yesterday too makes it no better."""
    site.pages["/two"] = b"no json"
    for _ in range(3):
        with pytest.raises(ParseError, match="/two, line 1"):
            scrape()


def test_a_broken_page_is_read_by_a_mended_parser_without_a_change(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    site.pages["/two"] = b"no json"
    tolerant = replace(TOY, gate=Gate(broken_pages=0.4))
    scrape(source=tolerant)
    mended = replace(tolerant, parse=lambda page: iter([Album("toy", "99", ())]))
    counts = scrape(source=mended)
    assert (counts.albums.inserted, counts.pages) == (1, {"unchanged": 3})
    found = workspace.pages.find("toy", TWO)
    assert (found.status, found.code) == (CoverStatus.STORED, "")
    assert scrape(source=mended).run is None


def test_where_every_page_is_broken_the_source_is(scrape: Scrape, site: ToySite) -> None:
    site.pages.update(dict.fromkeys(site.pages, b"no json"))
    with pytest.raises(ParseError):
        scrape(source=replace(TOY, gate=Gate(broken_pages=0.4)))


def test_what_a_broken_page_told_before_stands_in_for_it(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    tolerant = replace(TOY, gate=replace(TOY.gate, broken_pages=0.4, shrink=0.1))
    scrape(source=tolerant)
    site.pages["/two"] = b"no json"
    site.write("three", *(entry(n) for n in range(20, 26)))
    counts = scrape(source=tolerant)
    assert (counts.reasons, counts.albums.inserted) == ((), 1)
    assert scrape(source=tolerant).run is None


def test_a_few_broken_pages_at_the_beginning_are_a_share_of_all(
    scrape: Scrape, site: ToySite
) -> None:
    names = tuple(f"p{n:02}" for n in range(40))
    for number, name in enumerate(names):
        site.write(name, entry(number))
    site.pages.update({f"/{name}": b"no json" for name in names[:5]})
    few = replace(TOY, gate=Gate(broken_pages=0.15))
    assert scrape(source=few, query=Query(genres=names)).albums.inserted == 35
    site.pages.update({f"/{name}": b"no json" for name in names[5:9]})
    with pytest.raises(ParseError):
        scrape(source=few, query=Query(genres=names))


def test_a_page_that_flips_between_two_bodies_is_followed(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    for title in ("Other", "Album 0", "Other"):
        site.write("one", entry(0, title=title), *(entry(n) for n in range(1, 5)))
        assert scrape().albums.changed == 1
        assert titles(workspace)["0"] == title
    assert scrape().run is None
    changes = [told["changes"][0]["new"] for told in workspace.albums.history("toy:0")]
    assert changes == ["Other", "Album 0", "Other"]


def test_a_page_of_two_scopes_belongs_to_both(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    part = Query(genres=("one",))
    assert scrape(query=part).pages == {"new": 1}
    assert len(keys(workspace, part.scope("toy"))) == 5
    assert workspace.pages.totals("toy") == {"jazz": 15}
    site.write("one", *(entry(n) for n in range(6)))
    assert scrape().albums.inserted == 1
    assert scrape(query=part).pages == {"new": 1}
    assert len(keys(workspace, part.scope("toy"))) == 6


def test_a_quarantined_scrape_keeps_its_pages_when_another_scope_brings_them(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    shrink(site)
    site.write("three", entry(20, title="Renamed"))
    counts = scrape()
    scrape(query=Query(genres=("three",)))
    assert counts.run
    accept_scrape(workspace, TOY, counts.run)
    assert workspace.pages.totals("toy") == {"jazz": 1}


def test_a_list_that_could_not_be_read_is_asked_for_again(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    """Its fetch reads it, not its parser: a page of links that has none."""

    def listed(crawl: Crawl, query: Query) -> Iterator[Page]:
        listing = crawl.get(f"https://{HOST}/list", POLICY)
        assert listing is not None
        names = listing.body.decode().split()
        if not names:
            raise ParseError(expected="names", got="none", where=f"{listing.url}, line 1")
        yield from TOY.fetch(crawl, Query(genres=tuple(names)))

    source = replace(TOY, fetch=listed)
    site.pages["/list"] = b""
    for _ in range(2):
        with pytest.raises(ParseError):
            scrape(source=source)
        found = workspace.pages.find("toy", f"https://{HOST}/list")
        assert (found.status, found.code) == (CoverStatus.QUARANTINED, "listing")
    site.pages["/list"] = b"one two"
    assert scrape(source=source).albums.inserted == 10


def test_failures_long_ago_do_not_make_the_next_wait_longer(
    scrape: Scrape, workspace: Workspace, site: ToySite, toy_server: Sandbox
) -> None:
    for number in range(4):
        site.write("one", entry(0, title=f"{number}"), *(entry(n) for n in range(1, 5)))
        scrape()
    toy_server.faults.add(Fault("status:503", f"/{HOST}/one", 1))
    scrape()
    found = workspace.pages.find("toy", ONE)
    assert found.next_try is not None
    latest = max(page.fetched for page in (found.version,) if page)
    assert (found.next_try - latest).total_seconds() < 120


def test_a_tag_that_is_no_header_is_not_sent_back(scrape: Scrape, workspace: Workspace) -> None:
    scrape()
    state = workspace.pages.find("toy", ONE)
    assert state.version
    odd = replace(state.version, headers=(("etag", '"a\tb"'),))
    workspace.pages.stage(state, odd)
    workspace.pages.accept(replace(state, staged=odd))
    assert scrape().pages == {"unchanged": 3}


def test_a_list_of_two_scopes_loses_what_leaves_it(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    whole = replace(TOY, lists_all=True)
    site.write("four", entry(0), entry(1))
    part = Query(genres=("four",))
    scrape(source=whole)
    scrape(source=whole, query=part)
    site.write("four", entry(0))
    scrape(source=whole, query=part)
    assert keys(workspace, part.scope("toy")) == ["toy:0"]
    assert len(keys(workspace)) == 15


def test_what_a_stranger_wrote_is_logged_without_its_control_characters(
    scrape: Scrape, site: ToySite, caplog: pytest.LogCaptureFixture
) -> None:
    def hostile(page: Page) -> Iterator[Album]:
        raise ParseError(expected="sense", got="\x1b[31m\nroot: all is well", where="x\r\x9b\u202e")

    tolerant = replace(TOY, parse=hostile, gate=Gate(broken_pages=1.0))
    site.write("one", *(entry(n, genre="a\nb\x1b[1m") for n in range(5)))
    scrape()
    site.pages["/one"] = b""
    assert scrape().reasons
    with pytest.raises(ParseError) as raised:
        scrape(source=tolerant, query=Query(genres=("one", "two")))
    told = [str(raised.value), *caplog.messages]
    assert any("root: all is well" in line for line in told)
    assert all(line.isprintable() for line in told)

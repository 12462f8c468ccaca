"""Scrapes that are kept aside: killed, mended, retried, accepted."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from toy_source import (
    HOST,
    TOY,
    Scrape,
    ToySite,
    bad_titles,
    current_totals,
    entry,
    keys,
    kill,
    parse,
    statuses,
    titles,
)  # fmt: skip

from albumart.album import Album, CoverStatus
from albumart.collect.load import accept_scrape
from albumart.collect.reparse import reparse_source
from albumart.collect.scrape import Options
from albumart.errors import AlbumArtError, ParseError
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox
from albumart.sources.base import Page, Query
from albumart.stores.scrapes import ScrapeStatus
from albumart.stores.workspace import Workspace

ONE = f"https://{HOST}/one"
KILLED = Options(judge=kill)


def shrink(site: ToySite) -> dict[str, bytes]:
    """Two of the three pages tell nothing any more; returns what they told."""
    whole = dict(site.pages)
    site.pages.update({"/one": b"", "/two": b""})
    return whole


def test_killed_in_the_next_fetch_it_is_judged_again_by_the_one_after(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    shrink(site)
    first = scrape()
    site.write("three", entry(20))
    with pytest.raises(KeyboardInterrupt):
        scrape(options=KILLED)
    again = scrape()
    assert again.run == first.run
    assert again.reasons[0] == "all: 1 albums, before 15: shrank by more than 50%"
    assert len(keys(workspace)) == 15
    assert again.run
    accept_scrape(workspace, TOY, again.run)
    assert scrape().run is None


def test_partly_mended_it_holds_what_the_source_tells_now(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    whole = shrink(site)
    first = scrape()
    site.pages["/one"] = whole["/one"]
    site.write("two", entry(10, title="Renamed"))
    counts = scrape()
    assert (counts.run, counts.reasons) == (first.run, ())
    assert titles(workspace)["10"] == "Renamed"
    assert titles(workspace)["0"] == "Album 0"
    assert current_totals(workspace) == {"jazz": 11}
    assert workspace.pages.find("toy", ONE).staged is None


def test_an_outage_does_not_mend_it(
    scrape: Scrape, workspace: Workspace, site: ToySite, toy_server: Sandbox
) -> None:
    """Unavailable is not "as it was": the scrape still waits, with all that it holds."""
    scrape()
    shrink(site)
    first = scrape()
    toy_server.faults.add(Fault("status:503", f"/{HOST}/", None))
    again = scrape()
    assert (again.run, again.reasons) == (first.run, first.reasons)
    assert scrape().reasons == first.reasons  # their next try has not come
    assert first.run
    accept_scrape(workspace, TOY, first.run)
    assert workspace.pages.totals("toy") == {"jazz": 5}
    toy_server.faults.clear()


def test_a_retry_of_its_failures_keeps_all_that_it_holds(
    scrape: Scrape, workspace: Workspace, site: ToySite, toy_server: Sandbox
) -> None:
    scrape()
    site.pages.update({"/one": b"", "/two": b""})
    toy_server.faults.add(Fault("status:503", f"/{HOST}/three", 1))
    first = scrape()
    assert first.reasons
    workspace.pages.reset("toy")
    again = scrape(options=Options(only_failed=True))
    assert (again.run, again.reasons) == (first.run, first.reasons)
    assert toy_server.requests.count(f"/{HOST}/one") == 2
    assert first.run
    assert workspace.scrapes.find(first.run).status is ScrapeStatus.QUARANTINED


def test_a_row_that_is_mended_meanwhile_is_no_longer_set_aside(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    site.write("one", entry(0, title="bad"), entry(1, title="bad"))
    site.pages["/two"] = b""
    assert scrape(options=Options(judge=bad_titles)).reasons
    site.write("one", entry(0, title="good"), entry(1, title="bad"))
    site.write("two", *(entry(n) for n in range(10, 14)))
    tolerant = replace(TOY, gate=replace(TOY.gate, broken_rows=0.5))
    assert scrape(source=tolerant, options=Options(judge=bad_titles)).reasons == ()
    assert titles(workspace)["0"] == "good"
    assert [row["key"] for row in workspace.albums.quarantined()] == ["toy:1"]


def test_what_was_set_aside_stays_so_when_it_is_accepted(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    site.pages.update({"/one": b"", "/two": b""})
    site.write("three", entry(20), entry(30, title="bad"))
    counts = scrape(options=Options(judge=bad_titles))
    # Another part of the source tells the same album, as it should be, and elsewhere badly.
    site.write("four", entry(30))
    assert scrape(query=Query(genres=("four",))).albums.inserted == 1
    site.write("four", entry(30, title="bad"))
    scrape(query=Query(genres=("four",)), options=Options(judge=bad_titles))
    assert counts.run
    accepted = accept_scrape(workspace, TOY, counts.run)
    assert (accepted.quarantined, titles(workspace)["30"]) == (1, "Album 30")
    assert "toy:30" not in keys(workspace)
    assert current_totals(workspace) == {"jazz": 2}
    assert scrape(options=Options(judge=bad_titles)).run is None


def test_accepting_waits_for_a_newer_fetch(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    shrink(site)
    counts = scrape()
    site.write("three", entry(20))
    with pytest.raises(KeyboardInterrupt):
        scrape(options=KILLED)
    assert counts.run
    with pytest.raises(AlbumArtError, match="expected a quarantined scrape; it is fetching"):
        accept_scrape(workspace, TOY, counts.run)


def test_pages_that_are_gone_are_noticed_where_nothing_is_new(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    gone = {path: site.pages.pop(path) for path in ("/one", "/two")}
    counts = scrape()
    assert counts.reasons[0] == "all: 5 albums, before 15: shrank by more than 50%"
    assert counts.run
    assert scrape().run == counts.run
    site.pages.update(gone)
    assert scrape().reasons == ()
    assert statuses(workspace) == ["current", "superseded"]
    site.pages.pop("/one")
    site.pages.pop("/two")
    counts = scrape()
    assert counts.run
    accept_scrape(workspace, TOY, counts.run)
    assert scrape().reasons == ()


def test_a_page_that_a_younger_parser_cannot_read_keeps_nothing_else_waiting(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    """Between the scrape and a person's word, the parser has become stricter."""
    scrape()
    site.pages["/one"] = b""
    site.write("two", entry(10, title="Renamed"))
    site.write("three", entry(20))
    counts = scrape()

    def stricter(page: Page) -> Iterator[Album]:
        if b"Renamed" in page.body:
            raise ParseError(expected="another title", got="Renamed", where=page.url)
        return parse(page)

    assert counts.run
    younger = replace(TOY, parse=stricter)
    assert accept_scrape(workspace, younger, counts.run).unchanged == 1
    two = workspace.pages.find("toy", f"https://{HOST}/two")
    assert (two.status, two.code) == (CoverStatus.QUARANTINED, "parse")
    assert two.version is not None
    assert statuses(workspace) == ["current", "current"]
    reparse_source(workspace, TOY)
    assert titles(workspace)["10"] == "Renamed"

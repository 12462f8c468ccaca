"""Scrapes of a toy source into real stores: incremental, resumable, gated, accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from toy_source import HOST, TOY, Scrape, ToySite, entry

from albumart.album import Album, CoverStatus, Origin
from albumart.collect.load import accept_scrape
from albumart.collect.scrape import Options, collect_albums
from albumart.errors import AlbumArtError, FetchError, NotFound, ParseError, Refused
from albumart.http.client import PoliteClient
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox
from albumart.sources.base import Gate, Query
from albumart.stores.pages import page_key
from albumart.stores.scrapes import ScrapeStatus
from albumart.stores.workspace import Workspace

ONE = f"https://{HOST}/one"


def keys(workspace: Workspace, scope: str = "toy") -> list[str]:
    return [row["album"] for row in workspace.albums.album_rows(scope)]


def test_the_first_scrape_stores_everything_and_keeps_its_pages(
    scrape: Scrape, workspace: Workspace
) -> None:
    counts = scrape()
    assert (counts.albums.inserted, counts.pages, counts.reasons) == (15, {"new": 3}, ())
    assert len(keys(workspace)) == 15
    assert len(list(workspace.objects.keys("pages/toy/"))) == 3
    found = workspace.scrapes.current("toy")
    assert found is not None
    assert (found.run, found.totals) == (counts.run, {"jazz": 15})
    assert workspace.pages.counts("toy") == {("toy", "stored", ""): 3}


def test_an_unchanged_source_is_asked_conditionally_and_nothing_is_written(
    scrape: Scrape, workspace: Workspace, toy_server: Sandbox
) -> None:
    scrape()
    before = (workspace.scrapes.scrapes(), list(workspace.objects.keys("")))
    counts = scrape()
    assert (counts.run, counts.pages) == (None, {"unchanged": 3})
    assert counts.albums.inserted == counts.albums.changed == 0
    assert (workspace.scrapes.scrapes(), list(workspace.objects.keys(""))) == before
    assert [seen.is_conditional for seen in toy_server.requests.all()[-3:]] == [True] * 3


def test_a_change_is_stored_with_its_history(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    site.write("one", entry(0, title="Renamed"), *(entry(n) for n in range(1, 6)))
    counts = scrape()
    assert counts.pages == {"new": 1, "unchanged": 2}
    assert (counts.albums.inserted, counts.albums.changed, counts.albums.unchanged) == (1, 1, 4)
    (told,) = workspace.albums.history("toy:0")
    assert told["changes"] == [{"field": "title", "old": "Album 0", "new": "Renamed"}]
    assert told["scrape"] == counts.run


def test_an_album_in_several_charts_is_one_album_with_several_listings(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    site.write("two", entry(10), entry(0))
    scrape()
    found = {album.key: album for album in workspace.albums.find_albums()}
    assert [(place.chart, place.position) for place in found["toy:0"].listings] == [
        ("one", 1),
        ("two", 2),
    ]
    site.write("two", entry(10), entry(11), entry(0, day="2026-01-02"))
    assert scrape().albums.changed == 0  # a place in a chart is no part of what an album is
    found = {album.key: album for album in workspace.albums.find_albums("toy")}
    assert [(place.position, place.day) for place in found["toy:0"].listings] == [
        (1, "2026-01-01"),
        (3, "2026-01-02"),
    ]
    assert workspace.albums.history("toy:0") == []


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (503, CoverStatus.AGAIN, "http_503"),
        (404, CoverStatus.ABSENT, "http_404"),
        (418, CoverStatus.QUARANTINED, "http_418"),
    ],
)
def test_a_page_that_does_not_come_is_accounted_for_and_the_others_go_on(
    scrape: Scrape, workspace: Workspace, toy_server: Sandbox,
    status: int, outcome: CoverStatus, code: str,
) -> None:  # fmt: skip
    toy_server.faults.add(Fault(f"status:{status}", f"/{HOST}/one", None))
    counts = scrape()
    assert counts.albums.inserted == 10
    state = workspace.pages.find("toy", ONE)
    assert (state.status, state.code) == (outcome, code)
    assert (state.next_try is not None) == (outcome is CoverStatus.AGAIN)


def test_what_is_known_stands_in_for_a_page_that_does_not_come(
    scrape: Scrape, workspace: Workspace, toy_server: Sandbox
) -> None:
    scrape()
    toy_server.faults.add(Fault("status:503", f"/{HOST}/one", None))
    counts = scrape()
    assert (counts.reasons, counts.pages) == ((), {"again": 1, "unchanged": 2})
    asked = toy_server.requests.count(f"/{HOST}/one")
    assert scrape().pages == {"unasked": 1, "unchanged": 2}  # its next try has not come
    assert toy_server.requests.count(f"/{HOST}/one") == asked


def test_a_host_that_refuses_us_ends_the_scrape_and_a_later_one_goes_on(
    scrape: Scrape, workspace: Workspace, toy_server: Sandbox
) -> None:
    toy_server.faults.add(Fault("status:403", f"/{HOST}/two", None))
    with pytest.raises(Refused):
        scrape()
    assert keys(workspace) == []
    assert workspace.pages.find("toy", f"https://{HOST}/two").status is CoverStatus.REFUSED


def test_a_killed_scrape_asks_for_nothing_twice(
    scrape: Scrape, workspace: Workspace, toy_server: Sandbox
) -> None:
    def killed(_: Sequence[Album]) -> Mapping[str, str]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scrape(options=Options(judge=killed))
    unfinished = workspace.scrapes.unfinished("toy")
    assert unfinished is not None
    asked = toy_server.requests.count(f"/{HOST}/")
    counts = scrape()
    assert (counts.pages, counts.albums.inserted) == ({"resumed": 3}, 15)
    assert counts.run == unfinished.run
    assert toy_server.requests.count(f"/{HOST}/") == asked


def test_a_scrape_killed_while_its_albums_are_stored_is_finished_first(
    scrape: Scrape, workspace: Workspace
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "albumart.stores.metadata.AlbumStore.upsert_albums", lambda *_: next(iter(()))
        )
        with pytest.raises(StopIteration):
            scrape()
    assert keys(workspace) == []
    counts = scrape()
    assert (counts.albums.inserted, counts.pages) == (15, {"unchanged": 3})


def test_a_source_that_shrinks_is_quarantined_until_somebody_accepts_it(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    for name in ("one", "two"):
        site.pages[f"/{name}"] = b""
    counts = scrape()
    assert counts.reasons == (
        "all: 5 albums, before 15: shrank by more than 50%",
        "jazz: 5 albums, before 15: shrank by more than 50%",
    )
    assert len(keys(workspace)) == 15
    assert counts.run
    again = scrape()
    assert (again.run, again.reasons) == (counts.run, counts.reasons)  # and it stays one
    accept_scrape(workspace, TOY, counts.run)
    current = workspace.scrapes.current("toy")
    assert current is not None
    assert current.totals == {"jazz": 5}
    assert scrape().run is None
    with pytest.raises(AlbumArtError, match="expected a quarantined scrape; it is current"):
        accept_scrape(workspace, TOY, counts.run)


def test_a_source_that_mends_itself_supersedes_its_quarantined_scrape(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    whole = dict(site.pages)
    site.pages.update({"/one": b"", "/two": b""})
    quarantined = scrape()
    site.pages = whole
    assert scrape().pages == {"unchanged": 3}
    assert quarantined.run
    assert workspace.scrapes.find(quarantined.run).status is ScrapeStatus.SUPERSEDED
    assert scrape().run is None


def test_one_genre_that_vanishes_is_noticed(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    site.write("two", *(entry(n, "polka") for n in range(10, 15)))
    scrape()
    site.write("two", *(entry(n) for n in range(10, 15)))
    assert scrape().reasons == ("polka: 0 albums, before 5: shrank by more than 50%",)


def test_a_live_source_has_a_least_number_of_albums(
    toy_client: PoliteClient, workspace: Workspace, site: ToySite
) -> None:
    live = replace(workspace, origin=Origin.LIVE)
    demanding = replace(TOY, gate=replace(TOY.gate, min_albums=100))
    counts = collect_albums(toy_client, live, demanding, Query())
    assert counts.reasons == ("all: 15 albums, before 0: expected 100 albums or more",)
    part = collect_albums(toy_client, live, demanding, Query(genres=("one",)))
    assert part.reasons == ()  # nobody knows how many a part has
    assert counts.run
    accept_scrape(live, demanding, counts.run)
    site.write("one", *(entry(n) for n in range(6)))
    assert collect_albums(toy_client, live, demanding, Query()).reasons == ()  # as a person said
    assert collect_albums(toy_client, live, demanding, Query()).run is None


def test_rows_that_fail_are_set_aside_with_their_reason(
    scrape: Scrape, workspace: Workspace
) -> None:
    def judge(albums: Sequence[Album]) -> Mapping[str, str]:
        return {"toy:3": "title_required"} if any(a.source_id == "3" for a in albums) else {}

    counts = scrape(options=Options(judge=judge))
    assert (counts.albums.inserted, counts.albums.quarantined) == (14, 1)
    (row,) = workspace.albums.quarantined()
    assert (row["key"], row["reason"], row["page"]) == ("toy:3", "title_required", ONE)
    assert row["album"]["title"] == "Album 3"
    assert "toy:3" not in keys(workspace)


def test_too_many_failing_rows_quarantine_the_whole(scrape: Scrape, workspace: Workspace) -> None:
    judge = Options(judge=lambda albums: {album.key: "bad_id" for album in albums[:4]})
    (reason,) = scrape(options=judge).reasons
    assert reason == "4 of 15 albums break a critical expectation: bad_id 4"
    assert keys(workspace) == []


def test_what_the_database_refuses_is_set_aside_and_the_rest_is_stored(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    site.write("one", entry(0, title="x" * 2_000), entry(1))
    counts = scrape()
    assert (counts.albums.inserted, counts.albums.quarantined) == (11, 1)
    (row,) = workspace.albums.quarantined("toy")
    assert (row["key"], row["reason"]) == ("toy:0", "validator")
    site.write("one", entry(0), entry(1))
    assert scrape().albums.inserted == 1
    assert list(workspace.albums.quarantined()) == []


def test_a_broken_page_stops_the_source_and_names_the_kept_copy(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    site.pages["/two"] = b'{"id": "1"}'
    with pytest.raises(ParseError, match=rf"{HOST}/two, line 1 \(page kept as pages/toy/[0-9a-f]"):
        scrape()
    assert keys(workspace) == []
    state = workspace.pages.find("toy", f"https://{HOST}/two")
    assert (state.status, state.code) == (CoverStatus.QUARANTINED, "parse")
    assert state.staged
    assert workspace.objects.exists(page_key("toy", state.staged.sha256))
    site.write("two", entry(10))
    assert scrape().albums.inserted == 11


def test_a_tolerant_source_sets_broken_pages_aside(scrape: Scrape, site: ToySite) -> None:
    site.pages["/two"] = b"no json"
    tolerant = replace(TOY, gate=Gate(broken_pages=0.4))
    assert scrape(source=tolerant).albums.inserted == 10
    assert scrape(source=tolerant).run is None  # the broken page did not change: no news


def test_no_page_at_all_is_an_error(scrape: Scrape, toy_server: Sandbox) -> None:
    toy_server.faults.add(Fault("status:404", f"/{HOST}/", None))
    with pytest.raises(NotFound, match=r"toy: expected pages; got none \(3 absent\)"):
        scrape()
    toy_server.faults.clear()
    toy_server.faults.add(Fault("status:503", f"/{HOST}/", None))
    with pytest.raises(FetchError, match=r"got none \(3 again\)"):
        scrape()


def test_what_a_page_that_lists_all_tells_no_longer_has_left(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    whole = replace(TOY, lists_all=True)
    scrape(source=whole)
    site.write("one", entry(0), entry(1), entry(2), entry(3))
    scrape(source=whole)
    assert "toy:4" not in keys(workspace)
    assert len(keys(workspace)) == 14
    site.write("one", *(entry(n) for n in range(5)))
    scrape(source=whole)
    assert "toy:4" in keys(workspace)

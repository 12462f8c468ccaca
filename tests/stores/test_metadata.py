"""Albums in a real MongoDB: upserts, what is due, and what the validator refuses."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.collection import Collection

from albumart.album import Album, Cover, CoverResult, CoverStatus, Origin
from albumart.endpoints import Endpoints
from albumart.stores.changes import Told, UpsertCounts
from albumart.stores.metadata import AlbumStore
from albumart.stores.mongodb import connect
from albumart.stores.workspace import Workspace


def album(number: int, genre: str = "jazz", **fields: object) -> Album:
    return Album("bandcamp", str(number), (f"http://x.test/{number}.jpg",), (genre,), **fields)  # type: ignore[arg-type]


def cover(number: int) -> Cover:
    return Cover(f"{number:064x}", f"{number:064x}", f"{number:016x}", 350, 350, "JPEG", 1000)


def stored(number: int) -> CoverResult:
    url = f"http://x.test/{number}.jpg"
    return CoverResult(f"bandcamp:{number}", CoverStatus.STORED, url=url, cover=cover(number))


@pytest.fixture
def albums(workspace: Workspace) -> AlbumStore:
    return workspace.albums


def test_upserts_are_idempotent_and_say_what_they_did(albums: AlbumStore) -> None:
    batch = [album(1), album(2), album(3)]
    assert albums.upsert_albums(batch) == UpsertCounts(inserted=3)
    assert albums.upsert_albums(batch) == UpsertCounts(unchanged=3)
    changed = [album(1, "metal"), album(2), album(4)]
    assert albums.upsert_albums(changed) == UpsertCounts(inserted=1, changed=1, unchanged=1)
    assert UpsertCounts(1, 2, 3) + UpsertCounts(1, 1, 1) == UpsertCounts(2, 3, 4)


def test_a_changed_album_keeps_its_cover(albums: AlbumStore) -> None:
    albums.upsert_albums([album(1)])
    albums.record_covers([stored(1)])
    albums.upsert_albums([album(1, "metal")])
    (row,) = albums.rows("bandcamp")
    assert row["genres"] == ("metal",)
    assert row["cover_sha256"] == cover(1).sha256


def test_a_cover_that_moved_is_asked_for_anew(albums: AlbumStore) -> None:
    albums.upsert_albums([album(1), album(2)])
    albums.record_covers([stored(1), CoverResult("bandcamp:2", CoverStatus.ABSENT, "http_404")])
    moved = Album("bandcamp", "2", ("http://x.test/elsewhere.jpg",), ("jazz",))
    albums.upsert_albums([album(1), moved])
    assert albums.due_ranges("bandcamp") == [("bandcamp:2", "bandcamp:2")]


def test_a_late_failure_does_not_undo_a_stored_cover(albums: AlbumStore) -> None:
    albums.upsert_albums([album(1)])
    albums.record_covers([stored(1)])
    albums.record_covers([CoverResult("bandcamp:1", CoverStatus.AGAIN, "timeout")])
    assert albums.cover_counts()["stored"] == 1


def test_origins_are_kept_apart(workspace: Workspace) -> None:
    made = workspace.every_origin[Origin.RECORDED]
    made.upsert_albums([album(1)])
    made.record_covers([CoverResult("bandcamp:1", CoverStatus.ABSENT, "http_404")])
    workspace.albums.upsert_albums([album(1)])
    assert workspace.albums.due_ranges("bandcamp") == [("bandcamp:1", "bandcamp:1")]
    assert workspace.every_origin[Origin.LIVE].sources() == []


def test_every_album_has_exactly_one_status(albums: AlbumStore) -> None:
    albums.upsert_albums([album(number) for number in range(4)])
    albums.record_covers(
        [
            stored(0),
            CoverResult("bandcamp:1", CoverStatus.ABSENT, "http_404"),
            CoverResult("bandcamp:2", CoverStatus.AGAIN, "timeout"),
        ]
    )
    counts = albums.cover_counts("bandcamp")
    assert counts == {
        "pending": 1, "stored": 1, "absent": 1, "refused": 0, "quarantined": 0, "again": 1,
    }  # fmt: skip
    assert albums.code_counts() == {"http_404": 1, "timeout": 1}
    assert albums.sources() == ["bandcamp"]


def test_failed_covers_wait_longer_each_time(albums: AlbumStore, own_endpoints: Endpoints) -> None:
    albums.upsert_albums([album(1)])
    waits = []
    for _ in range(3):
        albums.record_covers([CoverResult("bandcamp:1", CoverStatus.AGAIN, "timeout")])
        waits.append(next_try(own_endpoints) - datetime.now(UTC))
    minutes = [round(wait / timedelta(minutes=1)) for wait in waits]
    assert minutes == [1, 10, 60]
    assert albums.due_ranges("bandcamp") == []


def test_a_sources_own_wish_to_wait_is_honoured(
    albums: AlbumStore, own_endpoints: Endpoints
) -> None:
    albums.upsert_albums([album(1)])
    wish = CoverResult("bandcamp:1", CoverStatus.AGAIN, "http_429", retry_after=7200)
    albums.record_covers([wish])
    wait = next_try(own_endpoints) - datetime.now(UTC)
    assert timedelta(minutes=115) < wait <= timedelta(minutes=120)


def next_try(endpoints: Endpoints) -> datetime:
    with connect(endpoints.mongodb_uri) as client:
        document = client[endpoints.mongodb_database]["albums_sandbox"].find_one(
            {"_id": "bandcamp:1"}
        )
    assert document is not None
    due = document["cover"]["next_try"]
    assert isinstance(due, datetime)
    return due


def test_a_year_that_no_calendar_has_is_not_waited_for(
    albums: AlbumStore, own_endpoints: Endpoints
) -> None:
    albums.upsert_albums([album(1)])
    wish = CoverResult("bandcamp:1", CoverStatus.AGAIN, "http_503", retry_after=9.9e11)
    albums.record_covers([wish])
    assert next_try(own_endpoints) - datetime.now(UTC) < timedelta(days=8)
    assert len(list(albums.album_rows("bandcamp"))) == 1


def test_due_albums_come_in_ranges(albums: AlbumStore) -> None:
    albums.upsert_albums([album(number) for number in range(10, 35)])
    albums.record_covers([stored(11)])
    ranges = albums.due_ranges("bandcamp", size=10)
    assert ranges == [
        ("bandcamp:10", "bandcamp:20"), ("bandcamp:21", "bandcamp:30"),
        ("bandcamp:31", "bandcamp:34"),
    ]  # fmt: skip
    due = [found.source_id for found in albums.due_albums("bandcamp", ranges[0])]
    assert due == ["10", *map(str, range(12, 21))]


def test_retry_makes_failures_due_again_by_code(albums: AlbumStore) -> None:
    albums.upsert_albums([album(number) for number in range(3)])
    albums.record_covers(
        [
            CoverResult("bandcamp:0", CoverStatus.AGAIN, "timeout"),
            CoverResult("bandcamp:1", CoverStatus.QUARANTINED, "not_an_image"),
            CoverResult("bandcamp:2", CoverStatus.ABSENT, "http_404"),
        ]
    )
    assert albums.reset_covers("bandcamp", code="timeout") == 1
    assert albums.due_ranges("bandcamp", only_failed=True) == [("bandcamp:0", "bandcamp:0")]
    assert albums.reset_covers() == 2
    assert albums.cover_counts()["again"] == 2
    assert albums.due_ranges("bandcamp", only_failed=True, code="timeout") == [
        ("bandcamp:0", "bandcamp:0")
    ]
    assert albums.cover_counts()["absent"] == 1
    assert albums.reset_covers(code="http_404") == 1


def test_a_limit_is_the_same_fair_sample_each_time(albums: AlbumStore) -> None:
    albums.upsert_albums([album(number) for number in range(100)])
    albums.record_covers([stored(number) for number in range(100)])
    few = [row["album"] for row in albums.rows("bandcamp", limit=10)]
    more = [row["album"] for row in albums.rows("bandcamp", limit=20)]
    assert len(few) == 10
    assert set(few) < set(more)
    assert few != [f"bandcamp:{number}" for number in range(10)]
    assert albums.cover_counts("bandcamp", limit=10)["stored"] == 10
    assert len(list(albums.rows("bandcamp", limit=1000))) == 100


def test_the_validator_refuses_what_is_no_album_and_stores_the_rest(albums: AlbumStore) -> None:
    counts = albums.upsert_albums([album(1), album(2, year=99999), album(3)])
    assert (counts.inserted, counts.quarantined) == (2, 1)
    assert albums.cover_counts("bandcamp")["pending"] == 2
    (aside,) = albums.quarantined("bandcamp")
    assert (aside["key"], aside["reason"], aside["album"]["year"]) == (
        "bandcamp:2",
        "validator",
        "99999",
    )


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"tags": ("word",) * 200_000}, "too_large"),
        ({"tag_votes": (2**70,), "tags": ("a",)}, "no_document"),
        ({"tag_votes": (2**40,), "tags": ("a",)}, "validator"),
        ({"title": "\ud800"}, "no_document"),
        ({"rating": 11}, "validator"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_what_is_no_document_keeps_nothing_else_from_being_stored(
    albums: AlbumStore, odd: dict[str, object], reason: str
) -> None:
    albums.upsert_albums([album(1)])
    for _ in range(2):
        counts = albums.upsert_albums([album(1, **odd), album(2)])  # type: ignore[arg-type]
        assert counts.quarantined == 1
        assert [row["reason"] for row in albums.quarantined()] == [reason]
    assert len(list(albums.find_albums())) == 2
    assert albums.history("bandcamp:1") == []


def test_a_change_that_is_written_twice_has_one_entry(albums: AlbumStore) -> None:
    albums.upsert_albums([album(1)])
    told = Told("bandcamp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pymongo.collection.Collection.bulk_write", after_the_history)
        with pytest.raises(ZeroDivisionError):
            albums.upsert_albums([album(1, "metal")], told)
    assert albums.upsert_albums([album(1, "metal")], told).changed == 1
    (entry,) = albums.history("bandcamp:1")
    assert entry["changes"] == [{"field": "genres", "old": ["jazz"], "new": ["metal"]}]


WRITE = Collection.bulk_write


def after_the_history(collection: Collection[Any], *args: Any, **kwargs: Any) -> object:
    if not collection.name.startswith("album_history"):
        raise ZeroDivisionError
    return WRITE(collection, *args, **kwargs)


def test_an_older_page_does_not_overwrite_a_newer_one(albums: AlbumStore) -> None:
    now = datetime.now(UTC)
    old, new = Told("bandcamp", at=now - timedelta(days=1)), Told("bandcamp", at=now)
    albums.upsert_albums([album(1, title="first")], old)
    albums.upsert_albums([album(1, title="second")], new)
    assert albums.upsert_albums([album(1, title="mended")], old) == UpsertCounts(unchanged=1)
    (row,) = albums.album_rows("bandcamp")
    assert row["title"] == "second"
    (entry,) = albums.history("bandcamp:1")
    assert entry["changes"] == [{"field": "title", "old": "first", "new": "second"}]


def test_an_album_belongs_to_every_scope_that_told_of_it(albums: AlbumStore) -> None:
    albums.upsert_albums([album(1)])
    albums.upsert_albums([album(1), album(2)], Told("bandcamp?url=mine.tsv", page="mine.tsv"))
    assert albums.scopes() == ["bandcamp", "bandcamp?url=mine.tsv"]
    assert albums.cover_counts("bandcamp")["pending"] == 1
    assert albums.cover_counts("bandcamp?url=mine.tsv")["pending"] == 2


def test_an_album_of_two_scopes_comes_once(albums: AlbumStore) -> None:
    scopes = ("bandcamp", "bandcamp?url=mine.tsv")
    albums.upsert_albums([album(number) for number in range(20)])
    albums.upsert_albums([album(number) for number in range(15, 40)], Told(scopes[1]))
    albums.upsert_albums([album(99)], Told("bandcamp?url=another.tsv"))
    albums.record_covers([stored(number) for number in (*range(40), 99)])
    keys = sorted(f"bandcamp:{number}" for number in range(40))
    assert [row["album"] for row in albums.rows(*scopes)] == keys
    assert [row["album"] for row in albums.album_rows(*scopes)] == keys
    assert albums.cover_counts(*scopes)["stored"] == 40
    assert albums.cover_counts()["stored"] == 41
    assert albums.cover_counts(limit=10)["stored"] == 10
    few = [{row["album"] for row in albums.rows(scope, limit=10)} for scope in scopes]
    both = [row["album"] for row in albums.rows(*scopes, limit=10)]
    assert both == sorted(few[0] | few[1])
    assert albums.cover_counts(*scopes, limit=10)["stored"] == len(both)


@pytest.mark.parametrize("limit", [None, 2])
def test_several_scopes_are_found_by_an_index(
    albums: AlbumStore, own_endpoints: Endpoints, limit: int | None
) -> None:
    for scope in ("bandcamp", "bandcamp?url=mine.tsv"):
        albums.upsert_albums([album(number) for number in range(5)], Told(scope))
    wanted = albums._within(["bandcamp", "bandcamp?url=mine.tsv"], limit)
    with connect(own_endpoints.mongodb_uri) as client:
        collection = client[own_endpoints.mongodb_database]["albums_sandbox"]
        plan = collection.find(wanted | {"cover.status": "stored"}).explain()
    stages = set(_stages(plan["queryPlanner"]["winningPlan"]))
    assert "IXSCAN" in stages
    assert "COLLSCAN" not in stages


def _stages(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["stage"]
    inner = [plan.get(name) for name in ("queryPlan", "inputStage")]
    for each in [*filter(None, inner), *plan.get("inputStages", [])]:
        yield from _stages(each)


def test_rows_tell_who_made_an_album_and_which_release_group_it_is(albums: AlbumStore) -> None:
    mbid = "12345678-1234-4123-8123-123456789abc"
    told = [album(1, artist_id="7"), Album("musicbrainz", mbid, ("http://x.test/2.jpg",))]
    for each in told:
        albums.upsert_albums([each])
        albums.record_covers(
            [CoverResult(each.key, CoverStatus.STORED, url="http://x.test", cover=cover(1))]
        )
    first, second = albums.rows("bandcamp", "musicbrainz")
    assert (first["artist_id"], first["mbid"]) == ("7", None)
    assert (second["artist_id"], second["mbid"]) == (None, mbid)


def test_hostile_text_is_only_text(albums: AlbumStore) -> None:
    albums.upsert_albums([album(1, title='{"$gt": ""}', artist="$where.x")])
    (row,) = albums.album_rows("bandcamp")
    assert (row["title"], row["artist"]) == ('{"$gt": ""}', "$where.x")

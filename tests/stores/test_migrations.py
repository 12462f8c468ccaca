"""Documents of older shapes, brought to this one's on a real MongoDB."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from albumart.album import Album, CoverStatus, Origin
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.stores import migrations
from albumart.stores.changes import UpsertCounts
from albumart.stores.labels import open_corrections
from albumart.stores.migrations import (
    BASELINE,
    MIGRATIONS,
    SCHEMA_VERSION,
    check_schema,
    schema_version,
    upgrade,
)
from albumart.stores.mongodb import connect
from albumart.stores.workspace import Workspace, open_workspace

WHEN = datetime(2026, 11, 1, tzinfo=UTC)
WORDS, TEXTS = ("genres", "tags", "moods"), ("title", "artist", "page_url")
# As the first version wrote an album, and what its validator asked of one.
OLD_SCHEMA = {
    "bsonType": "object",
    "required": ["_id", "album", "digest", "order", "cover", "first_seen"],
    "properties": {
        "album": {
            "bsonType": "object",
            "required": ["source", "source_id", "cover_urls", "genres"],
            "additionalProperties": False,
            "properties": {
                **{name: {"bsonType": "array"} for name in ("cover_urls", *WORDS)},
                **{name: {"bsonType": "string"} for name in ("source", "source_id")},
                **{name: {"bsonType": ["string", "null"]} for name in TEXTS},
                "year": {"bsonType": ["int", "null"]},
            },
        }
    },
}


def old_album(number: int) -> dict[str, Any]:
    return {
        "_id": f"bandcamp:{number}",
        "album": {
            "source": "bandcamp",
            "source_id": str(number),
            "cover_urls": [f"http://x.test/{number}.jpg"],
            "genres": ["jazz"] if number % 2 else [],
            "tags": [],
            "moods": [],
            "title": f"T{number}",
            "artist": None,
            "year": None,
            "page_url": f"http://x.test/{number}",
        },
        "digest": "0" * 64,
        "order": f"{number:064}",
        "cover": {"status": "pending", "attempts": 0, "next_try": None},
        "first_seen": WHEN,
    }


def old_version(number: int, scrape: str = "s1") -> dict[str, Any]:
    told = {"sha256": f"{number:064x}", "fetched": WHEN, "scrape": scrape, "headers": []}
    return told | {"also": [], "albums": [["jazz", 3]]}


@pytest.fixture
def database(own_endpoints: Endpoints) -> Iterator[Database[dict[str, Any]]]:
    with connect(own_endpoints.mongodb_uri) as client:
        yield client[own_endpoints.mongodb_database]


@pytest.fixture
def old(database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """Stores as the first version left them."""
    albums = database.create_collection("albums_sandbox", validator={"$jsonSchema": OLD_SCHEMA})
    albums.create_index([("album.source", 1), ("album.source_id", 1)], unique=True)
    albums.create_index([("album.source", 1), ("order", 1)])
    albums.insert_many([old_album(n) for n in range(5)])
    return database


def opened(endpoints: Endpoints, folder: Path) -> Any:
    return open_workspace(endpoints, folder, Origin.SANDBOX)


def test_new_stores_are_of_this_shape(
    workspace: Workspace, database: Database[dict[str, Any]]
) -> None:
    assert schema_version(database) == SCHEMA_VERSION
    assert upgrade(database) == []


def test_the_steps_have_each_number_once_and_in_order() -> None:
    assert [step.number for step in MIGRATIONS] == list(range(BASELINE + 1, SCHEMA_VERSION + 1))


def test_older_stores_are_left_alone_until_they_are_upgraded(
    old: Database[dict[str, Any]], own_endpoints: Endpoints, tmp_path: Path
) -> None:
    refused = pytest.raises(PlatformError, match="got shape 1.*albumart upgrade")
    with refused, opened(own_endpoints, tmp_path):
        pass
    with pytest.raises(PlatformError, match="albumart upgrade"), open_corrections(own_endpoints):
        pass
    assert old.list_collection_names() == ["albums_sandbox"]
    assert [step.number for step in upgrade(old)] == [2, 3]
    with opened(own_endpoints, tmp_path) as workspace:
        assert workspace.albums.cover_counts("bandcamp")["pending"] == 5


def test_stores_of_a_newer_version_are_refused(
    workspace: Workspace, database: Database[dict[str, Any]]
) -> None:
    database.meta.update_one({"_id": "schema"}, {"$set": {"version": SCHEMA_VERSION + 1}})
    for act in (check_schema, upgrade):
        with pytest.raises(PlatformError, match="of a newer albumart"):
            act(database)
    database.meta.update_one({"_id": "schema"}, {"$set": {"version": "four"}})
    with pytest.raises(PlatformError, match="expected a number"):
        check_schema(database)


def test_upgraded_albums_are_those_that_this_version_writes(
    old: Database[dict[str, Any]], own_endpoints: Endpoints, tmp_path: Path
) -> None:
    upgrade(old)
    names = {"album.source_1_order_1"}
    assert names.isdisjoint(old.albums_sandbox.index_information())
    albums = [
        Album(
            "bandcamp", str(n), (f"http://x.test/{n}.jpg",), ("jazz",) if n % 2 else (),
            title=f"T{n}", page_url=f"http://x.test/{n}",
        )
        for n in range(5)
    ]  # fmt: skip
    with opened(own_endpoints, tmp_path) as workspace:
        assert workspace.albums.upsert_albums(albums) == UpsertCounts(unchanged=5)
        assert list(workspace.albums.find_albums()) == albums
        assert list(old.album_history_sandbox.find()) == []


def test_a_killed_step_goes_on_where_it_was(
    old: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = migrations._batches

    def killed(found: Any) -> Any:
        yield next(batches(found))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_BATCH", 2)
        patch.setattr(migrations, "_batches", killed)
        with pytest.raises(KeyboardInterrupt):
            upgrade(old)
    assert schema_version(old) == BASELINE
    assert old.albums_sandbox.count_documents({"scopes": {"$exists": True}}) == 2
    first = old.albums_sandbox.find_one({"_id": "bandcamp:0"})
    upgrade(old)
    assert old.albums_sandbox.count_documents({"scopes": ["bandcamp"]}) == 5
    assert old.albums_sandbox.find_one({"_id": "bandcamp:0"}) == first


def test_pages_stand_by_scope(
    old: Database[dict[str, Any]], own_endpoints: Endpoints, tmp_path: Path
) -> None:
    url, scope = "http://x.test/list", "bandcamp?genres=jazz"
    place = {"source": "bandcamp", "url": url, "scope": scope}
    state = {"status": "stored", "code": "", "tried": WHEN, "next_try": None, "attempts": 1}
    old.pages_sandbox.insert_one(
        {"_id": f"bandcamp {url}", **place, **state, "version": old_version(1)}
    )
    old.page_versions_sandbox.insert_one({"_id": f"bandcamp {url} s1", **place, **old_version(1)})
    upgrade(old)
    with opened(own_endpoints, tmp_path) as workspace:
        found = workspace.pages.find(scope, url)
        assert found.status is CoverStatus.STORED
        assert found.version is not None
        assert found.version.part_of == ""
        assert [each.version for each in workspace.pages.versions("bandcamp")] == [found.version]
        workspace.pages.accept(found.__class__(scope, url, staged=found.version))
    assert old.pages_sandbox.count_documents({}) == 1
    assert old.page_versions_sandbox.count_documents({}) == 1


def test_what_was_set_aside_keeps_its_key_and_can_be_taken_back(
    old: Database[dict[str, Any]], own_endpoints: Endpoints, tmp_path: Path
) -> None:
    told = {"scope": "bandcamp", "page": "http://x.test/list", "scrape": "s1", "at": WHEN}
    row = {"_id": "bandcamp:9", "album": {"source": "bandcamp"}, "reason": "validator", **told}
    old.quarantine_sandbox.insert_one(row)
    upgrade(old)
    upgraded = old.quarantine_sandbox.find_one()
    upgrade(old)
    old.meta.delete_one({"_id": "schema"})
    upgrade(old)  # from the first step on: each may be taken again
    assert old.quarantine_sandbox.find_one() == upgraded
    with opened(own_endpoints, tmp_path) as workspace:
        assert workspace.albums.quarantine.keys(["bandcamp:9"], scrape="s1") == {"bandcamp:9"}


def test_of_the_unfinished_scrapes_of_a_scope_the_newest_is_open(
    old: Database[dict[str, Any]], own_endpoints: Endpoints, tmp_path: Path
) -> None:
    def scrape(day: int, status: str, scope: str = "bandcamp") -> dict[str, Any]:
        at = WHEN.replace(day=day)
        told = {"_id": f"{scope}-{day}", "source": "bandcamp", "scope": scope, "status": status}
        return told | {
            "started": at, "asked_since": at, "totals": [], "reasons": [], "finished": None,
        }  # fmt: skip

    old.scrapes_sandbox.insert_many(
        [
            scrape(1, "fetching"),
            scrape(2, "quarantined"),
            scrape(3, "current"),
            scrape(4, "loading", "x"),
        ]
    )
    upgrade(old)
    found = {each["_id"] for each in old.scrapes_sandbox.find({"open": {"$exists": True}})}
    assert found == {"bandcamp-2", "x-4"}
    with opened(own_endpoints, tmp_path) as workspace:
        assert workspace.scrapes.begin("bandcamp", "bandcamp").run == "bandcamp-2"

"""Corrections in a real MongoDB: append-only, the latest wins, and the albums stay as told."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from pymongo.errors import BulkWriteError

from albumart.album import Album, Origin
from albumart.endpoints import Endpoints
from albumart.errors import NotFound, PlatformError
from albumart.stores import labels
from albumart.stores.labels import (
    Correction,
    CorrectionStore,
    LabelField,
    Wanted,
    latest_corrections,
    open_corrections,
)
from albumart.stores.mongodb import connect
from albumart.stores.workspace import Workspace

GENRES, MOODS = LabelField.GENRES, LabelField.MOODS


@pytest.fixture
def store(own_endpoints: Endpoints, workspace: Workspace) -> Iterator[CorrectionStore]:
    """Corrections beside three albums that the sandbox told."""
    albums = [
        Album("bandcamp", str(number), (), ("jazz",), moods=("Sad",) if number == 2 else ())
        for number in (1, 2, 3)
    ]
    workspace.albums.upsert_albums(albums)
    with open_corrections(own_endpoints, Origin.SANDBOX) as opened:
        yield opened


def genres(number: int, *words: str, why: str = "") -> Wanted:
    return Wanted(f"bandcamp:{number}", GENRES, words, why)


def withdrawn(number: int, field: LabelField = GENRES) -> Wanted:
    return Wanted(f"bandcamp:{number}", field, None)


def test_a_correction_says_who_when_why_and_what_was_told(store: CorrectionStore) -> None:
    before = datetime.now(UTC)
    (entry,) = store.append([genres(1, "metal", "folk", why="I was there")], who="me")
    assert entry == Correction(
        "bandcamp:1", GENRES, ("jazz",), ("metal", "folk"), "me", entry.when, "I was there"
    )
    assert abs((entry.when - before).total_seconds()) < 10
    assert store.in_force() == store.history() == [entry]


def test_the_latest_wins_and_nothing_is_forgotten(store: CorrectionStore) -> None:
    for words in (("metal",), ("folk",), ("metal",)):
        store.append([genres(1, *words)], who="me")
    (entry,) = store.in_force()
    assert entry.new == ("metal",)
    assert [each.new for each in store.history("bandcamp:1")] == [("metal",), ("folk",), ("metal",)]


def test_saying_it_again_writes_nothing(store: CorrectionStore) -> None:
    batch = [genres(1, "metal"), genres(2, "folk")]
    assert len(store.append(batch, who="me")) == 2
    assert store.append(batch, who="you") == []
    assert len(store.append([genres(1, "metal"), genres(2, "metal")], who="you")) == 1
    assert len(store.history()) == 3
    # Of one album said twice in a batch, the later word counts.
    store.append([genres(3, "folk"), genres(3, "punk"), genres(3, "punk")], who="me")
    assert [each.new for each in store.history("bandcamp:3")] == [("folk",), ("punk",)]


def test_what_is_withdrawn_is_no_longer_in_force(store: CorrectionStore) -> None:
    assert store.append([withdrawn(1)], who="me") == []
    store.append([genres(1, "metal"), Wanted("bandcamp:1", MOODS, ("Sad",))], who="me")
    (entry,) = store.append([withdrawn(1)], who="me")
    assert (entry.new, entry.old) == (None, ("jazz",))
    assert [each.field for each in store.in_force("bandcamp:1")] == [MOODS]
    assert store.append([withdrawn(1)], who="me") == []
    assert len(store.history()) == 3


def test_the_album_keeps_what_its_source_told(store: CorrectionStore, workspace: Workspace) -> None:
    before = list(workspace.albums.album_rows("bandcamp"))
    store.append([genres(1, "metal")], who="me")
    assert list(workspace.albums.album_rows("bandcamp")) == before
    assert store.told(["bandcamp:1", "bandcamp:2", "bandcamp:9"]) == {
        "bandcamp:1": {GENRES: ("jazz",), MOODS: ()},
        "bandcamp:2": {GENRES: ("jazz",), MOODS: ("Sad",)},
    }


def test_an_unknown_album_is_not_found_and_nothing_is_written(store: CorrectionStore) -> None:
    unknown = [genres(number, "metal") for number in range(10, 17)]
    with pytest.raises(NotFound, match="there is no 'bandcamp:10', .*'bandcamp:14' and 2 more"):
        store.append([genres(1, "metal"), *unknown], who="me")
    with pytest.raises(NotFound, match="there is no 'bandcamp:9';"):
        store.append([genres(9, "metal")], who="me")
    assert store.history() == []


def test_origins_have_corrections_of_their_own(
    store: CorrectionStore, own_endpoints: Endpoints
) -> None:
    store.append([genres(1, "metal")], who="me")
    with open_corrections(own_endpoints) as live:
        assert live.history() == []
        with pytest.raises(NotFound):
            live.append([genres(1, "metal")], who="me")


def test_many_albums_are_asked_for_in_batches(
    store: CorrectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "_BATCH", 2)
    batch = [genres(number, "metal") for number in (1, 2, 3)]
    assert len(store.append(batch, who="me")) == 3
    assert store.append(batch, who="me") == []


def test_writers_at_once_lose_nothing(store: CorrectionStore) -> None:
    def write(writer: int) -> None:
        for number in range(5):
            words = [f"w{writer}-{number}", "x"]
            store.append([genres(1, words[0]), genres(2, words[0])], who=f"w{writer}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    history = store.history()
    assert len(history) == 40
    for writer in range(4):
        mine = [
            each.new for each in history if (each.who, each.album) == (f"w{writer}", "bandcamp:1")
        ]
        assert mine == [(f"w{writer}-{number}",) for number in range(5)]


def test_the_validator_refuses_what_is_no_correction(store: CorrectionStore) -> None:
    with pytest.raises(BulkWriteError):
        store.append([genres(1, "x" * 201)], who="me")
    assert store.history() == []


def test_operators_are_only_words(store: CorrectionStore) -> None:
    store.append([genres(1, "$where", '{"$gt": ""}')], who="$me", )  # fmt: skip
    assert store.in_force()[0].new == ("$where", '{"$gt": ""}')
    assert store.history('{"$gt": ""}') == []


def test_an_older_collection_gets_the_validator(
    store: CorrectionStore, own_endpoints: Endpoints
) -> None:
    with connect(own_endpoints.mongodb_uri) as client:
        database = client[own_endpoints.mongodb_database]
        database.command("collMod", "corrections_sandbox", validator={})
        CorrectionStore(client, own_endpoints.mongodb_database, Origin.SANDBOX)
        assert database["corrections_sandbox"].options()["validator"]


def test_a_store_that_fails_is_the_platform_s(own_endpoints: Endpoints) -> None:
    with pytest.raises(PlatformError, match="MongoDB failed"), open_corrections(own_endpoints) as s:
        s._corrections.database.command("nothing")


def test_the_latest_is_of_each_field() -> None:
    now = datetime.now(UTC)
    entries = [
        Correction("a", field, (), (word,), "me", now)
        for field, word in [(GENRES, "1"), (MOODS, "2"), (GENRES, "3")]
    ]
    latest = latest_corrections(entries)
    assert latest == {("a", GENRES): entries[2], ("a", MOODS): entries[1]}

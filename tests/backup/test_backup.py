"""Stores to a folder and back, whole or not at all; killed in the middle; damaged."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import OperationFailure
from stored_things import N, contents, elsewhere, fill, opened, wipe

from albumart.album import Album
from albumart.backup import BackupFolder, check_backup, restore_backup, write_backup
from albumart.backup.layout import beside
from albumart.backup.write import Wanted
from albumart.endpoints import Endpoints
from albumart.errors import NotFound, PlatformError, UnsafeInput
from albumart.stores.copying import read_documents
from albumart.stores.mongodb import connect
from albumart.stores.objects import ObjectStore, StoredObject
from albumart.stores.workspace import Workspace

SCRIPT = Path(__file__).with_name("killed_backup.py")


@pytest.fixture
def filled(workspace: Workspace, own_endpoints: Endpoints) -> Endpoints:
    fill(workspace)
    return own_endpoints


@pytest.fixture
def other(own_endpoints: Endpoints) -> Iterator[Endpoints]:
    """Empty stores beside the test's own."""
    found = elsewhere(own_endpoints, "other")
    yield found
    with connect(found.mongodb_uri) as client:
        client.drop_database(found.mongodb_database)


def test_what_was_wiped_comes_back(filled: Endpoints, tmp_path: Path) -> None:
    before = contents(filled)
    made = write_backup(filled, tmp_path / "backup")
    assert (made.objects and made.objects.count, made.with_objects) == (N + 2, True)
    wipe(filled)
    assert restore_backup(filled, tmp_path / "backup") == made
    assert contents(filled) == before
    with opened(filled, tmp_path) as workspace:
        assert workspace.albums.cover_counts()["stored"] == N
        workspace.albums.upsert_albums([Album("bandcamp", "new", ())])


def test_two_backups_of_the_same_have_the_same_digests(filled: Endpoints, tmp_path: Path) -> None:
    one, two = (write_backup(filled, tmp_path / name) for name in ("one", "two"))
    assert one.collections == two.collections
    assert one.objects == two.objects
    assert one.name != two.name


def test_the_files_are_closed_to_others_and_as_mongodump_writes_them(
    filled: Endpoints, tmp_path: Path
) -> None:
    made = write_backup(filled, tmp_path / "backup")
    place = BackupFolder(tmp_path / "backup")
    found = bson.decode_all((place.mongodb / "albums_sandbox.bson").read_bytes())
    assert [each["_id"] for each in found] == sorted(f"bandcamp:{n}" for n in range(N))
    assert place.root.stat().st_mode & 0o077 == 0
    assert place.object_path("datasets/a b&é.json").read_bytes() == b"{}"
    kinds = {line.key.partition("/")[0]: line.content_type for line in place.lines()}
    assert kinds["reports"].startswith("text/html")
    assert not place.unfinished.exists()
    assert place.read() == made


def test_documents_are_of_one_moment_while_others_write(
    filled: Endpoints, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Albums that are stored after the first collection was read are in none."""
    from albumart.stores.copying import DatabaseCopy

    dump = DatabaseCopy._dump

    def meanwhile(self: DatabaseCopy, name: str, *args: object) -> object:
        late = Album("bandcamp", f"late-{name}", (f"http://x.test/{name}.jpg",))
        workspace.albums.upsert_albums([late])
        return dump(self, name, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(DatabaseCopy, "_dump", meanwhile)
    made = write_backup(filled, tmp_path / "backup")
    counts = {each.name: each.documents for each in made.collections or ()}
    assert counts["albums_sandbox"] == N
    assert workspace.albums.cover_counts()["pending"] == len(counts)


def test_nothing_is_written_over(filled: Endpoints, other: Endpoints, tmp_path: Path) -> None:
    write_backup(filled, tmp_path / "backup")
    before = contents(filled)
    with pytest.raises(PlatformError, match="there are documents in albums_sandbox"):
        restore_backup(filled, tmp_path / "backup")
    assert contents(filled) == before
    with ObjectStore(other.s3) as objects:
        objects.put("covers/aa/a", b"a")
    with pytest.raises(PlatformError, match="there is 'covers/aa/a'"):
        restore_backup(other, tmp_path / "backup")
    with pytest.raises(PlatformError, match="expected an empty folder"):
        write_backup(filled, tmp_path / "backup")


@pytest.mark.parametrize(
    ("name", "damage", "told"),
    [
        ("mongodb/albums_sandbox.bson", b"", "was altered"),
        ("mongodb/albums_sandbox.metadata.json", b"{}", "was altered"),
        ("mongodb/meta.bson", None, "is missing"),
        ("objects.jsonl", b"", "the list of the backup"),
        ("objects/reports/empty.html", b"x", "was altered"),
        ("objects/datasets/a b&é.json", None, "is missing"),
        ("backup.json", b'{"format": 2}', "format"),
        ("backup.json", b"no json", "JSON"),
    ],
)
def test_a_damaged_backup_is_refused_before_anything_is_written(
    filled: Endpoints, tmp_path: Path, name: str, damage: bytes | None, told: str
) -> None:
    write_backup(filled, tmp_path / "backup")
    path = tmp_path / "backup" / name
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    wipe(filled)
    with pytest.raises(UnsafeInput, match=told):
        restore_backup(filled, tmp_path / "backup")
    assert contents(filled) == {}


def test_a_folder_without_a_backup_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is no backup"):
        check_backup(tmp_path)
    (tmp_path / "unfinished.json").write_text("{}")
    with pytest.raises(NotFound, match="is not finished"):
        check_backup(tmp_path)


def test_a_backup_that_says_nothing_of_its_objects_is_refused(
    filled: Endpoints, tmp_path: Path
) -> None:
    made = write_backup(filled, tmp_path / "backup")
    place = BackupFolder(tmp_path / "backup")
    place.about.write_text(made.model_copy(update={"objects": None}).model_dump_json())
    with pytest.raises(UnsafeInput, match="expected collections and objects"):
        check_backup(place.root)
    (first, *rest) = made.collections or ()
    odd = made.model_copy(update={"collections": (first.__class__("../x", 0, 0, "", ""), *rest)})
    place.about.write_text(odd.model_dump_json())
    with pytest.raises(UnsafeInput, match="no name of a collection"):
        check_backup(place.root)


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a//b", "a/./b", "a/../../b", "a\0", ""])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(UnsafeInput, match="a key that can be a path"):
        BackupFolder(tmp_path).object_path(key)


@given(st.sets(st.text(max_size=3)), st.sets(st.text(max_size=3)))
def test_each_key_meets_its_own(ones: set[str], others: set[str]) -> None:
    def entries(keys: set[str]) -> list[StoredObject]:
        return [StoredObject(key, 0, "") for key in sorted(keys)]

    pairs = [
        (one.key, other and other.key) for one, other in beside(entries(ones), entries(others))
    ]
    assert pairs == [(key, key if key in others else None) for key in sorted(ones)]


def test_a_backup_of_newer_documents_is_refused(filled: Endpoints, tmp_path: Path) -> None:
    made = write_backup(filled, tmp_path / "backup")
    place = BackupFolder(tmp_path / "backup")
    place.about.write_text(made.model_copy(update={"shape": 99}).model_dump_json())
    with pytest.raises(PlatformError, match="got shape 99"):
        restore_backup(filled, tmp_path / "backup")


def test_without_bytes_the_bucket_must_have_kept_them(filled: Endpoints, tmp_path: Path) -> None:
    made = write_backup(filled, tmp_path / "backup", Wanted(objects=False))
    assert made.objects is not None
    assert made.objects.count == N + 2
    assert not any(path.is_file() for path in (tmp_path / "backup" / "objects").rglob("*"))
    before = contents(filled)
    with connect(filled.mongodb_uri) as client:
        client.drop_database(filled.mongodb_database)
    with ObjectStore(filled.s3) as objects:
        objects.delete("datasets/a b&é.json")
        with pytest.raises(PlatformError, match="datasets/a b&é.json"):
            restore_backup(filled, tmp_path / "backup")
        objects.put("datasets/a b&é.json", b"{}")
    restore_backup(filled, tmp_path / "backup")
    assert contents(filled) == before
    with pytest.raises(NotFound, match="expected a backup with objects"):
        write_backup(filled, tmp_path / "next", Wanted(previous=tmp_path / "backup"))


def test_objects_that_did_not_change_are_links_to_the_previous_backup(
    filled: Endpoints, workspace: Workspace, tmp_path: Path
) -> None:
    write_backup(filled, tmp_path / "one")
    workspace.objects.put("reports/empty.html", b"no longer")
    workspace.objects.put("reports/new.html", b"new")
    write_backup(filled, tmp_path / "two", Wanted(previous=tmp_path / "one"))
    files = {path.name: path.stat().st_nlink for path in _files(tmp_path / "two")}
    assert {name for name, links in files.items() if links == 1} == {"empty.html", "new.html"}
    wipe(filled)
    restore_backup(filled, tmp_path / "two")
    assert contents(filled)["reports/empty.html"] == b"no longer"
    check_backup(tmp_path / "one")


def test_one_backup_at_a_time_in_a_folder(filled: Endpoints, tmp_path: Path) -> None:
    with (
        BackupFolder(tmp_path).locked(),
        pytest.raises(PlatformError, match="somebody else is writing"),
    ):
        write_backup(filled, tmp_path)


def test_a_killed_backup_copies_nothing_twice(
    filled: Endpoints, platform_home: Path, tmp_path: Path
) -> None:
    _kill_in_the_middle(filled, platform_home, "backup", tmp_path / "backup")
    place = BackupFolder(tmp_path / "backup")
    with pytest.raises(NotFound, match="is not finished"):
        check_backup(place.root)
    listed = [line.key for line in place.lines()]
    assert len(listed) >= 10
    copied = {key: place.object_path(key).stat().st_mtime_ns for key in listed}
    dumped = (place.mongodb / "albums_sandbox.bson").stat().st_mtime_ns
    with place.list.open("a") as file:
        file.write('{"key": "half a li')
    write_backup(filled, place.root)
    check_backup(place.root)
    assert {key: place.object_path(key).stat().st_mtime_ns for key in listed} == copied
    assert (place.mongodb / "albums_sandbox.bson").stat().st_mtime_ns == dumped


def test_a_backup_killed_among_its_documents_begins_again(
    filled: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("albumart.stores.copying.DatabaseCopy._dump", killed)
        with pytest.raises(KeyboardInterrupt):
            write_backup(filled, tmp_path / "backup")
    (tmp_path / "backup" / "mongodb" / "of_yesterday.bson").touch()
    made = write_backup(filled, tmp_path / "backup")
    assert check_backup(tmp_path / "backup") == made
    assert not (tmp_path / "backup" / "mongodb" / "of_yesterday.bson").exists()


def test_a_killed_restore_is_closed_until_it_is_finished(
    filled: Endpoints, platform_home: Path, tmp_path: Path
) -> None:
    before = contents(filled)
    write_backup(filled, tmp_path / "backup")
    write_backup(filled, tmp_path / "another")
    wipe(filled)
    _kill_in_the_middle(filled, platform_home, "restore", tmp_path / "backup")
    with pytest.raises(PlatformError, match="was not finished"), opened(filled, tmp_path):
        pass
    with pytest.raises(PlatformError, match="unfinished restore"):
        write_backup(filled, tmp_path / "third")
    with pytest.raises(PlatformError, match="another backup"):
        restore_backup(filled, tmp_path / "another")
    restore_backup(filled, tmp_path / "backup")
    assert contents(filled) == before


def test_a_restore_killed_between_documents_and_indexes_makes_the_indexes(
    filled: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(filled)
    write_backup(filled, tmp_path / "backup")
    wipe(filled)
    with monkeypatch.context() as patch:
        patch.setattr("albumart.stores.copying._INDEXES", "noSuchCommand")
        with pytest.raises(PlatformError, match="noSuchCommand"):
            restore_backup(filled, tmp_path / "backup")
    restore_backup(filled, tmp_path / "backup")
    assert contents(filled) == before


def test_who_writes_while_stores_are_restored_is_found_out(
    filled: Endpoints, other: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from albumart.stores.copying import DatabaseCopy

    write_backup(filled, tmp_path / "backup")
    fill_in = DatabaseCopy._fill

    def meanwhile(self: DatabaseCopy, collection: object, *args: object) -> None:
        fill_in(self, collection, *args)  # type: ignore[arg-type]
        collection.insert_one({"stray": 1})  # type: ignore[attr-defined]

    monkeypatch.setattr(DatabaseCopy, "_fill", meanwhile)
    monkeypatch.setattr("albumart.stores.copying._BATCH", 7)
    with pytest.raises(PlatformError, match=r"somebody else writes|Document failed validation"):
        restore_backup(other, tmp_path / "backup")


@pytest.mark.parametrize("code", [123, 239, 246])
def test_a_server_without_the_snapshot_is_told(
    filled: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OperationFailure("Snapshot too old", code)

    monkeypatch.setattr("albumart.stores.copying.DatabaseCopy._snapshot", refuse)
    with pytest.raises(PlatformError, match="minSnapshotHistoryWindowInSeconds"):
        write_backup(filled, tmp_path / "backup")


@pytest.mark.parametrize("data", [b"\x05\x00\x00", b"\x04\0\0\0", b"\xff" * 8, b"\x0a\0\0\0\0"])
def test_what_is_no_bson_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.bson").write_bytes(data)
    with (tmp_path / "x.bson").open("rb") as file, pytest.raises(UnsafeInput, match="expected"):
        list(read_documents(file))


def _files(folder: Path) -> list[Path]:
    return [path for path in (folder / "objects").rglob("*") if path.is_file()]


def _kill_in_the_middle(endpoints: Endpoints, home: Path, what: str, folder: Path) -> None:
    environment = os.environ | endpoints.as_environment() | {"ALBUMART_HOME": str(home)}
    with subprocess.Popen(
        [sys.executable, SCRIPT, what, folder], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.kill()

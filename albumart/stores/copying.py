"""The stores as they are copied: documents that nobody reads, objects as files.

Collections are written as ``mongodump`` writes them: ``<name>.bson`` holds the documents one after
the other, in the order of their ids, ``<name>.metadata.json`` the options and indexes.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Final, cast

from bson import json_util
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from albumart.endpoints import Endpoints
from albumart.errors import PlatformError, UnsafeInput
from albumart.stores import migrations
from albumart.stores.collections import Document
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import open_clients

Progress = Callable[[int], object]

_BATCH: Final = 1_000
_INDEXES: Final = "createIndexes"
_LENGTH: Final = 4  # bytes before each document that say how long it is
_LARGEST: Final = 48 * 2**20  # three times what MongoDB itself takes
# No replica set, a snapshot that is too old or cannot be read.
_NO_SNAPSHOT: Final = frozenset({20, 72, 123, 239, 246})


@dataclass(frozen=True, slots=True)
class DumpedCollection:
    """One collection in a folder.

    Attributes:
        documents: how many there are.
        bytes: of their file.
        sha256: of that file, which holds them in the order of their ids.
        metadata_sha256: of the file with its options and indexes.
    """

    name: str
    documents: int
    bytes: int
    sha256: str
    metadata_sha256: str


@contextmanager
def open_for_copying(endpoints: Endpoints) -> Iterator[tuple["DatabaseCopy", ObjectStore]]:
    """Both stores as they are: whatever their shape, and with nothing made in the database.

    Raises:
        PlatformError: a store does not answer, refuses us, or failed during the block.
    """
    with open_clients(endpoints) as (client, objects):
        yield DatabaseCopy(client, endpoints.mongodb_database), objects


class DatabaseCopy:
    """One database, read and written as it is."""

    def __init__(self, client: "MongoClient[Document]", database: str) -> None:
        self._client, self._database = client, client[database]

    def schema_version(self) -> int:
        """The shape of its documents."""
        return migrations.schema_version(self._database)

    def upgrade(self) -> list[str]:
        """Take the steps to this code's shape that are missing; returns what they did."""
        return [step.name for step in migrations.upgrade(self._database)]

    def filled(self) -> list[str]:
        """Names of the collections that hold documents; what says how they are kept is none."""
        names = (name for name in self._names() if name != migrations.META)
        return [name for name in names if self._database[name].find_one({}, {"_id": 1})]

    def dump(self, folder: Path, progress: Progress) -> list[DumpedCollection]:
        """Write every collection to ``folder``, all as they are at one moment.

        Raises:
            PlatformError: the server has no snapshots, or forgot this one before it was copied.
        """
        with self._client.start_session(snapshot=True) as session:
            try:
                names = self._snapshot(session)
                return [self._dump(name, folder, session, progress) for name in names]
            except OperationFailure as error:
                if error.code not in _NO_SNAPSHOT:
                    raise
                raise PlatformError(_no_snapshot(error)) from error

    def restoring(self) -> str | None:
        """Name of the backup whose restore was begun and not finished, if there is one."""
        found = self._database[migrations.META].find_one({"_id": migrations.RESTORING})
        return found["backup"] if found else None

    def begin_restore(self, backup: str) -> None:
        """Mark the database as half restored: nobody opens it until ``end_restore``."""
        meta, mark = self._database[migrations.META], {"$set": {"backup": backup}}
        meta.delete_many({"_id": {"$ne": migrations.RESTORING}})
        meta.update_one({"_id": migrations.RESTORING}, mark, upsert=True)

    def end_restore(self) -> None:
        """Let everybody in."""
        self._database[migrations.META].delete_one({"_id": migrations.RESTORING})

    def restore(self, dumped: DumpedCollection, folder: Path, progress: Progress) -> None:
        """Put a dumped collection in the place of what there is, unless it is there already.

        Raises:
            PlatformError: what MongoDB then holds is not what was dumped.
        """
        about = json_util.loads(metadata_path(folder, dumped.name).read_text())
        if dumped.name not in self._names():
            self._database.create_collection(dumped.name, **about["options"])
        if self._digest(dumped.name) == dumped.sha256:
            progress(dumped.documents)
        else:
            self._fill(self._emptied(dumped.name, about["options"]), folder, progress)
        indexes = [index for index in about["indexes"] if index["name"] != "_id_"]
        if indexes:
            self._database.command(_INDEXES, dumped.name, indexes=indexes)
        if (got := self._digest(dumped.name)) != dumped.sha256:
            raise PlatformError(
                f"collection {dumped.name!r}: expected the documents of digest {dumped.sha256}; "
                f"got {got}: somebody else writes to database {self._database.name!r}"
            )

    def _fill(self, collection: "Collection[Document]", folder: Path, progress: Progress) -> None:
        with documents_path(folder, collection.name).open("rb") as file:
            rest = read_documents(file)
            while batch := [RawBSONDocument(data) for data in islice(rest, _BATCH)]:
                # They passed the validator of their time.
                collection.insert_many(batch, ordered=False, bypass_document_validation=True)
                progress(len(batch))

    def _snapshot(self, session: ClientSession) -> list[str]:
        """Fix the moment; the collections that there were at it."""
        while True:
            names = self._names()
            self._database[migrations.META].find_one({}, {"_id": 1}, session=session)
            if names == self._names():
                return names

    def _names(self) -> list[str]:
        found = self._database.list_collections(filter={"type": "collection"})
        return sorted(each["name"] for each in found if not each["name"].startswith("system."))

    def _dump(
        self, name: str, folder: Path, session: ClientSession, progress: Progress
    ) -> DumpedCollection:
        collection = self._database[name]
        (about,) = self._database.list_collections(filter={"name": name})
        told = {
            "options": about["options"],
            "indexes": [dict(index) for index in collection.list_indexes()],
            "collectionName": name,
            "type": "collection",
        }
        text = json_util.dumps(told, json_options=json_util.CANONICAL_JSON_OPTIONS)
        metadata_path(folder, name).write_text(text)
        digest, documents, size = hashlib.sha256(), 0, 0
        with documents_path(folder, name).open("wb") as file:
            for batch in _raw_batches(collection, session):
                file.write(batch)
                digest.update(batch)
                count = _count(batch)
                documents, size = documents + count, size + len(batch)
                progress(count)
        options = hashlib.sha256(text.encode()).hexdigest()
        return DumpedCollection(name, documents, size, digest.hexdigest(), options)

    def _emptied(self, name: str, options: Document) -> "Collection[Document]":
        collection = self._database[name]
        if name == migrations.META:  # holds the mark of this restore, too
            collection.delete_many({"_id": {"$ne": migrations.RESTORING}})
        elif collection.find_one({}, {"_id": 1}):
            collection.drop()
            self._database.create_collection(name, **options)
        return collection

    def _digest(self, name: str) -> str:
        digest = hashlib.sha256()
        for batch in _raw_batches(self._database[name], None):
            digest.update(batch)
        return digest.hexdigest()


def documents_path(folder: Path, name: str) -> Path:
    """The file of a collection's documents."""
    return folder / f"{name}.bson"


def read_documents(file: IO[bytes]) -> Iterator[bytes]:
    """The documents of a ``.bson`` file, one after the other.

    Raises:
        UnsafeInput: with code ``bson``, if the file is none.
    """
    while head := file.read(_LENGTH):
        length = int.from_bytes(head, "little", signed=True)
        if not _LENGTH < length <= _LARGEST:
            raise UnsafeInput("bson", f"{file.name}: expected BSON; got a length of {length}")
        data = head + file.read(length - _LENGTH)
        if len(data) != length:
            raise UnsafeInput("bson", f"{file.name}: expected {length} bytes; it ends early")
        yield data


def metadata_path(folder: Path, name: str) -> Path:
    """The file of a collection's options and indexes."""
    return folder / f"{name}.metadata.json"


def _raw_batches(
    collection: "Collection[Document]", session: ClientSession | None
) -> Iterable[bytes]:
    others = {"_id": {"$ne": migrations.RESTORING}} if collection.name == migrations.META else {}
    found = collection.find_raw_batches(others, sort=[("_id", ASCENDING)], session=session)
    return cast("Iterable[bytes]", found)


def _count(batch: bytes) -> int:
    count, place = 0, 0
    while place < len(batch):
        place += int.from_bytes(batch[place : place + _LENGTH], "little")
        count += 1
    return count


def _no_snapshot(error: OperationFailure) -> str:
    told = str((error.details or {}).get("errmsg", error)).partition("\n")[0]
    return (
        "expected MongoDB (a replica set of version 5 or later) to show all collections as they "
        f"are at one moment; got: {told}; a snapshot is kept for five minutes: if that is too "
        "short for this database, raise minSnapshotHistoryWindowInSeconds; where there are none, "
        "take the server's own backup"
    )

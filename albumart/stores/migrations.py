"""Which shape the documents of a database have, and the steps from one shape to the next.

The number stands in the collection ``meta``. Steps are taken in order by ``albumart upgrade``, and
each may be taken again: a step that was killed in the middle goes on where it was. A step holds
what it needs to know of its time; the code around it moves on.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from pymongo import ASCENDING, DESCENDING, DeleteOne, ReplaceOne, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from albumart.errors import PlatformError
from albumart.stores.collections import Document

META: Final = "meta"
RESTORING: Final = "restore"  # the mark of a restore that is not finished
BASELINE: Final = 1  # of stores that were made before there was a number

_SCHEMA: Final = "schema"
_BATCH: Final = 1_000
# The names that a kind of collection has had, by origin.
_ORIGINS: Final = ("", "_recorded", "_sandbox")

Step = Callable[["Database[Document]"], None]


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: ``number`` is what the stores are once it is taken; ``name`` says what it does."""

    number: int
    name: str
    take: Step


def check_schema(database: "Database[Document]") -> None:
    """Mark a new database as this code's own; let one of another shape be.

    Raises:
        PlatformError: its documents are older or newer than this code, or half restored.
    """
    found = _meta(database)
    if RESTORING in found:
        raise PlatformError(
            f"expected whole stores; a restore into database {database.name!r} was not finished: "
            "run `albumart restore` with the same backup again"
        )
    if _SCHEMA not in found:
        if not _has_albums(database):
            mark = {"$setOnInsert": {"version": SCHEMA_VERSION, "since": datetime.now(UTC)}}
            database[META].update_one({"_id": _SCHEMA}, mark, upsert=True)
        # Whoever made the albums a moment ago wrote the mark before them.
        found = _meta(database)
    _compare(database.name, _version_in(found, BASELINE))


def schema_version(database: "Database[Document]") -> int:
    """The shape of the documents of this database."""
    return _version_in(_meta(database), BASELINE)


def upgrade(database: "Database[Document]") -> list[Migration]:
    """Take every step that is missing, in order; returns those. Safe to repeat.

    Raises:
        PlatformError: the stores are newer than this code.
    """
    found = schema_version(database) if _has_albums(database) else SCHEMA_VERSION
    if found > SCHEMA_VERSION:
        _compare(database.name, found)
    missing = [step for step in MIGRATIONS if step.number > found]
    for step in missing:
        step.take(database)
        _write_version(database, step.number)
    if not missing:
        _write_version(database, SCHEMA_VERSION)
    return missing


def _write_version(database: "Database[Document]", number: int) -> None:
    fields = {"version": number, "since": datetime.now(UTC)}
    database[META].update_one({"_id": _SCHEMA}, {"$set": fields}, upsert=True)


def _compare(name: str, found: int) -> None:
    if found < SCHEMA_VERSION:
        raise PlatformError(
            f"database {name!r}: expected documents of shape {SCHEMA_VERSION}; got shape {found}, "
            "of an older albumart: stop what runs, make a backup (`albumart backup DIR`), then run "
            "`albumart upgrade`"
        )
    if found > SCHEMA_VERSION:
        raise PlatformError(
            f"database {name!r}: expected documents of shape {SCHEMA_VERSION}; got shape {found}, "
            "of a newer albumart: install that one, or restore a backup that is older"
        )


def _meta(database: "Database[Document]") -> dict[str, Document]:
    return {found["_id"]: found for found in database[META].find()}


def _version_in(found: Mapping[str, Document], unmarked: int) -> int:
    version = found[_SCHEMA]["version"] if _SCHEMA in found else unmarked
    if not isinstance(version, int):
        raise PlatformError(f"meta: expected a number as the schema's version; got {version!r}")
    return version


def _has_albums(database: "Database[Document]") -> bool:
    return next(_each(database, "albums"), None) is not None


def _each(database: "Database[Document]", kind: str) -> Iterator["Collection[Document]"]:
    """The collections of this kind that there are, of whatever origin."""
    names = set(database.list_collection_names())
    return (database[kind + origin] for origin in _ORIGINS if kind + origin in names)


def _batches(found: Iterable[Document]) -> Iterator[list[Document]]:
    rest = iter(found)
    while some := list(islice(rest, _BATCH)):
        yield some


def _drop_indexes(collection: "Collection[Document]", *names: str) -> None:
    known = collection.index_information()
    for name in names:
        if name in known:
            collection.drop_index(name)


# 2: albums say which parts of their source they belong to, and nothing that is empty.


def _tell_scopes(database: "Database[Document]") -> None:
    old_indexes = "album.source_1_order_1", "album.source_1_cover.status_1_cover.next_try_1"
    for albums in _each(database, "albums"):
        _drop_indexes(albums, *old_indexes)
        without = albums.find({"scopes": {"$exists": False}}).sort("_id", ASCENDING)
        for batch in _batches(without):
            # The validator of their time knows no scopes; the store puts the new one in its place.
            writes = [_with_scopes(each) for each in batch]
            albums.bulk_write(writes, ordered=False, bypass_document_validation=True)


def _with_scopes(found: Document) -> UpdateOne:
    # Addresses are told even where there are none, and `page_url` is no part of the digest.
    told = {n: v for n, v in found["album"].items() if v not in (None, []) or n == "cover_urls"}
    kept = {name: value for name, value in told.items() if name != "page_url"}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
    fields = {"album": told, "digest": digest, "scopes": [told["source"]]}
    return UpdateOne({"_id": found["_id"], "scopes": {"$exists": False}}, {"$set": fields})


# 3: pages and what was set aside stand by scope; a scope has one scrape that is not finished.


def _stand_by_scope(database: "Database[Document]") -> None:
    for kind, name in _BY_SCOPE.items():
        for collection in _each(database, kind):
            _rename(collection, name)
    for rows in _each(database, "quarantine"):
        _drop_indexes(rows, "scope_1_reason_1", "scrape_1")
    for scrapes in _each(database, "scrapes"):
        _open_newest(scrapes)


def _page_id(found: Document) -> str:
    return f"{found['scope']} {found['url']}"


def _version_id(found: Document) -> str:
    return f"{_page_id(found)} {found['scrape']} {found['sha256']}"


def _quarantine_id(found: Document) -> str:
    key = found.get("key", found["_id"])
    return f"{key} {found['scope']} {found['scrape']}"


_BY_SCOPE: Final[dict[str, Callable[[Document], str]]] = {
    "pages": _page_id,
    "page_versions": _version_id,
    "quarantine": _quarantine_id,
}


def _rename(collection: "Collection[Document]", name: Callable[[Document], str]) -> None:
    for batch in _batches(collection.find().sort("_id", ASCENDING)):
        writes: list[ReplaceOne[Document] | DeleteOne] = []
        for found in batch:
            told = _completed(found) | {"_id": name(found)}
            if told != found:
                writes.append(ReplaceOne({"_id": told["_id"]}, told, upsert=True))
            if told["_id"] != found["_id"]:
                writes.append(DeleteOne({"_id": found["_id"]}))  # after what stands for it
        if writes:
            collection.bulk_write(writes)


def _completed(found: Document) -> Document:
    """The document with the fields that came with the scopes."""
    if "reason" in found:  # an album that was set aside
        return {"key": found["_id"], **found}
    if "sha256" in found:  # a version of a page
        return {"part_of": "", **found}
    versions = {name: found.get(name) for name in ("version", "staged")}
    told = {name: {"part_of": "", **version} for name, version in versions.items() if version}
    return {"staged": None, **found, **told}


def _open_newest(scrapes: "Collection[Document]") -> None:
    finished = ["current", "superseded"]
    newest_first = scrapes.find({"status": {"$nin": finished}}).sort("started", DESCENDING)
    opened: set[str] = set()
    for found in newest_first:
        if found["scope"] not in opened:
            opened.add(found["scope"])
            scrapes.update_one({"_id": found["_id"]}, {"$set": {"open": found["scope"]}})


MIGRATIONS: Final = (
    Migration(2, "albums tell their scopes, and nothing that is empty", _tell_scopes),
    Migration(3, "pages and what was set aside stand by scope", _stand_by_scope),
)
SCHEMA_VERSION: Final = MIGRATIONS[-1].number

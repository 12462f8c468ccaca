"""Albums in MongoDB: what the sources told, and how far each cover has come.

One document per album, keyed by ``<source>:<source_id>``. Collecting writes ``album`` and its
digest; downloading writes ``cover``. Neither touches the other's part, so each can be repeated.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo import ASCENDING, MongoClient, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from albumart.album import Album, CoverResult, CoverStatus, Origin

Document = dict[str, Any]

BATCH: Final = 1000
# Waits between tries of one cover: minutes after the first failure, days after many.
RETRY_WAITS: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 10, 60, 6 * 60, 24 * 60, 7 * 24 * 60)
)

_TEXT = {"bsonType": ["string", "null"], "maxLength": 1000}
_WORDS = {"bsonType": "array", "items": {"bsonType": "string", "maxLength": 200}}
ALBUM_SCHEMA: Final[Document] = {
    "bsonType": "object",
    "required": ["_id", "album", "digest", "order", "cover", "first_seen"],
    "properties": {
        "_id": {"bsonType": "string", "pattern": "^[a-z0-9]+:.+$", "maxLength": 200},
        "digest": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
        "order": {"bsonType": "string"},
        "first_seen": {"bsonType": "date"},
        "album": {
            "bsonType": "object",
            "required": ["source", "source_id", "cover_urls", "genres"],
            "additionalProperties": False,
            "properties": {
                "source": {"bsonType": "string"},
                "source_id": {"bsonType": "string", "minLength": 1},
                "cover_urls": {"bsonType": "array", "items": {"bsonType": "string"}},
                "genres": _WORDS,
                "tags": _WORDS,
                "moods": _WORDS,
                "title": _TEXT,
                "artist": _TEXT,
                "year": {"bsonType": ["int", "null"], "minimum": 1000, "maximum": 2100},
                "page_url": _TEXT,
            },
        },
        "cover": {
            "bsonType": "object",
            "required": ["status", "attempts"],
            "properties": {
                "status": {"enum": [status.value for status in CoverStatus]},
                "attempts": {"bsonType": "int", "minimum": 0},
                "next_try": {"bsonType": ["date", "null"]},
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class UpsertCounts:
    """What one batch of albums did to the store."""

    inserted: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: "UpsertCounts") -> "UpsertCounts":
        return UpsertCounts(
            self.inserted + other.inserted,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
        )


class AlbumStore:
    """The albums of one origin: a collection of their own in one database."""

    def __init__(
        self, client: "MongoClient[Document]", database: str, origin: Origin = Origin.LIVE
    ) -> None:
        name = "albums" if origin is Origin.LIVE else f"albums_{origin}"
        self._albums = _ensure_collection(client[database], name)

    def upsert_albums(self, albums: Sequence[Album]) -> UpsertCounts:
        """Insert the new, rewrite the changed, leave the unchanged alone. Idempotent.

        An album whose cover has other addresses than before has its cover asked for anew.
        """
        digests = {album.key: album_digest(album) for album in albums}
        fields = {"digest": 1, "album.cover_urls": 1}
        known = {
            found["_id"]: found
            for found in self._albums.find({"_id": {"$in": list(digests)}}, fields)
        }
        stale = {
            album.key: album
            for album in albums
            if known.get(album.key, {}).get("digest") != digests[album.key]
        }
        if stale:
            writes = [_upsert(album, digests[key], known.get(key)) for key, album in stale.items()]
            self._albums.bulk_write(writes, ordered=False)
        inserted = sum(key not in known for key in stale)
        return UpsertCounts(inserted, len(stale) - inserted, len(digests) - len(stale))

    def due_ranges(
        self, source: str, *, limit: int | None = None, size: int = 250
    ) -> list[tuple[str, str]]:
        """Covers that may be asked for now, as ``(first key, last key)`` of up to ``size`` albums.

        Keys alone would be a long list; a range is a small value that a task can be given.
        """
        due = self._scope(source, limit) | _due()
        found = self._albums.find(due, {"_id": 1}).sort("_id", ASCENDING)
        keys = [document["_id"] for document in found]
        return [
            (keys[start], keys[min(start + size, len(keys)) - 1])
            for start in range(0, len(keys), size)
        ]

    def due_albums(
        self, source: str, keys: tuple[str, str], *, limit: int | None = None
    ) -> list[Album]:
        """Albums between the two keys, inclusive, whose cover may be asked for now."""
        first, last = keys
        wanted = self._scope(source, limit) | _due() | {"_id": {"$gte": first, "$lte": last}}
        found = self._albums.find(wanted, {"album": 1}).sort("_id", ASCENDING)
        return [_album(document["album"]) for document in found]

    def record_covers(self, results: Iterable[CoverResult]) -> None:
        """Write what became of each cover; AGAIN is given its next try."""
        writes = [_cover_update(result, datetime.now(UTC)) for result in results]
        if writes:
            self._albums.bulk_write(writes, ordered=False)

    def rows(self, source: str, *, limit: int | None = None) -> Iterator[Document]:
        """One flat row per album with a stored cover, in key order, for the manifest."""
        wanted = self._scope(source, limit) | {"cover.status": CoverStatus.STORED}
        for found in self._albums.find(wanted).sort("_id", ASCENDING):
            yield _row(found)

    def album_rows(self, source: str) -> Iterator[Document]:
        """One flat row per album, whatever became of its cover, for validation."""
        for found in self._albums.find({"album.source": source}).sort("_id", ASCENDING):
            yield {"album": found["_id"], **found["album"]}

    def cover_counts(
        self, source: str | None = None, *, limit: int | None = None
    ) -> dict[str, int]:
        """Number of albums by cover status; every status is there."""
        counted = self._count_by("status", self._scope(source, limit))
        return {status.value: 0 for status in CoverStatus} | counted

    def code_counts(self, source: str | None = None) -> dict[str, int]:
        """Number of albums by the code of their last outcome (``http_404``, ``truncated``)."""
        counted = self._count_by("code", self._scope(source, None))
        return {code: count for code, count in counted.items() if code}

    def sources(self) -> list[str]:
        """Names of the sources that have albums here."""
        return sorted(self._albums.distinct("album.source"))

    def reset_covers(self, source: str | None = None, *, code: str | None = None) -> int:
        """Make covers that failed due again now; returns how many. Stored ones stay.

        Absent ones are left alone, unless their ``code`` is asked for.
        """
        retriable = [CoverStatus.AGAIN, CoverStatus.QUARANTINED, CoverStatus.REFUSED]
        retriable += [CoverStatus.ABSENT] if code else []
        wanted: Document = {"cover.status": {"$in": retriable}}
        wanted |= {"album.source": source} if source else {}
        wanted |= {"cover.code": code} if code else {}
        due = {"$set": {"cover.status": CoverStatus.PENDING, "cover.next_try": None}}
        return self._albums.update_many(wanted, due).modified_count

    def covers_by_object(self) -> Iterator[tuple[str, str]]:
        """``(sha256, album key)`` of every stored cover, for the sweep."""
        wanted = {"cover.status": CoverStatus.STORED}
        for found in self._albums.find(wanted, {"cover.sha256": 1}).sort("_id", ASCENDING):
            yield found["cover"]["sha256"], found["_id"]

    def forget_covers(self, keys: Sequence[str]) -> None:
        """Make the covers of these albums pending, as if never asked for."""
        self._albums.update_many({"_id": {"$in": list(keys)}}, {"$set": {"cover": _PENDING}})

    def _scope(self, source: str | None, limit: int | None) -> Document:
        """Filter: the source's albums, or the ``limit`` first of them in hash order.

        Hash order makes a limited run a fair sample: lists come sorted by genre.
        """
        scope: Document = {"album.source": source} if source else {}
        if limit is None:
            return scope
        last = self._albums.find(scope, {"order": 1}).sort("order", ASCENDING).skip(limit - 1)
        cut = next(iter(last.limit(1)), None)
        return scope | ({"order": {"$lte": cut["order"]}} if cut else {})

    def _count_by(self, field: str, match: Document) -> dict[str, int]:
        grouped = self._albums.aggregate(
            [{"$match": match}, {"$group": {"_id": f"$cover.{field}", "n": {"$sum": 1}}}]
        )
        return {str(group["_id"] or ""): group["n"] for group in grouped}


_PENDING: Final[Document] = {"status": CoverStatus.PENDING.value, "attempts": 0, "next_try": None}


def album_digest(album: Album) -> str:
    """sha256 over everything the source told of an album."""
    return hashlib.sha256(json.dumps(asdict(album), sort_keys=True).encode()).hexdigest()


def _due() -> Document:
    """Filter: covers never asked for, or whose next try has come."""
    now = datetime.now(UTC)
    return {
        "$or": [
            {"cover.status": CoverStatus.PENDING},
            {"cover.status": CoverStatus.AGAIN, "cover.next_try": {"$lte": now}},
        ]
    }


def _ensure_collection(database: "Database[Document]", name: str) -> "Collection[Document]":
    try:
        database.create_collection(
            name, check_exists=False, validator={"$jsonSchema": ALBUM_SCHEMA}
        )
    except OperationFailure as error:
        if error.code != 48:  # NamespaceExists: made by an earlier run
            raise
    albums = database[name]
    source = ("album.source", ASCENDING)
    albums.create_index([source, ("album.source_id", ASCENDING)], unique=True)
    albums.create_index([source, ("order", ASCENDING)])
    albums.create_index([source, ("cover.status", ASCENDING), ("cover.next_try", ASCENDING)])
    return albums


def _upsert(album: Album, digest: str, known: Document | None) -> UpdateOne:
    moved = known is not None and known["album"]["cover_urls"] != list(album.cover_urls)
    at_first: Document = {
        "first_seen": datetime.now(UTC),
        "order": hashlib.sha256(album.key.encode()).hexdigest(),
    }
    always: Document = {"album": asdict(album), "digest": digest}
    (always if moved else at_first)["cover"] = _PENDING
    return UpdateOne({"_id": album.key}, {"$set": always, "$setOnInsert": at_first}, upsert=True)


def _cover_update(result: CoverResult, now: datetime) -> UpdateOne:
    fields: Document = {
        "cover.status": result.status.value,
        "cover.code": result.code,
        "cover.url": result.url,
        "cover.tried": now,
    }
    if result.cover is not None:
        fields |= {f"cover.{name}": value for name, value in asdict(result.cover).items()}
    # `$add` in a pipeline update reads the stored count, so that the wait grows with it.
    attempts = {"$add": ["$cover.attempts", 1]}
    waits = [int(wait.total_seconds() * 1000) for wait in RETRY_WAITS]
    wait_ms: Any = {"$arrayElemAt": [waits, {"$min": ["$cover.attempts", len(waits) - 1]}]}
    wished = int((result.retry_after or 0) * 1000)
    again = result.status is CoverStatus.AGAIN
    due = {"$add": [now, {"$max": [wait_ms, wished]}]} if again else None
    literal = {name: {"$literal": value} for name, value in fields.items()}
    # A failure that comes late must not undo what another run stored meanwhile.
    wanted: Document = {"_id": result.album}
    if result.status is not CoverStatus.STORED:
        wanted["cover.status"] = {"$ne": CoverStatus.STORED}
    return UpdateOne(
        wanted,
        [{"$set": literal | {"cover.next_try": due, "cover.attempts": attempts}}],
    )


def _album(document: Document) -> Album:
    words = ("cover_urls", "genres", "tags", "moods")
    return Album(**(document | {name: tuple(document.get(name, ())) for name in words}))


def _row(found: Document) -> Document:
    album, cover = found["album"], found["cover"]
    return {
        "album": found["_id"],
        "genres": tuple(album["genres"]),
        **{name: album.get(name) for name in ("title", "artist", "year")},
        "url": cover["url"],
        "cover_sha256": cover["sha256"],
        **{n: cover[n] for n in ("pixel_sha256", "phash", "width", "height", "format", "blank")},
    }

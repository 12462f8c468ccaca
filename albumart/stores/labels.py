"""Label corrections in MongoDB: what people say an album's words should be.

Append-only, and beside the albums: what a source told is never touched. The latest entry of an
album's field is in force; an entry without new words withdraws what was.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Final

from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.errors import BulkWriteError, PyMongoError

from albumart.album import Origin
from albumart.endpoints import Endpoints
from albumart.errors import NotFound, PlatformError
from albumart.stores.collections import Document, collection_name, ensure_collection, index_on
from albumart.stores.migrations import check_schema
from albumart.stores.mongodb import connect

_DUPLICATE_KEY: Final = 11000
_NAMED: Final = 5  # albums that a message names
_BATCH: Final = 5_000


class LabelField(StrEnum):
    """The fields of an album that can be corrected."""

    GENRES = "genres"
    MOODS = "moods"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants a field of an album to say; ``words`` None: what its source says."""

    album: str
    field: LabelField
    words: tuple[str, ...] | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """One entry of the layer.

    Attributes:
        album: key of the album.
        field: which of its fields.
        old: what the source told when the entry was made.
        new: what holds instead; None where the entry withdraws an earlier one.
        who: who made it.
        when: the moment.
        why: in their own words.
    """

    album: str
    field: LabelField
    old: tuple[str, ...]
    new: tuple[str, ...] | None
    who: str
    when: datetime
    why: str = ""


_WORDS: Final = {
    "bsonType": "array",
    "items": {"bsonType": "string", "minLength": 1, "maxLength": 200},
}
_SCHEMA: Final[Document] = {
    "bsonType": "object",
    "required": ["_id", "album", "field", "old", "new", "who", "when", "why"],
    "additionalProperties": False,
    "properties": {
        "_id": {"bsonType": ["int", "long"]},  # the order in which they were made
        "album": {"bsonType": "string", "minLength": 1},
        "field": {"enum": [field.value for field in LabelField]},
        "old": _WORDS,
        "new": {"oneOf": [_WORDS, {"bsonType": "null"}]},
        "who": {"bsonType": "string"},
        "when": {"bsonType": "date"},
        "why": {"bsonType": "string"},
    },
}


class CorrectionStore:
    """The corrections of the albums of one origin."""

    def __init__(
        self, client: "MongoClient[Document]", database: str, origin: Origin = Origin.LIVE
    ) -> None:
        self._corrections = ensure_collection(
            client[database],
            collection_name("corrections", origin),
            schema=_SCHEMA,
            indexes=[index_on("album", "field")],
        )
        self._albums = client[database][collection_name("albums", origin)]

    def history(self, album: str | None = None) -> list[Correction]:
        """Every entry, of one album or of all, oldest first."""
        wanted = {"album": album} if album is not None else {}
        return [_correction(found) for found in self._corrections.find(wanted).sort("_id")]

    def in_force(self, album: str | None = None) -> list[Correction]:
        """The corrections that hold, by album and field."""
        latest = latest_corrections(self.history(album))
        return [each for _, each in sorted(latest.items()) if each.new is not None]

    def told(self, albums: Iterable[str]) -> dict[str, dict[LabelField, tuple[str, ...]]]:
        """What the source tells now of each of the albums; those there are not are left out."""
        shown = {f"album.{field}": 1 for field in LabelField}
        return {
            found["_id"]: {name: tuple(found["album"].get(name, ())) for name in LabelField}
            for some in _batches(albums)
            for found in self._albums.find({"_id": {"$in": some}}, {**shown, "album.source": 1})
        }

    def append(self, wanted: Sequence[Wanted], *, who: str) -> list[Correction]:
        """Write down what is not so already; returns that. Safe to repeat.

        Raises:
            NotFound: an album is not stored. Nothing is written then.
        """
        told = self.told({each.album for each in wanted})
        if unknown := list(dict.fromkeys(w.album for w in wanted if w.album not in told)):
            raise NotFound(_unknown(unknown))
        now = _now()
        latest = latest_corrections(self._of_albums(told))
        new: list[Correction] = []
        for each in wanted:
            known = latest.get((each.album, each.field))
            if (known.new if known else None) != each.words:
                old = told[each.album][each.field]
                entry = Correction(each.album, each.field, old, each.words, who, now, each.why)
                latest[each.album, each.field] = entry
                new.append(entry)
        self._insert([_fields(entry) for entry in new])
        return new

    def _of_albums(self, albums: Iterable[str]) -> Iterator[Correction]:
        for some in _batches(albums):
            found = self._corrections.find({"album": {"$in": some}}).sort("_id", ASCENDING)
            yield from map(_correction, found)

    def _insert(self, entries: Sequence[Document]) -> None:
        waiting = entries
        while waiting:
            last = self._corrections.find_one({}, {"_id": 1}, sort=[("_id", DESCENDING)])
            first = last["_id"] + 1 if last else 1
            numbered = [{"_id": first + place, **entry} for place, entry in enumerate(waiting)]
            try:
                self._corrections.insert_many(numbered, ordered=True)
            except BulkWriteError as error:
                (failure,) = error.details["writeErrors"]
                if failure["code"] != _DUPLICATE_KEY:
                    raise
                # Another process took the number meanwhile; go on behind it.
                waiting = waiting[failure["index"] :]
            else:
                return


def latest_corrections(
    entries: Iterable[Correction],
) -> dict[tuple[str, LabelField], Correction]:
    """The last entry of each album's field, of entries in the order in which they were made."""
    return {(entry.album, entry.field): entry for entry in entries}


@contextmanager
def open_corrections(
    endpoints: Endpoints, origin: Origin = Origin.LIVE
) -> Iterator[CorrectionStore]:
    """The corrections alone, without the object store.

    Raises:
        PlatformError: MongoDB does not answer, refuses us, or failed during the block.
    """
    try:
        with connect(endpoints.mongodb_uri) as client:
            check_schema(client[endpoints.mongodb_database])
            yield CorrectionStore(client, endpoints.mongodb_database, origin)
    except PyMongoError as error:
        raise PlatformError(f"MongoDB failed: {str(error).partition(chr(10))[0][:300]}") from error


def _now() -> datetime:
    """To the millisecond, as MongoDB keeps it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _fields(entry: Correction) -> Document:
    return {
        "album": entry.album,
        "field": entry.field.value,
        "old": [*entry.old],
        "new": None if entry.new is None else [*entry.new],
        "who": entry.who,
        "when": entry.when,
        "why": entry.why,
    }


def _correction(found: Document) -> Correction:
    return Correction(
        album=found["album"],
        field=LabelField(found["field"]),
        old=tuple(found["old"]),
        new=None if found["new"] is None else tuple(found["new"]),
        who=found["who"],
        when=found["when"],
        why=found["why"],
    )


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    """Lists that fit into one question to MongoDB each."""
    rest = iter(keys)
    while some := list(islice(rest, _BATCH)):
        yield some


def _unknown(albums: Sequence[str]) -> str:
    more = f" and {len(albums) - _NAMED} more" if len(albums) > _NAMED else ""
    named = ", ".join(map(repr, albums[:_NAMED]))
    return (
        f"expected keys of stored albums, such as itunes:251001680; there is no {named}{more}; "
        "`albumart data export` lists them, and --origin says whose"
    )

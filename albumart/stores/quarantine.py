"""Albums that are not stored, each with its reason, as one scope's scrape set them aside."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pymongo import ASCENDING, DeleteMany, MongoClient, ReplaceOne

from albumart.album import Album, Origin
from albumart.stores.changes import Told
from albumart.stores.collections import Document, collection_name, ensure_collection, index_on
from albumart.stores.schema import album_fields

LONGEST: Final = 2_000  # characters of a field that are kept


class Quarantine:
    """The albums of one origin that were set aside."""

    def __init__(
        self, client: "MongoClient[Document]", database: str, origin: Origin = Origin.LIVE
    ) -> None:
        self._rows = ensure_collection(
            client[database],
            collection_name("quarantine", origin),
            indexes=[index_on("scrape", "key"), index_on("key", "scope", "at")],
        )

    def put(self, albums: Iterable[Album], reasons: Mapping[str, str], told: Told) -> None:
        """Set albums aside, each with the reason that ``reasons`` gives for its key.

        What an earlier scrape of the scope said of one is forgotten.
        """
        writes: list[DeleteMany | ReplaceOne[Document]] = []
        for album in albums:
            if album.key in reasons:
                place = {"key": album.key, "scope": told.scope}
                row = _row(album, reasons[album.key], told)
                older = {**place, "scrape": {"$ne": told.scrape}, "at": {"$lt": told.at}}
                writes.append(DeleteMany(older))
                writes.append(ReplaceOne({"_id": row["_id"]}, row, upsert=True))
        if writes:
            self._rows.bulk_write(writes)

    def release(self, keys: Iterable[str], told: Told) -> None:
        """Take back that a scrape set albums aside, where the page that told them tells better."""
        place = {"scope": told.scope, "scrape": told.scrape, "page": told.page}
        self._rows.delete_many({"key": {"$in": [*keys]}, **place})

    def forget(self, keys: Iterable[str], told: Told) -> None:
        """These albums are stored. What a newer scrape of the scope says of them stays."""
        settled = [{"scrape": told.scrape}, {"at": {"$lte": told.at}}]
        self._rows.delete_many({"key": {"$in": [*keys]}, "scope": told.scope, "$or": settled})

    def keys(
        self, keys: Iterable[str], *, scrape: str | None = None, scope: str | None = None
    ) -> set[str]:
        """Those of the albums that this scrape, or the last one of this scope, set aside."""
        place = {"scrape": scrape} if scrape is not None else {"scope": scope}
        wanted = {**place, "key": {"$in": [*keys]}}
        return {found["key"] for found in self._rows.find(wanted, {"key": 1})}

    def rows(self, source: str | None = None) -> Iterator[Document]:
        """Each with ``key``, ``reason``, ``scope``, ``page``, and what it told, as text."""
        wanted = {"album.source": source} if source else {}
        in_order = [(field, ASCENDING) for field in ("key", "scope", "at")]
        yield from self._rows.find(wanted, {"_id": 0}).sort(in_order)


def _row(album: Album, reason: str, told: Told) -> Document:
    # What a validator refused may be too large or too odd for another document: as text, cut.
    fields = {name: _text(value) for name, value in album_fields(album).items()}
    return {
        "_id": f"{album.key} {told.scope} {told.scrape}",
        "key": album.key,
        "album": fields | {"source": album.source},
        "reason": reason,
        **{name: getattr(told, name) for name in ("scope", "page", "scrape", "at")},
    }


def _text(value: object) -> str:
    return str(value)[:LONGEST].encode(errors="replace").decode()

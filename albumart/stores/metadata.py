"""Albums in MongoDB: what the sources told, and how far each cover has come.

One document per album, keyed by ``<source>:<source_id>``. Collecting writes ``album`` and its
digest; downloading writes ``cover``. Neither touches the other's part, so each can be repeated.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Final

from pymongo import ASCENDING, MongoClient, ReplaceOne
from pymongo.errors import BulkWriteError

from albumart.album import Album, CoverResult, CoverStatus, Listing, Origin
from albumart.errors import NotFound
from albumart.stores.changes import AlbumChange, Told, UpsertCounts, merge_albums
from albumart.stores.collections import Document, collection_name, ensure_collection, index_on
from albumart.stores.cover_updates import PENDING, cover_update, due_covers
from albumart.stores.quarantine import Quarantine
from albumart.stores.records import AlbumRecord, album_record
from albumart.stores.schema import ALBUM_SCHEMA, album_from_fields

BATCH: Final = 1000
# What the label schemes read of an album.
WORDS: Final = ("genres", "styles", "tags", "moods")
_REFUSED_BY_VALIDATOR: Final = 121  # DocumentValidationFailure


class AlbumStore:
    """The albums of one origin, the history of what changed, and the rows set aside."""

    def __init__(
        self, client: "MongoClient[Document]", database: str, origin: Origin = Origin.LIVE
    ) -> None:
        self._albums = ensure_collection(
            client[database],
            collection_name("albums", origin),
            schema=ALBUM_SCHEMA,
            indexes=[
                index_on("album.source", "album.source_id", unique=True),
                index_on("scopes", "order"),
                index_on("scopes", "cover.status", "cover.next_try"),
                index_on("cover.sha256"),
            ],
        )
        self._history = ensure_collection(
            client[database],
            collection_name("album_history", origin),
            indexes=[index_on("album", "at")],
        )
        self.quarantine = Quarantine(client, database, origin)

    def upsert_albums(self, albums: Sequence[Album], told: Told | None = None) -> UpsertCounts:
        """Insert the new, rewrite the changed, leave the unchanged alone. Idempotent.

        An album whose cover has other addresses than before has its cover asked for anew. What an
        older page tells does not overwrite what a newer one told. What MongoDB refuses is set
        aside, and the rest of the batch is stored.

        Args:
            albums: of one source; one that comes twice has the listings of both.
            told: where they stand; by default the whole source, now.
        """
        if not albums:
            return UpsertCounts()
        told = told or Told(albums[0].source)
        merged = merge_albums(albums)
        known = self._known(merged)
        changes = [AlbumChange(album, known.get(key), told) for key, album in merged.items()]
        refused = self._write([change for change in changes if change.is_needed])
        self.quarantine.put(merged.values(), refused, told)
        self.quarantine.forget(merged.keys() - refused.keys(), told)
        kinds = [change.kind for change in changes if change.album.key not in refused]
        return UpsertCounts(
            inserted=kinds.count("inserted"),
            changed=kinds.count("changed"),
            unchanged=kinds.count("unchanged"),
            quarantined=len(refused),
        )

    def _known(self, albums: Iterable[str]) -> dict[str, Document]:
        fields = {"cover": 0, "order": 0, "first_seen": 0}
        return {
            found["_id"]: found for found in self._albums.find({"_id": {"$in": [*albums]}}, fields)
        }

    def _write(self, needed: Sequence[AlbumChange]) -> dict[str, str]:
        """Write the changes; the keys of those that MongoDB refused, each with its reason."""
        refused = {each.album.key: why for each in needed if (why := each.unstorable())}
        changes = [each for each in needed if each.album.key not in refused]
        # The history before the albums: after a crash between the two, the change is still seen,
        # and its entry is written over.
        self._write_history(changes)
        updates = [change.update() for change in changes]
        try:
            if updates:
                self._albums.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(failure["code"] != _REFUSED_BY_VALIDATOR for failure in failures):
                raise
            lost = [changes[failure["index"]] for failure in failures]
            self._forget_history(lost)
            refused |= dict.fromkeys((change.album.key for change in lost), "validator")
        return refused

    def _write_history(self, changes: Iterable[AlbumChange]) -> None:
        entries = [entry for change in changes if (entry := change.history())]
        if entries:
            writes = [ReplaceOne({"_id": entry["_id"]}, entry, upsert=True) for entry in entries]
            self._history.bulk_write(writes, ordered=False)

    def _forget_history(self, changes: Iterable[AlbumChange]) -> None:
        names = [entry["_id"] for change in changes if (entry := change.history())]
        self._history.delete_many({"_id": {"$in": names}})

    def quarantined(self, source: str | None = None) -> Iterator[Document]:
        """Albums that were set aside: ``key``, ``reason``, ``scope``, ``page``, what it told."""
        return self.quarantine.rows(source)

    def history(self, key: str) -> list[Document]:
        """What changed of one album, oldest first: ``at``, ``scrape`` and the ``changes``."""
        found = self._history.find({"album": key}, {"_id": 0}).sort("at", ASCENDING)
        return list(found)

    def leave_scope(self, scope: str, keys: Iterable[str]) -> int:
        """Take out of a scope what it tells no longer; returns how many."""
        gone = {"_id": {"$in": [*keys]}, "scopes": scope}
        return self._albums.update_many(gone, {"$pull": {"scopes": scope}}).modified_count

    def due_ranges(
        self,
        scope: str,
        *,
        limit: int | None = None,
        only_failed: bool = False,
        code: str | None = None,
        size: int = 250,
    ) -> list[tuple[str, str]]:
        """Covers that may be asked for now, as ``(first key, last key)`` of up to ``size`` albums.

        Keys alone would be a long list; a range is a small value that a task can be given.

        Args:
            scope: whose albums.
            limit: only this many of them, a fair sample.
            only_failed: leave out covers that were never asked for.
            code: leave out those that failed with another one.
            size: of a range.
        """
        due = self._part(scope, limit) | due_covers(only_failed=only_failed, code=code)
        ranges: list[tuple[str, str]] = []
        for number, found in enumerate(self._albums.find(due, {"_id": 1}).sort("_id", ASCENDING)):
            key = found["_id"]
            if number % size == 0:
                ranges.append((key, key))
            ranges[-1] = (ranges[-1][0], key)
        return ranges

    def due_albums(
        self,
        scope: str,
        keys: tuple[str, str],
        *,
        limit: int | None = None,
        only_failed: bool = False,
        code: str | None = None,
    ) -> list[Album]:
        """Albums between the two keys, inclusive, whose cover may be asked for now."""
        first, last = keys
        wanted = self._part(scope, limit) | due_covers(only_failed=only_failed, code=code)
        wanted |= {"_id": {"$gte": first, "$lte": last}}
        found = self._albums.find(wanted, {"album": 1}).sort("_id", ASCENDING)
        return [album_from_fields(document["album"]) for document in found]

    def record_covers(self, results: Iterable[CoverResult]) -> None:
        """Write what became of each cover; AGAIN is given its next try."""
        writes = [cover_update(result, datetime.now(UTC)) for result in results]
        if writes:
            self._albums.bulk_write(writes, ordered=False)

    def rows(self, *scopes: str, limit: int | None = None) -> Iterator[Document]:
        """One flat row per album of these scopes with a stored cover, in key order, for a manifest.

        An album that several of them tell comes once. A ``limit`` is of each, as its covers were
        asked for.
        """
        wanted = self._within(scopes, limit) | {"cover.status": CoverStatus.STORED}
        for found in self._albums.find(wanted).sort("_id", ASCENDING):
            yield _row(found)

    def album_rows(self, *scopes: str) -> Iterator[Document]:
        """One flat row per album of these scopes, whatever became of its cover, for validation."""
        for found in self._albums.find(self._within(scopes, None)).sort("_id", ASCENDING):
            yield {"album": found["_id"], **asdict(album_from_fields(found["album"]))}

    def find(self, key: str) -> Album:
        """The album called ``key``, or NotFound."""
        found = self._albums.find_one({"_id": key})
        if found is None:
            raise NotFound(f"no album {key!r}; a key is <source>:<id>, such as itunes:251001680")
        return replace(album_from_fields(found["album"]), listings=_listings(found))

    def record(self, key: str) -> AlbumRecord:
        """The album called ``key`` with its provenance, or NotFound."""
        found = self._albums.find_one({"_id": key})
        if found is None:
            raise NotFound(f"no album {key!r}; a key is <source>:<id>, such as itunes:251001680")
        return album_record(found)

    def find_albums(self, source: str | None = None) -> Iterator[Album]:
        """Every album, in key order, with its listings."""
        wanted = {"album.source": source} if source else {}
        for found in self._albums.find(wanted).sort("_id", ASCENDING):
            yield replace(album_from_fields(found["album"]), listings=_listings(found))

    def cover_counts(self, *scopes: str, limit: int | None = None) -> dict[str, int]:
        """Number of albums by cover status; every status is there. Of all albums by default."""
        counted = self._count_by("status", self._within(scopes, limit))
        return {status.value: 0 for status in CoverStatus} | counted

    def code_counts(self, scope: str | None = None) -> dict[str, int]:
        """Number of albums by the code of their last outcome (``http_404``, ``truncated``)."""
        counted = self._count_by("code", self._within([scope] if scope else [], None))
        return {code: count for code, count in counted.items() if code}

    def stored_since(self, moment: datetime, *scopes: str) -> int:
        """Number of albums of these scopes whose cover was stored after ``moment``."""
        wanted = {"cover.status": CoverStatus.STORED, "cover.tried": {"$gt": moment}}
        return self._albums.count_documents(self._within(scopes, None) | wanted)

    def sources(self) -> list[str]:
        """Names of the sources that have albums here."""
        return sorted(self._albums.distinct("album.source"))

    def scopes(self) -> list[str]:
        """Names of the parts of sources that have albums here."""
        return sorted(self._albums.distinct("scopes"))

    def reset_covers(self, source: str | None = None, *, code: str | None = None) -> int:
        """Make covers that failed due again now; returns how many. Stored ones stay.

        Absent ones are left alone, unless their ``code`` is asked for.
        """
        retriable = [CoverStatus.AGAIN, CoverStatus.QUARANTINED, CoverStatus.REFUSED]
        retriable += [CoverStatus.ABSENT] if code else []
        wanted: Document = {"cover.status": {"$in": retriable}}
        wanted |= {"album.source": source} if source else {}
        wanted |= {"cover.code": code} if code else {}
        due = {"cover.status": CoverStatus.AGAIN.value, "cover.next_try": datetime.now(UTC)}
        return self._albums.update_many(wanted, {"$set": due}).modified_count

    def covers_by_object(self) -> Iterator[tuple[str, str]]:
        """``(sha256, album key)`` of every stored cover, in order, for the sweep."""
        wanted = {"cover.status": CoverStatus.STORED}
        named = self._albums.find(wanted, {"cover.sha256": 1}).sort("cover.sha256", ASCENDING)
        return ((found["cover"]["sha256"], found["_id"]) for found in named)

    def stored_covers(
        self, *scopes: str, keys: tuple[str, str] | None = None
    ) -> Iterator[tuple[str, str]]:
        """``(album key, sha256)`` of every stored cover of these scopes, or of all, in key order.

        ``keys``: only between these two, inclusive.
        """
        wanted = self._within(scopes, None) | {"cover.status": CoverStatus.STORED}
        if keys is not None:
            wanted |= {"_id": {"$gte": keys[0], "$lte": keys[1]}}
        named = self._albums.find(wanted, {"cover.sha256": 1}).sort("_id", ASCENDING)
        return ((found["_id"], found["cover"]["sha256"]) for found in named)

    def stored_pixels(self) -> Iterator[tuple[str, str, str]]:
        """``(album key, sha256, pixel_sha256)`` of every stored cover, in key order."""
        fields = {"cover.sha256": 1, "cover.pixel_sha256": 1}
        named = self._albums.find({"cover.status": CoverStatus.STORED}, fields)
        return (
            (found["_id"], found["cover"]["sha256"], found["cover"]["pixel_sha256"])
            for found in named.sort("_id", ASCENDING)
        )

    def named_covers(self, digests: Sequence[str]) -> Iterator[str]:
        """Those of the covers that an album has."""
        wanted = {"cover.sha256": {"$in": digests}, "cover.status": CoverStatus.STORED}
        found = self._albums.find(wanted, {"cover.sha256": 1})
        return (each["cover"]["sha256"] for each in found)

    def forget_covers(self, keys: Sequence[str]) -> None:
        """Make the covers of these albums pending, as if never asked for."""
        self._albums.update_many({"_id": {"$in": list(keys)}}, {"$set": {"cover": PENDING}})

    def _within(self, scopes: Sequence[str], limit: int | None) -> Document:
        """Filter: the albums of these scopes, each album once; without scopes, all albums."""
        if limit is None and scopes:
            return {"scopes": {"$in": [*scopes]}}
        parts = [self._part(scope, limit) for scope in scopes]
        return {"$or": parts} if parts else self._part(None, limit)

    def _part(self, scope: str | None, limit: int | None) -> Document:
        """Filter: the scope's albums, or the ``limit`` first of them in hash order.

        Hash order makes a limited run a fair sample: lists come sorted by genre.
        """
        wanted: Document = {"scopes": scope} if scope else {}
        if limit is None:
            return wanted
        last = self._albums.find(wanted, {"order": 1}).sort("order", ASCENDING).skip(limit - 1)
        cut = next(iter(last.limit(1)), None)
        return wanted | ({"order": {"$lte": cut["order"]}} if cut else {})

    def _count_by(self, field: str, match: Document) -> dict[str, int]:
        grouped = self._albums.aggregate(
            [{"$match": match}, {"$group": {"_id": f"$cover.{field}", "n": {"$sum": 1}}}]
        )
        return {str(group["_id"] or ""): group["n"] for group in grouped}


def _listings(found: Document) -> tuple[Listing, ...]:
    return tuple(Listing(**listing) for listing in found.get("listings", ()))


def _row(found: Document) -> Document:
    album, cover = found["album"], found["cover"]
    return {
        "album": found["_id"],
        **{name: tuple(album.get(name, ())) for name in WORDS},
        **{name: album.get(name) for name in ("title", "artist", "artist_id", "year")},
        # Of all sources one numbers its albums by release group, and none tells another's number.
        "mbid": album["source_id"] if album["source"] == "musicbrainz" else None,
        "url": cover["url"],
        "cover_sha256": cover["sha256"],
        **{n: cover[n] for n in ("pixel_sha256", "phash", "width", "height", "format", "blank")},
    }

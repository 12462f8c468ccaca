"""One album beside what is known of it: what is to be written, and what that amounts to."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import bson
from bson.errors import InvalidDocument
from pymongo import UpdateOne

from albumart.album import Album
from albumart.stores.collections import Document
from albumart.stores.cover_updates import PENDING
from albumart.stores.schema import album_fields, changed_fields, fields_digest

LARGEST: Final = 2**20  # bytes of what is told of one album; a document may have sixteen times that
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """Who told of some albums: a page of a source, on a scrape's behalf, at a moment.

    Attributes:
        scope: the part of the source that was asked.
        page: its address.
        scrape: name of the scrape.
        at: when the page came.
        is_current: whether the albums belong to the scope now, or only did then.
    """

    scope: str
    page: str = ""
    scrape: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    is_current: bool = True


@dataclass(frozen=True, slots=True)
class UpsertCounts:
    """What one batch of albums did to the store."""

    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0

    def __add__(self, other: "UpsertCounts") -> "UpsertCounts":
        sums = {name: value + getattr(other, name) for name, value in asdict(self).items()}
        return UpsertCounts(**sums)


class AlbumChange:
    """One album beside what is known of it."""

    def __init__(self, album: Album, known: Document | None, told: Told) -> None:
        self.album, self._known, self._told = album, known, told
        self._fields = album_fields(album)
        if known is not None and known.get("page") != told.page:
            # Another page told of it, too: what this one does not say, that one may know.
            self._fields = known["album"] | self._fields
        self._digest = fields_digest(self._fields)
        self._listings = self._merged_listings()
        self._is_news = known is None or (
            told.at >= known.get("told", _NEVER) and known["digest"] != self._digest
        )

    @property
    def kind(self) -> str:
        """A field of UpsertCounts."""
        if self._known is None:
            return "inserted"
        return "changed" if self._is_news else "unchanged"

    @property
    def is_needed(self) -> bool:
        """Whether anything is to be written at all: also a new place, in a chart or a scope."""
        if self._known is None or self._is_news:
            return True
        joins = self._told.is_current and self._told.scope not in self._known["scopes"]
        return joins or self._listings != self._known.get("listings", [])

    def update(self) -> UpdateOne:
        """The write that makes it so."""
        always: Document = {"listings": self._listings} if self._listings else {}
        at_first: Document = {
            "first_seen": datetime.now(UTC),
            "order": hashlib.sha256(self.album.key.encode()).hexdigest(),
        }
        if self._is_news:
            always |= {"album": self._fields, "digest": self._digest}
            always |= {"told": self._told.at, "page": self._told.page}
        (always if self._has_moved() else at_first)["cover"] = PENDING
        joined = [self._told.scope] if self._told.is_current else []
        changes: Document = {"$setOnInsert": at_first, "$addToSet": {"scopes": {"$each": joined}}}
        return UpdateOne(
            {"_id": self.album.key}, changes | ({"$set": always} if always else {}), upsert=True
        )

    def history(self) -> Document | None:
        """What changed of an album that was known; None where nothing did.

        It is named by what it tells, so that the same change written twice is one entry.
        """
        if self._known is None or not self._is_news:
            return None
        changes = changed_fields(self._known["album"], self._fields)
        key, told = self.album.key, self._told
        name = f"{key} {told.at.isoformat(timespec='milliseconds')} {self._digest[:16]}"
        entry: Document = {"_id": name, "album": key, "at": told.at, "scrape": told.scrape}
        return entry | {"changes": changes} if changes else None

    def unstorable(self) -> str:
        """Why MongoDB could not even be asked to store it, in one word; empty if it can be."""
        try:
            size = len(bson.encode({"_id": self.album.key, "album": self._fields}))
        except (InvalidDocument, OverflowError, UnicodeError):
            return "no_document"
        return "too_large" if size > LARGEST else ""

    def _has_moved(self) -> bool:
        if self._known is None or not self._is_news:
            return False
        return bool(self._known["album"]["cover_urls"] != list(self.album.cover_urls))

    def _merged_listings(self) -> list[Document]:
        """The latest place in each chart, charts in order."""
        latest = {listing["chart"]: listing for listing in (self._known or {}).get("listings", ())}
        for listing in map(asdict, self.album.listings):
            if listing["day"] >= latest.get(listing["chart"], listing)["day"]:
                latest[listing["chart"]] = listing
        return [latest[chart] for chart in sorted(latest)]


def merge_albums(albums: Iterable[Album]) -> dict[str, Album]:
    """Albums by key; one that comes twice has its last fields and the listings of both."""
    merged: dict[str, Album] = {}
    for album in albums:
        earlier = merged.get(album.key)
        listings = (*(earlier.listings if earlier else ()), *album.listings)
        merged[album.key] = replace(album, listings=listings)
    return merged

"""One album beside what is known of it: what is to be written, and what that amounts to."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from pymongo import UpdateOne

from albumart.album import Album
from albumart.stores.collections import Document
from albumart.stores.cover_updates import PENDING
from albumart.stores.schema import album_fields, changed_fields, fields_digest

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """Who told of some albums: a page of a source, on a scrape's behalf, at a moment."""

    scope: str
    page: str = ""
    scrape: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


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
        is_new_place = self._told.scope not in self._known["scopes"]
        return is_new_place or self._listings != self._known.get("listings", [])

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
        changes: Document = {"$setOnInsert": at_first, "$addToSet": {"scopes": self._told.scope}}
        return UpdateOne(
            {"_id": self.album.key}, changes | ({"$set": always} if always else {}), upsert=True
        )

    def history(self) -> Document | None:
        """What changed of an album that was known; None where nothing did."""
        if self._known is None or not self._is_news:
            return None
        changes = changed_fields(self._known["album"], self._fields)
        entry = {"album": self.album.key, "at": self._told.at, "scrape": self._told.scrape}
        return entry | {"changes": changes} if changes else None

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


def set_aside(album: Album, reason: str, told: Told) -> Document:
    """The document of an album that is not stored: what it told, as text, and why."""
    # What a validator refused may be too large or too odd for another document: as text, cut.
    fields = {name: str(value)[:2_000] for name, value in album_fields(album).items()}
    return {
        "album": {**fields, "source": album.source},
        "reason": reason,
        **asdict(told),
    }

"""What an operator asks of the stores, counted by their indexes; and the seconds of stations.

Nothing is made and no document is read that an index can speak for, so that it may be asked every
minute of stores that hold millions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from albumart.album import CoverStatus, Origin
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.stores.collections import Document, collection_name
from albumart.stores.mongodb import connect

STATIONS: Final = "station_seconds"
_AGAIN: Final = CoverStatus.AGAIN.value


@dataclass(frozen=True, slots=True)
class Count:
    """So many ``items`` of one part of a source that are ``status``."""

    items: str
    origin: Origin
    scope: str
    status: str
    number: int


@dataclass(frozen=True, slots=True)
class StationTotals:
    """All runs of one station: how many, how long all in all, and how long the last one took."""

    station: str
    runs: int
    failures: int
    seconds: float
    last_seconds: float
    last: datetime


@contextmanager
def open_counts(endpoints: Endpoints) -> Iterator["StoreCounts"]:
    """The counts of a database, without the object store.

    Raises:
        PlatformError: MongoDB does not answer, refuses us, or failed during the block.
    """
    try:
        with connect(endpoints.mongodb_uri) as client:
            yield StoreCounts(client, endpoints.mongodb_database)
    except PyMongoError as error:
        raise PlatformError(f"MongoDB failed: {str(error).partition(chr(10))[0][:300]}") from error


class StoreCounts:
    """The numbers of one database."""

    def __init__(self, client: "MongoClient[Document]", database: str) -> None:
        self._database = client[database]

    def items(self) -> Iterator[Count]:
        """Covers and pages by origin, scope and status; only what there is.

        An album that several scopes tell is counted in each.
        """
        for origin, scope in self._scopes("albums", "scopes"):
            for status in CoverStatus:
                wanted: Document = {"scopes": scope, "cover.status": status.value}
                yield from self._count("covers", origin, scope, status.value, wanted)
        for origin, scope in self._scopes("pages", "scope"):
            for status in CoverStatus:
                yield from self._count(
                    "pages", origin, scope, status.value, _page(scope, status.value)
                )

    def retries(self) -> Iterator[Count]:
        """What failed and is tried again: ``due`` now, or ``waiting`` for its next try."""
        now = datetime.now(UTC)
        when: Document = {"due": {"$lte": now}, "waiting": {"$gt": now}}
        covers = product(self._scopes("albums", "scopes"), when)
        for (origin, scope), status in covers:
            wanted: Document = {"scopes": scope, "cover.status": _AGAIN}
            wanted["cover.next_try"] = when[status]
            yield from self._count("covers", origin, scope, status, wanted)
        for (origin, scope), status in product(self._scopes("pages", "scope"), when):
            wanted = _page(scope, _AGAIN) | {"next_try": when[status]}
            yield from self._count("pages", origin, scope, status, wanted)

    def totals(self) -> Iterator[tuple[str, Origin, int]]:
        """Documents by kind and origin; albums of several scopes are counted once."""
        names = set(self._database.list_collection_names())
        for kind, origin in product(("albums", "quarantine", "predictions"), Origin):
            if (name := collection_name(kind, origin)) in names:
                yield kind, origin, self._database[name].estimated_document_count()

    def add_seconds(self, station: str, seconds: float, *, failed: bool) -> None:
        """Add one run of a station to its totals."""
        sums = {"runs": 1, "failures": int(failed), "seconds": seconds}
        last = {"last_seconds": seconds, "last": datetime.now(UTC)}
        self._database[STATIONS].update_one(
            {"_id": station}, {"$inc": sums, "$set": last}, upsert=True
        )

    def stations(self) -> list[StationTotals]:
        """The totals of each station, in order of their names."""
        found = self._database[STATIONS].find().sort("_id")
        return [
            StationTotals(
                each["_id"],
                *(each[name] for name in ("runs", "failures", "seconds", "last_seconds", "last")),
            )
            for each in found
        ]

    def _scopes(self, kind: str, field: str) -> list[tuple[Origin, str]]:
        return [
            (origin, scope)
            for origin in Origin
            for scope in sorted(self._database[collection_name(kind, origin)].distinct(field))
        ]

    def _count(
        self, items: str, origin: Origin, scope: str, status: str, wanted: Document
    ) -> Iterator[Count]:
        kind = {"covers": "albums", "pages": "pages"}[items]
        number = self._database[collection_name(kind, origin)].count_documents(wanted)
        if number:
            yield Count(items, origin, scope, status, number)


def _page(scope: str, status: str) -> Document:
    return {"source": scope.partition("?")[0], "scope": scope, "status": status}

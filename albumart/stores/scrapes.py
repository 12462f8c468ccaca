"""Scrapes in MongoDB: each that brought something new, until it is current, or set aside."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from pymongo import DESCENDING, MongoClient
from pymongo.errors import DuplicateKeyError

from albumart.album import Origin
from albumart.errors import NotFound
from albumart.stores.collections import Document, collection_name, ensure_collection, index_on


class ScrapeStatus(StrEnum):
    """How far a scrape has come."""

    FETCHING = "fetching"  # or killed while it did: the next one goes on with it
    QUARANTINED = "quarantined"  # changed too much; waits for a person
    LOADING = "loading"  # accepted; its albums are being stored
    CURRENT = "current"  # stored; what later ones are compared with
    SUPERSEDED = "superseded"  # the source went back to what it was


FINISHED: Final = frozenset({ScrapeStatus.CURRENT, ScrapeStatus.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class Scrape:
    """One collection of one scope of a source.

    Attributes:
        run: its name; ``albumart data accept RUN`` takes it.
        asked_since: pages that came after this moment need not be asked for again.
        totals: albums by first genre, as the pages told them; empty until it is loaded.
        reasons: why it is quarantined, in sentences.
    """

    run: str
    source: str
    scope: str
    status: ScrapeStatus
    started: datetime
    asked_since: datetime
    totals: Mapping[str, int] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    finished: datetime | None = None


class ScrapeStore:
    """The scrapes of one origin. A scope has at most one that is not finished."""

    def __init__(
        self, client: "MongoClient[Document]", database: str, origin: Origin = Origin.LIVE
    ) -> None:
        self._scrapes = ensure_collection(
            client[database],
            collection_name("scrapes", origin),
            # ``open`` is the scope, for as long as its scrape is not finished.
            indexes=[
                index_on("scope", "status", "finished"),
                index_on("open", unique=True, sparse=True),
            ],
        )

    def find(self, run: str) -> Scrape:
        """The scrape called ``run``, or NotFound."""
        found = self._scrapes.find_one({"_id": run})
        if found is None:
            raise NotFound(f"no scrape {run!r}; `albumart data scrapes` lists them")
        return _scrape(found)

    def unfinished(self, scope: str) -> Scrape | None:
        """The scrape of this scope that was killed, or waits for a person."""
        found = self._scrapes.find_one(
            {"scope": scope, "status": {"$nin": [status.value for status in FINISHED]}},
            sort=[("started", DESCENDING)],
        )
        return _scrape(found) if found else None

    def current(self, scope: str) -> Scrape | None:
        """The last scrape of this scope that was stored."""
        found = self._scrapes.find_one(
            {"scope": scope, "status": ScrapeStatus.CURRENT.value},
            sort=[("finished", DESCENDING)],
        )
        return _scrape(found) if found else None

    def scrapes(self, source: str | None = None) -> list[Scrape]:
        """All scrapes, newest first."""
        wanted = {"source": source} if source else {}
        found = self._scrapes.find(wanted).sort("started", DESCENDING)
        return [_scrape(document) for document in found]

    def scopes(self, source: str) -> list[str]:
        """Names of the parts of a source that were scraped."""
        return sorted(self._scrapes.distinct("scope", {"source": source}))

    def begin(self, source: str, scope: str) -> Scrape:
        """A new scrape; or the one that somebody else began meanwhile."""
        now = datetime.now(UTC)
        run = f"{source}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        scrape = Scrape(run, source, scope, ScrapeStatus.FETCHING, now, now)
        try:
            self._scrapes.insert_one(_fields(scrape) | {"open": scope})
        except DuplicateKeyError:
            return self.unfinished(scope) or self.begin(source, scope)
        return scrape

    def update(self, run: str, **changes: object) -> Scrape:
        """Write some fields of a scrape, and return it as it is then."""
        self._scrapes.update_one({"_id": run}, _written(changes))
        return self.find(run)

    def move(self, run: str, before: ScrapeStatus, now: ScrapeStatus, **changes: object) -> bool:
        """Take a scrape from one status to another; False where somebody else took it first."""
        wanted = {"_id": run, "status": before.value}
        written = _written({"status": now, **changes})
        return self._scrapes.update_one(wanted, written).matched_count == 1


def _written(changes: Mapping[str, object]) -> Document:
    written: Document = {"$set": {name: _plain(value) for name, value in changes.items()}}
    return written | ({"$unset": {"open": ""}} if changes.get("status") in FINISHED else {})


def _plain(value: object) -> object:
    # Totals as pairs: a genre may hold what MongoDB takes for an operator.
    if isinstance(value, Mapping):
        return [[name, count] for name, count in value.items()]
    return [*value] if isinstance(value, tuple) else value


def _fields(scrape: Scrape) -> Document:
    return {
        "_id": scrape.run,
        "source": scrape.source,
        "scope": scrape.scope,
        "status": scrape.status.value,
        "started": scrape.started,
        "asked_since": scrape.asked_since,
        "totals": [],
        "reasons": [],
        "finished": None,
    }


def _scrape(found: Document) -> Scrape:
    return Scrape(
        run=found["_id"],
        source=found["source"],
        scope=found["scope"],
        status=ScrapeStatus(found["status"]),
        started=found["started"],
        asked_since=found["asked_since"],
        totals=dict(found["totals"]),
        reasons=tuple(found["reasons"]),
        finished=found["finished"],
    )

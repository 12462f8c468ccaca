"""Pages of sources: what became of each address, and every version that was ever read.

One document per address. ``version`` is what the albums in the store were made of; ``staged`` is
what a scrape brought and nobody has accepted yet. The bodies lie in the object store, compressed
and named by their digest; ``page_versions`` remembers each one that was accepted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from pymongo import ASCENDING, MongoClient

from albumart.album import CoverStatus, Origin
from albumart.stores.collections import Document, collection_name, ensure_collection, index_on
from albumart.stores.cover_updates import next_try

_FAILING: Final = (CoverStatus.AGAIN, CoverStatus.QUARANTINED, CoverStatus.REFUSED)


@dataclass(frozen=True, slots=True)
class PageVersion:
    """One body of a page.

    Attributes:
        sha256: of the body; names its object.
        fetched: when it came.
        scrape: the scrape that brought it.
        headers: those of the answer that matter: ``etag``, ``last-modified``, ``content-type``.
        also: ``(url, sha256)`` of the documents that it is parsed with.
        albums: albums on it by their first genre; None until it was parsed.
    """

    sha256: str
    fetched: datetime
    scrape: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    also: tuple[tuple[str, str], ...] = ()
    albums: tuple[tuple[str, int], ...] | None = None

    def object_key(self, source: str) -> str:
        """Where the body lies."""
        return page_key(source, self.sha256)


@dataclass(frozen=True, slots=True)
class PageState:
    """What is known of one address."""

    source: str
    url: str
    scope: str = ""
    status: CoverStatus = CoverStatus.PENDING
    code: str = ""
    next_try: datetime | None = None
    version: PageVersion | None = None
    staged: PageVersion | None = None


def page_key(source: str, sha256: str) -> str:
    """Object key of a page's body, gzipped."""
    return f"pages/{source}/{sha256}.gz"


class PageStore:
    """The pages of one origin."""

    def __init__(
        self, client: "MongoClient[Document]", database: str, origin: Origin = Origin.LIVE
    ) -> None:
        self._pages = ensure_collection(
            client[database],
            collection_name("pages", origin),
            indexes=[index_on("staged.scrape"), index_on("source", "scope", "status")],
        )
        self._versions = ensure_collection(
            client[database],
            collection_name("page_versions", origin),
            indexes=[index_on("source", "fetched")],
        )

    def find(self, source: str, url: str) -> PageState:
        """What is known of an address; a state without versions where nothing is."""
        found = self._pages.find_one({"_id": _id(source, url)})
        return _state(found) if found else PageState(source, url)

    def record(self, state: PageState, *, retry_after: float | None = None) -> None:
        """Write how an address was answered: its status, code, next try, and what it staged."""
        now = datetime.now(UTC)
        due, attempts = next_try(state.status, now, "$attempts", retry_after)
        fields: Document = {
            "source": state.source,
            "url": state.url,
            "scope": state.scope,
            "status": state.status.value,
            "code": state.code,
            "tried": now,
        }
        if state.staged:
            fields["staged"] = _version_fields(state.staged)
        literal: dict[str, Any] = {name: {"$literal": value} for name, value in fields.items()}
        self._pages.update_one(
            {"_id": _id(state.source, state.url)},
            [{"$set": literal | {"next_try": due, "attempts": attempts}}],
            upsert=True,
        )

    def stage(self, state: PageState, version: PageVersion) -> None:
        """Keep a version aside until its scrape is accepted."""
        self.record(replace(state, status=CoverStatus.STORED, code="", staged=version))

    def complete(self, state: PageState, version: PageVersion) -> None:
        """Add to a staged version what it is parsed with, and how many albums that gave."""
        added = {"albums": _pairs(version.albums), "also": _pairs(version.also)}
        self._pages.update_one(
            {"_id": _id(state.source, state.url)},
            {"$set": {f"staged.{name}": value for name, value in added.items()}},
        )

    def quarantine(self, state: PageState, code: str) -> None:
        """Set a page aside whose body is kept but could not be read."""
        self._pages.update_one(
            {"_id": _id(state.source, state.url)},
            {"$set": {"status": CoverStatus.QUARANTINED.value, "code": code}},
        )

    def staged(self, scrape: str) -> Iterator[PageState]:
        """Pages of a scrape that wait to be accepted."""
        wanted = {"staged.scrape": scrape, "status": CoverStatus.STORED.value}
        return map(_state, self._pages.find(wanted))

    def unreadable(self, source: str) -> Iterator[PageState]:
        """Pages that no parser could read when they came."""
        status = CoverStatus.QUARANTINED.value
        wanted = {"source": source, "status": status, "staged": {"$ne": None}}
        return map(_state, self._pages.find(wanted))

    def accept(self, state: PageState) -> None:
        """What was staged is what the store is made of now; and remembered for good."""
        staged = state.staged
        if staged is None:
            return
        place = {"source": state.source, "url": state.url, "scope": state.scope}
        entry = f"{_id(state.source, state.url)} {staged.scrape}"
        self._versions.replace_one({"_id": entry}, place | _version_fields(staged), upsert=True)
        fields = {
            "version": _version_fields(staged),
            "status": CoverStatus.STORED.value,
            "code": "",
        }
        self._pages.update_one(
            {"_id": _id(state.source, state.url)}, {"$set": fields, "$unset": {"staged": ""}}
        )

    def recount(self, state: PageState, albums: Sequence[tuple[str, int]]) -> None:
        """Write how many albums a mended parser found on the version that is current."""
        if state.version:
            wanted = {"_id": _id(state.source, state.url), "version.sha256": state.version.sha256}
            self._pages.update_one(wanted, {"$set": {"version.albums": _pairs(albums)}})

    def totals(self, scope: str) -> Counter[str]:
        """Albums by first genre over all current pages of a scope."""
        totals: Counter[str] = Counter()
        wanted = {"scope": scope, "version.albums": {"$ne": None}}
        for found in self._pages.find(wanted, {"version.albums": 1}):
            totals.update(dict(found["version"]["albums"]))
        return totals

    def drop_staged(self, scrape: str, *, before: datetime) -> None:
        """Forget what a scrape staged ``before``, when it was first tried; the bodies stay."""
        old = {"staged.scrape": scrape, "staged.fetched": {"$lt": before}}
        self._pages.update_many(old, {"$unset": {"staged": ""}})

    def versions(self, source: str) -> Iterator[PageState]:
        """Every accepted version that told of albums, oldest first, as a state's ``version``."""
        wanted = {"source": source, "albums": {"$ne": None}}
        for found in self._versions.find(wanted).sort("fetched", ASCENDING):
            yield PageState(source, found["url"], found["scope"], version=_version(found))

    def counts(self, scope: str | None = None) -> dict[tuple[str, str, str], int]:
        """Number of addresses by source, status and code."""
        key = {"source": "$source", "status": "$status", "code": "$code"}
        wanted = {"scope": scope} if scope else {}
        grouped = self._pages.aggregate(
            [{"$match": wanted}, {"$group": {"_id": key, "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
        )
        return {
            (found["_id"]["source"], found["_id"]["status"], found["_id"]["code"]): found["n"]
            for found in grouped
        }

    def reset(self, source: str | None = None, *, code: str | None = None) -> list[str]:
        """Make pages that failed due again now; returns the scopes in which there are any."""
        failing = [
            CoverStatus.AGAIN.value,
            CoverStatus.QUARANTINED.value,
            CoverStatus.REFUSED.value,
        ]
        wanted: Document = {"status": {"$in": failing}}
        wanted |= {"source": source} if source else {}
        wanted |= {"code": code} if code else {}
        scopes = sorted(self._pages.distinct("scope", wanted))
        due = {"status": CoverStatus.AGAIN.value, "next_try": datetime.now(UTC)}
        self._pages.update_many(wanted, {"$set": due})
        return scopes


def _id(source: str, url: str) -> str:
    return f"{source} {url}"


def _pairs(items: Sequence[tuple[str, Any]] | None) -> list[list[Any]] | None:
    # Lists of pairs, for a genre or an address may hold what MongoDB takes for an operator.
    return None if items is None else [list(item) for item in items]


def _version_fields(version: PageVersion) -> Document:
    pairs = {name: _pairs(getattr(version, name)) for name in ("headers", "also", "albums")}
    return asdict(version) | pairs


def _version(found: Document) -> PageVersion:
    albums = found.get("albums")
    return PageVersion(
        sha256=found["sha256"],
        fetched=found["fetched"],
        scrape=found["scrape"],
        headers=tuple((name, value) for name, value in found["headers"]),
        also=tuple((url, sha256) for url, sha256 in found["also"]),
        albums=None if albums is None else tuple((genre, n) for genre, n in albums),
    )


def _state(found: Document) -> PageState:
    versions = {name: _version(found[name]) for name in ("version", "staged") if found.get(name)}
    return PageState(
        source=found["source"],
        url=found["url"],
        scope=found["scope"],
        status=CoverStatus(found["status"]),
        code=found["code"],
        next_try=found.get("next_try"),
        **versions,
    )

"""Pages of sources: what became of each address, and every version that was ever read.

One document per scope and address. ``version`` is what the albums in the store were made of;
``staged`` is what a scrape brought and nobody has accepted yet. The bodies lie in the object store,
compressed and named by their digest; ``page_versions`` remembers each one that was accepted.
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

# Codes of pages that came, are kept, and could not be read: by the parser, or by the fetch that
# looks for further addresses on them.
UNREADABLE: Final = "parse"
NO_LISTING: Final = "listing"

_FAILING: Final = (CoverStatus.AGAIN, CoverStatus.QUARANTINED, CoverStatus.REFUSED)
# Whoever reads pages parses each, and a cursor that waits for ten minutes is gone.
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class PageVersion:
    """One body of a page.

    Attributes:
        sha256: of the body; names its object.
        fetched: when it came.
        scrape: the scrape that brought it.
        headers: those of the answer that matter: ``etag``, ``last-modified``, ``content-type``.
        also: ``(url, sha256)`` of the documents that it is parsed with.
        part_of: address of the page that could not be read with it, where it is no page itself.
        albums: albums on it by their first genre; None until it was parsed.
    """

    sha256: str
    fetched: datetime
    scrape: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    also: tuple[tuple[str, str], ...] = ()
    part_of: str = ""
    albums: tuple[tuple[str, int], ...] | None = None


@dataclass(frozen=True, slots=True)
class PageState:
    """What is known of one address in one scope."""

    scope: str
    url: str
    status: CoverStatus = CoverStatus.PENDING
    code: str = ""
    next_try: datetime | None = None
    version: PageVersion | None = None
    staged: PageVersion | None = None

    @property
    def source(self) -> str:
        """Name of the source."""
        return self.scope.partition("?")[0]

    @property
    def last_read(self) -> PageVersion | None:
        """What the next answer is compared with: also what no parser could read."""
        return self.staged if self.staged and self.code == UNREADABLE else self.version


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

    def find(self, scope: str, url: str) -> PageState:
        """What is known of an address; a state without versions where nothing is."""
        found = self._pages.find_one({"_id": _id(scope, url)})
        return _state(found) if found else PageState(scope, url)

    def record(self, state: PageState, *, retry_after: float | None = None) -> None:
        """Write how an address was answered: its status, code, next try, and what is staged."""
        now = datetime.now(UTC)
        due, attempts = next_try(state.status, now, "$attempts", retry_after)
        fields: Document = {
            "source": state.source,
            "url": state.url,
            "scope": state.scope,
            "status": state.status.value,
            "code": state.code,
            "tried": now,
            "staged": _version_fields(state.staged) if state.staged else None,
        }
        literal: dict[str, Any] = {name: {"$literal": value} for name, value in fields.items()}
        self._pages.update_one(
            {"_id": _id(state.scope, state.url)},
            [{"$set": literal | {"next_try": due, "attempts": attempts}}],
            upsert=True,
        )

    def stage(self, state: PageState, version: PageVersion) -> None:
        """Keep a version aside until its scrape is accepted."""
        self.record(replace(state, status=CoverStatus.STORED, code="", staged=version))

    def complete(self, state: PageState, version: PageVersion) -> None:
        """Stage what was read: with what it is parsed with, and how many albums that gave.

        An address that did not answer is asked again all the same when its next try has come.
        """
        fields = {"staged": _version_fields(version), **_settled(state)}
        self._pages.update_one({"_id": _id(state.scope, state.url)}, {"$set": fields})

    def quarantine(self, state: PageState, code: str, read: PageVersion | None = None) -> None:
        """Set a page aside whose body is kept, as the version ``read``, but could not be read."""
        fields: Document = {"status": CoverStatus.QUARANTINED.value, "code": code}
        fields |= {"staged": _version_fields(read)} if read else {}
        is_known = (state.status, state.code) == (CoverStatus.QUARANTINED, code)
        if not is_known or (read and read != state.staged):
            self._pages.update_one({"_id": _id(state.scope, state.url)}, {"$set": fields})

    def staged(self, scrape: str) -> Iterator[PageState]:
        """Pages of a scrape that wait to be accepted."""
        answered = [CoverStatus.STORED.value, CoverStatus.AGAIN.value]
        wanted = {"staged.scrape": scrape, "status": {"$in": answered}, "code": {"$ne": UNREADABLE}}
        return map(_state, self._pages.find(wanted, batch_size=_AT_ONCE))

    def unreadable(self, source: str) -> Iterator[PageState]:
        """Pages that no parser could read when they came; parts come with their page."""
        wanted = {"source": source, "code": UNREADABLE, "staged.part_of": ""}
        return map(_state, self._pages.find(wanted, batch_size=_AT_ONCE))

    def accept(self, state: PageState) -> None:
        """What was staged is what the store is made of now; and remembered for good."""
        staged = state.staged
        if staged is None:
            return
        place = {"source": state.source, "url": state.url, "scope": state.scope}
        fields, page = _version_fields(staged), _id(state.scope, state.url)
        entry = f"{page} {staged.scrape} {staged.sha256}"
        self._versions.replace_one({"_id": entry}, place | fields, upsert=True)
        # Somebody else may have staged another version meanwhile: that one still waits.
        is_this = [{"$eq": [f"$staged.{n}", {"$literal": fields[n]}]} for n in ("scrape", "sha256")]
        waits = {"$cond": [{"$and": is_this}, None, "$staged"]}
        settled = {name: {"$literal": value} for name, value in _settled(state).items()}
        accepted = {"version": {"$literal": fields}, "staged": waits, **settled}
        self._pages.update_one({"_id": page}, [{"$set": accepted}])

    def recount(self, state: PageState, albums: Sequence[tuple[str, int]]) -> None:
        """Write how many albums a mended parser found on the version that is current."""
        if state.version:
            wanted = {"_id": _id(state.scope, state.url), "version.sha256": state.version.sha256}
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
        old: Document = {"staged.scrape": scrape, "staged.fetched": {"$lt": before}}
        old |= {"status": CoverStatus.STORED.value}
        self._pages.update_many(old, {"$set": {"staged": None}})

    def versions(self, source: str) -> Iterator[PageState]:
        """Every accepted version that told of albums, oldest first, as a state's ``version``."""
        wanted = {"source": source, "albums": {"$ne": None}}
        oldest_first = self._versions.find(wanted, batch_size=_AT_ONCE).sort("fetched", ASCENDING)
        for found in oldest_first:
            yield PageState(found["scope"], found["url"], version=_version(found))

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
        """Make pages that failed due again now; returns the scopes in which there are any.

        Absent ones are left alone, unless their ``code`` is asked for.
        """
        failing = [status.value for status in _FAILING]
        failing += [CoverStatus.ABSENT.value] if code else []
        wanted: Document = {"status": {"$in": failing}}
        wanted |= {"source": source} if source else {}
        wanted |= {"code": code} if code else {}
        scopes = sorted(self._pages.distinct("scope", wanted))
        due = {"status": CoverStatus.AGAIN.value, "next_try": datetime.now(UTC)}
        self._pages.update_many(wanted, {"$set": due})
        return scopes


def _id(scope: str, url: str) -> str:
    # A scope's name holds no space. One address may stand in several scopes: what one of them made
    # of it, another may not have read yet.
    return f"{scope} {url}"


def _settled(state: PageState) -> Document:
    """Status and code of a page that was read; nothing where only its last version stands in."""
    if state.status is CoverStatus.AGAIN and state.code != UNREADABLE:
        return {}
    return {"status": CoverStatus.STORED.value, "code": ""}


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
        part_of=found["part_of"],
        albums=None if albums is None else tuple((genre, n) for genre, n in albums),
    )


def _state(found: Document) -> PageState:
    versions = {name: _version(found[name]) for name in ("version", "staged") if found.get(name)}
    return PageState(
        scope=found["scope"],
        url=found["url"],
        status=CoverStatus(found["status"]),
        code=found["code"],
        next_try=found.get("next_try"),
        **versions,
    )

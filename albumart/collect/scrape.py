"""One scrape: pages are fetched and parsed, judged as a whole, and only then stored.

A scrape is staged page by page in the stores, so that it goes on after a crash, can wait for a
person, and takes no more memory for more albums.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from albumart.album import Album, Origin
from albumart.collect.crawl import RecordedCrawl, Unwatched, Watch
from albumart.collect.gate import Change, compare_totals, refusals
from albumart.collect.load import finish_loading, first_genres, load_scrape, parse_page
from albumart.collect.open_scrape import OpenScrape
from albumart.errors import FetchError, NotFound, ParseError
from albumart.http.client import PoliteClient
from albumart.sources import Page, Query, Source
from albumart.stores.changes import Told, UpsertCounts
from albumart.stores.scrapes import ScrapeStatus
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)

JUDGED_AT_ONCE: Final = 5_000  # albums; a validation costs a tenth of a second however few they are
FEW: Final = 5  # broken pages below this say nothing of a share

# Albums of one source → {key: reason} of those that may not be stored.
Judge = Callable[[Sequence[Album]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Options:
    """How a scrape is watched and judged.

    Attributes:
        judge: sets albums aside; by default none.
        watch: is told of each page.
        only_failed: ask only for pages that failed before.
    """

    judge: Judge = lambda _: {}
    watch: Watch = field(default_factory=Unwatched)
    only_failed: bool = False


@dataclass(frozen=True, slots=True)
class CollectCounts:
    """What one scrape read and wrote.

    Attributes:
        scope: the part of a source that was asked.
        run: name of the scrape; None where nothing was new.
        pages: pages by what became of them.
        albums: what was written; nothing where the scrape is quarantined.
        changes: the comparison with the last accepted scrape.
        reasons: why the scrape is quarantined; empty where it is current.
    """

    scope: str
    run: str | None
    pages: Mapping[str, int]
    albums: UpsertCounts = field(default_factory=UpsertCounts)
    changes: tuple[Change, ...] = ()
    reasons: tuple[str, ...] = ()


def collect_albums(
    client: PoliteClient,
    workspace: Workspace,
    source: Source,
    query: Query,
    options: Options | None = None,
) -> CollectCounts:
    """Scrape one scope of one source. Safe to repeat, to kill, and to run again.

    Raises:
        ParseError: more pages than the source's gate allows have another shape; the message names
            the copy that was kept.
        Refused: the host told us to stay away.
        FetchError, NotFound: not one page came.
    """
    options = options or Options()
    scrape = OpenScrape(workspace.scrapes, source.name, query)
    stored = finish_loading(workspace, source, scrape.scope)
    crawl = RecordedCrawl(client, workspace, scrape, options.watch, options.only_failed)
    staging = _Staging(workspace, source, crawl, options.judge)
    for page in source.fetch(crawl, query):
        staging.add(page)
    staging.finish()
    return _conclude(workspace, staging, query, stored)


@dataclass(slots=True)
class _Staging:
    """Adds up the pages of a scrape, and sets aside what must not be stored."""

    workspace: Workspace
    source: Source
    crawl: RecordedCrawl
    judge: Judge
    totals: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    broken: list[ParseError] = field(default_factory=list)
    set_aside: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    waiting: list[tuple[Album, str]] = field(default_factory=list)

    def add(self, page: Page) -> None:
        """Count the albums of a page; parse it first if it is new."""
        self.pages += 1
        if page.is_new:
            self._read(page)
        else:
            known = self.workspace.pages.find(page.source, page.url).version
            self.totals.update(dict((known and known.albums) or ()))

    def finish(self) -> None:
        """Judge what is left, and make sure that anything came at all."""
        self._judge()
        outcomes = self.crawl.outcomes
        if self.pages == 0 and outcomes.keys() & {"again", "absent", "refused", "quarantined"}:
            told = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items())
            kind = FetchError if outcomes["again"] else NotFound
            raise kind(f"{self.crawl.scrape.scope}: expected pages; got none ({told})")

    def _read(self, page: Page) -> None:
        try:
            albums = parse_page(self.source, page)
        except ParseError as error:
            self._break(page, error)
            return
        counts = first_genres(albums)
        self.totals.update(dict(counts))
        self._complete(page, counts)
        self.waiting += [(album, page.url) for album in albums]
        if len(self.waiting) >= JUDGED_AT_ONCE:
            self._judge()

    def _break(self, page: Page, error: ParseError) -> None:
        pages = self.workspace.pages
        for part in (page, *page.also):  # nobody knows which of them is broken
            pages.quarantine(pages.find(part.source, part.url), "parse")
        self.broken.append(error)
        logger.warning("%s", error)
        allowed = self.source.gate.broken_pages
        if allowed == 0 or (len(self.broken) >= FEW and len(self.broken) > allowed * self.pages):
            raise error

    def _complete(self, page: Page, counts: tuple[tuple[str, int], ...]) -> None:
        pages, run = self.workspace.pages, self.crawl.scrape.ensure()
        state = replace(pages.find(page.source, page.url), scope=self.crawl.scrape.scope)
        if state.staged is None and state.version is not None:
            # It did not change itself, but what it is read with did.
            state = replace(
                state, staged=replace(state.version, scrape=run, fetched=datetime.now(UTC))
            )
            pages.record(state)
        assert state.staged is not None  # noqa: S101 - a new page is staged
        also = tuple((part.url, part.sha256) for part in page.also)
        pages.complete(state, replace(state.staged, also=also, albums=counts))

    def _judge(self) -> None:
        albums = [album for album, _ in self.waiting]
        failing = self.judge(albums) if albums else {}
        self.judged += len(albums)
        self.set_aside.update(failing.values())
        scrape = self.crawl.scrape
        for url in dict.fromkeys(url for album, url in self.waiting if album.key in failing):
            rows = [album for album, page in self.waiting if page == url]
            told = Told(scrape.scope, url, scrape.ensure())
            self.workspace.albums.quarantine_albums(rows, failing, told)
        self.waiting.clear()

    def complaints(self) -> tuple[str, ...]:
        """Why too many rows were set aside for the rest to be believed, if they were."""
        failing = self.set_aside.total()
        if failing <= self.source.gate.broken_rows * self.judged:
            return ()
        rules = ", ".join(f"{rule} {count}" for rule, count in self.set_aside.most_common(5))
        return (f"{failing:,} of {self.judged:,} albums break a critical expectation: {rules}",)


def _conclude(
    workspace: Workspace, staging: _Staging, query: Query, stored: UpsertCounts
) -> CollectCounts:
    scrape, source = staging.crawl.scrape, staging.source
    counts = CollectCounts(scrape.scope, scrape.run, staging.crawl.outcomes, stored)
    if scrape.run is None:
        return _told(counts, "unchanged")
    workspace.pages.drop_staged(scrape.run, before=scrape.asked_since)
    if next(workspace.pages.staged(scrape.run), None) is None:
        workspace.scrapes.update(scrape.run, status=ScrapeStatus.SUPERSEDED)
        return _told(counts, "unchanged")
    current = workspace.scrapes.current(scrape.scope)
    whole = workspace.origin is Origin.LIVE and not query.given()
    changes = compare_totals(
        current.totals if current else {},
        staging.totals,
        source.gate,
        at_least=source.gate.min_albums if whole else 1,
    )
    reasons = refusals(changes) + staging.complaints()
    status = ScrapeStatus.QUARANTINED if reasons else ScrapeStatus.LOADING
    workspace.scrapes.update(scrape.run, status=status, totals=staging.totals, reasons=reasons)
    counts = replace(counts, changes=tuple(changes), reasons=reasons)
    if reasons:
        return _told(counts, "quarantined")
    albums = load_scrape(workspace, source, scrape.run)
    return _told(replace(counts, albums=stored + albums), "stored")


def _told(counts: CollectCounts, outcome: str) -> CollectCounts:
    pages = ", ".join(f"{n} {name}" for name, n in counts.pages.items()) or "none"
    logger.info(
        "collect    %s: %s; pages: %s; albums: %d new, %d changed, %d unchanged, %d set aside",
        counts.scope,
        outcome if counts.run is None or outcome == "unchanged" else f"{outcome} as {counts.run}",
        pages,
        counts.albums.inserted,
        counts.albums.changed,
        counts.albums.unchanged,
        counts.albums.quarantined,
    )
    for reason in counts.reasons:
        logger.warning("           %s", reason)
    return counts

"""One scrape: pages are fetched and parsed, judged as a whole, and only then stored.

A scrape is staged page by page in the stores, so that it goes on after a crash, can wait for a
person, and takes no more memory for more albums.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from albumart.album import Origin
from albumart.collect.crawl import RecordedCrawl, Unwatched, Watch
from albumart.collect.gate import Change, compare_totals, refusals
from albumart.collect.judging import Judge, everything_passes
from albumart.collect.load import finish_loading, load_scrape
from albumart.collect.open_scrape import OpenScrape
from albumart.collect.staging import Staging
from albumart.errors import ParseError
from albumart.http.client import PoliteClient
from albumart.sources import Page, Query, Source
from albumart.stores.changes import UpsertCounts
from albumart.stores.scrapes import ScrapeStatus
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How a scrape is watched and judged.

    Attributes:
        judge: sets albums aside; by default none.
        watch: is told of each page.
        only_failed: ask only for pages that failed before.
        only_code: of these, ask only for those that failed with this code.
    """

    judge: Judge = everything_passes
    watch: Watch = field(default_factory=Unwatched)
    only_failed: bool = False
    only_code: str | None = None


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

    Two at once, in whatever processes, make one scrape, lose no page and store each album once;
    but both may ask for a page, so deployments have a limit of one.

    Raises:
        ParseError: more pages than the source's gate allows have another shape; the message names
            the copy that was kept.
        Refused: the host told us to stay away.
        FetchError, NotFound: not one page came.
    """
    options = options or Options()
    stored = finish_loading(workspace, source, query.scope(source.name))
    scrape = OpenScrape(workspace.scrapes, source.name, query, anew=not options.only_failed)
    crawl = RecordedCrawl(
        client, workspace, scrape, options.watch, options.only_failed, options.only_code
    )
    staging = Staging(workspace, source, crawl, options.judge)
    for page in _fetch(source, crawl, query):
        staging.add(page)
    staging.finish()
    return _conclude(workspace, staging, query, stored)


def _fetch(source: Source, crawl: RecordedCrawl, query: Query) -> Iterator[Page]:
    try:
        yield from source.fetch(crawl, query)
    except ParseError as error:
        crawl.disbelieve(error)
        raise


def _conclude(
    workspace: Workspace, staging: Staging, query: Query, stored: UpsertCounts
) -> CollectCounts:
    scrape, scrapes = staging.crawl.scrape, workspace.scrapes
    changes = _compare(workspace, staging, query)
    reasons = refusals(changes) + staging.complaints()
    if scrape.run is None and not reasons:
        return _told(CollectCounts(scrape.scope, None, staging.crawl.outcomes, stored), "unchanged")
    run = scrape.ensure()
    counts = CollectCounts(scrape.scope, run, staging.crawl.outcomes, stored)
    workspace.pages.drop_staged(run, before=scrape.asked_since)
    if reasons:
        counts = replace(counts, changes=tuple(changes), reasons=reasons)
        to = ScrapeStatus.QUARANTINED
        scrapes.move(run, ScrapeStatus.FETCHING, to, totals=staging.totals, reasons=reasons)
        return _told(counts, "quarantined")
    if next(workspace.pages.staged(run), None) is None:
        scrapes.move(run, ScrapeStatus.FETCHING, ScrapeStatus.SUPERSEDED)
        return _told(counts, "unchanged")
    to = ScrapeStatus.LOADING
    is_first = scrapes.move(run, ScrapeStatus.FETCHING, to, totals=staging.totals, reasons=())
    # Somebody scraped the same meanwhile, and has concluded: perhaps that a person must look.
    if not is_first and scrapes.find(run).status is ScrapeStatus.QUARANTINED:
        return _told(counts, "left waiting")
    albums = load_scrape(workspace, staging.source, run)
    return _told(replace(counts, albums=stored + albums, changes=tuple(changes)), "stored")


def _compare(workspace: Workspace, staging: Staging, query: Query) -> list[Change]:
    """The albums that this scrape found beside those of the last one that was accepted."""
    current = workspace.scrapes.current(staging.crawl.scrape.scope)
    before, gate = current.totals if current else {}, staging.source.gate
    whole = workspace.origin is Origin.LIVE and not query.given()
    at_least = gate.min_albums if whole else 1
    if current and sum(before.values()) < at_least:
        at_least = 0  # a person has accepted fewer
    return compare_totals(before, staging.totals, gate, at_least=at_least)


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

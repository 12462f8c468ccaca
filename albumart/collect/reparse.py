"""Kept pages → albums again, when a parser was mended; without a request."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from albumart.collect.crawl import Unwatched, Watch, stored_page
from albumart.collect.judging import JUDGED_AT_ONCE, Judge, Reading, set_failing_aside
from albumart.collect.load import first_genres, parse_page, store_albums, told_by
from albumart.errors import ParseError
from albumart.sources import Source
from albumart.stores.changes import Told, UpsertCounts
from albumart.stores.pages import PageState, PageVersion
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReparseCounts:
    """Versions of pages that were read again, those that could not be, and what that wrote."""

    pages: int = 0
    broken: int = 0
    albums: UpsertCounts = field(default_factory=UpsertCounts)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A version of a page, and what it tells now."""

    state: PageState
    version: PageVersion
    reading: Reading


def reparse_source(
    workspace: Workspace, source: Source, watch: Watch | None = None, *, judge: Judge | None = None
) -> ReparseCounts:
    """Read every kept page of a source again, oldest first.

    What an older page tells does not overwrite what a newer one told. Pages that could not be read
    when they came are tried, too. What ``judge`` finds failing is set aside, as in a scrape;
    without a judge, what the last scrape set aside stays so.
    """
    scopes = workspace.scrapes.scopes(source.name)
    before = {scope: workspace.pages.totals(scope).total() for scope in scopes}
    seen: Counter[str] = Counter()
    albums = UpsertCounts()
    for batch in _batches(_read_all(workspace, source, watch or Unwatched(), seen)):
        albums += _store(workspace, batch, judge)
    for scope in scopes:
        _retotal(workspace, scope, before[scope])
    return ReparseCounts(seen["pages"], seen["broken"], albums)


def _read_all(
    workspace: Workspace, source: Source, watch: Watch, seen: Counter[str]
) -> Iterator[_Kept]:
    for state, version in _versions(workspace, source):
        seen["pages"] += 1
        watch.advance()
        try:
            albums = parse_page(source, stored_page(workspace.objects, state, version))
        except ParseError as error:
            logger.warning("%s", error)
            seen["broken"] += 1
        else:
            told = _told(workspace, source, state, version)
            yield _Kept(state, version, Reading(told, albums))


def _versions(workspace: Workspace, source: Source) -> Iterator[tuple[PageState, PageVersion]]:
    """Accepted ones, oldest first, then those that nobody could read."""
    for state in workspace.pages.versions(source.name):
        if state.version:
            yield state, state.version
    for state in workspace.pages.unreadable(source.name):
        if state.staged:
            yield state, state.staged


def _told(workspace: Workspace, source: Source, state: PageState, version: PageVersion) -> Told:
    told = told_by(state, version)
    if not source.lists_all or state.staged:
        return told
    # What has left a list must not come back to its scope.
    current = workspace.pages.find(state.scope, state.url).version
    is_current = current is not None and current.fetched == version.fetched
    return replace(told, is_current=is_current)


def _batches(kept: Iterable[_Kept]) -> Iterator[list[_Kept]]:
    """Pages of one scrape, which are judged together, as they were when they came."""
    batch: list[_Kept] = []
    albums = 0
    for each in kept:
        is_other = batch and batch[0].version.scrape != each.version.scrape
        if is_other or albums >= JUDGED_AT_ONCE:
            yield batch
            batch, albums = [], 0
        batch.append(each)
        albums += len(each.reading.albums)
    if batch:
        yield batch


def _store(workspace: Workspace, batch: list[_Kept], judge: Judge | None) -> UpsertCounts:
    quarantine, counts = workspace.albums.quarantine, UpsertCounts()
    if judge:
        aside = set(set_failing_aside(workspace, judge, [kept.reading for kept in batch]))
    else:
        keys = [album.key for kept in batch for album in kept.reading.albums]
        aside = quarantine.keys(keys, scope=batch[0].state.scope)
    for kept in batch:
        reading, genres = kept.reading, first_genres(kept.reading.albums)
        counts += store_albums(workspace, reading.albums, reading.told, aside)
        if kept.state.staged:
            staged = replace(kept.version, albums=genres)
            workspace.pages.accept(replace(kept.state, staged=staged))
        else:
            workspace.pages.recount(kept.state, genres)
    return counts


def _retotal(workspace: Workspace, scope: str, before: int) -> None:
    """Let the next scrape be compared with what the mended parser reads.

    A scope has more pages than its last scrape where a source lists other ones each week: their
    genres are counted in the share that the last scrape had ``before``.
    """
    current, now = workspace.scrapes.current(scope), workspace.pages.totals(scope)
    if current is None:
        return
    share = sum(current.totals.values()) / before if before else 1.0
    totals = {genre: round(share * count) for genre, count in now.items()}
    workspace.scrapes.update(current.run, totals=totals)

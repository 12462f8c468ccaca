"""Kept pages → albums again, when a parser was mended; without a request."""

import itertools
import logging
from dataclasses import dataclass, field, replace

from albumart.collect.crawl import Unwatched, Watch, stored_page
from albumart.collect.load import first_genres, parse_page, store_albums
from albumart.errors import ParseError
from albumart.sources import Source
from albumart.stores.changes import Told, UpsertCounts
from albumart.stores.pages import PageState
from albumart.stores.scrapes import ScrapeStatus
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReparseCounts:
    """Versions of pages that were read again, those that could not be, and what that wrote."""

    pages: int = 0
    broken: int = 0
    albums: UpsertCounts = field(default_factory=UpsertCounts)


def reparse_source(
    workspace: Workspace, source: Source, watch: Watch | None = None
) -> ReparseCounts:
    """Read every kept page of a source again, oldest first.

    What an older page tells does not overwrite what a newer one told. Pages that could not be read
    when they came are tried, too.
    """
    watch, counts = watch or Unwatched(), ReparseCounts()
    pages = workspace.pages
    unread = [replace(state, version=state.staged) for state in pages.unreadable(source.name)]
    for state in itertools.chain(pages.versions(source.name), unread):
        try:
            albums = _reparse_page(workspace, source, state)
        except ParseError as error:
            logger.warning("%s", error)
            counts = replace(counts, broken=counts.broken + 1)
        else:
            counts = replace(counts, albums=counts.albums + albums)
        counts = replace(counts, pages=counts.pages + 1)
        watch.advance()
    _retotal(workspace, source)
    return counts


def _reparse_page(workspace: Workspace, source: Source, state: PageState) -> UpsertCounts:
    version = state.version
    assert version is not None  # noqa: S101 - the caller made it so
    albums = parse_page(source, stored_page(workspace.objects, state, version))
    told = Told(state.scope, state.url, version.scrape, version.fetched)
    counts = store_albums(workspace, albums, told)
    genres = first_genres(albums)
    if state.staged:
        workspace.pages.accept(replace(state, staged=replace(state.staged, albums=genres)))
    else:
        workspace.pages.recount(state, genres)
    return counts


def _retotal(workspace: Workspace, source: Source) -> None:
    """Let the next scrape be compared with what the mended parser reads."""
    for scope in {scrape.scope for scrape in workspace.scrapes.scrapes(source.name)}:
        current = workspace.scrapes.current(scope)
        if current is not None and current.status is ScrapeStatus.CURRENT:
            workspace.scrapes.update(current.run, totals=workspace.pages.totals(scope))

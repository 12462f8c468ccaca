"""Staged pages → albums in the store."""

import itertools
import logging
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from albumart.album import Album
from albumart.collect.crawl import stored_page
from albumart.errors import AlbumArtError, ParseError
from albumart.http.addresses import printable
from albumart.sources import Page, Source
from albumart.stores.changes import Told, UpsertCounts
from albumart.stores.metadata import BATCH
from albumart.stores.pages import UNREADABLE, PageState, PageVersion, page_key
from albumart.stores.scrapes import ScrapeStatus
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)


def parse_page(source: Source, page: Page) -> list[Album]:
    """The albums of a page, read whole before anything of it is used.

    Raises:
        ParseError: it has another shape; the message names the copy that is kept.
    """
    try:
        return list(source.parse(page))
    except ParseError as error:
        # What stood there was written by a stranger, and this is for logs and terminals.
        where = f"{printable(error.where)} (page kept as {page_key(source.name, page.sha256)})"
        got = printable(error.got)
        raise ParseError(expected=error.expected, got=got, where=where) from error


def load_scrape(workspace: Workspace, source: Source, run: str) -> UpsertCounts:
    """Store the albums of a scrape's pages; it is current then. Safe to repeat after a crash.

    A page that cannot be read any more, by a parser that is younger than the scrape, is set aside.
    """
    counts, pages = UpsertCounts(), workspace.pages
    for state in pages.staged(run):
        try:
            counts += _load_page(workspace, source, state)
        except ParseError as error:
            logger.warning("%s", error)
            pages.quarantine(state, UNREADABLE)
        else:
            pages.accept(state)
    workspace.scrapes.update(run, status=ScrapeStatus.CURRENT, finished=datetime.now(UTC))
    return counts


def finish_loading(workspace: Workspace, source: Source, scope: str) -> UpsertCounts:
    """Finish the scrape of this scope that was killed while its albums were stored, if any was."""
    counts = UpsertCounts()
    while (found := workspace.scrapes.unfinished(scope)) and found.status is ScrapeStatus.LOADING:
        counts += load_scrape(workspace, source, found.run)
    return counts


def accept_scrape(workspace: Workspace, source: Source, run: str) -> UpsertCounts:
    """Store a quarantined scrape after all: a person has looked at it.

    What was set aside of it stays so; its totals are what the next one is compared with.

    Raises:
        NotFound: there is no such scrape.
        AlbumArtError: it is not quarantined, or a newer fetch is asking for its pages again.
    """
    workspace.scrapes.find(run)
    if not workspace.scrapes.move(run, ScrapeStatus.QUARANTINED, ScrapeStatus.LOADING):
        status = workspace.scrapes.find(run).status
        again = "; scrape the source once more" if status is ScrapeStatus.FETCHING else ""
        raise AlbumArtError(f"{run}: expected a quarantined scrape; it is {status}{again}")
    return load_scrape(workspace, source, run)


def first_genres(albums: Iterable[Album]) -> tuple[tuple[str, int], ...]:
    """Number of albums by their first genre word; by an empty one where there is none."""
    return tuple(Counter(next(iter(album.genres), "") for album in albums).items())


def store_albums(
    workspace: Workspace, albums: Iterable[Album], told: Told, aside: AbstractSet[str]
) -> UpsertCounts:
    """Upsert albums batch by batch, but for those that were set ``aside``."""
    counts, iterator = UpsertCounts(), iter(albums)
    while batch := list(itertools.islice(iterator, BATCH)):
        wanted = [album for album in batch if album.key not in aside]
        counts += workspace.albums.upsert_albums(wanted, told)
        counts += UpsertCounts(quarantined=len(batch) - len(wanted))
    return counts


def told_by(state: PageState, version: PageVersion) -> Told:
    """Who tells of the albums on a version of a page."""
    return Told(state.scope, state.url, version.scrape, version.fetched)


def _load_page(workspace: Workspace, source: Source, state: PageState) -> UpsertCounts:
    version = state.staged
    if version is None or version.albums is None:
        return UpsertCounts()  # a list of addresses, or a part of another page
    albums = parse_page(source, stored_page(workspace.objects, state, version))
    told, keys = told_by(state, version), {album.key for album in albums}
    aside = workspace.albums.quarantine.keys(keys, scrape=told.scrape)
    counts = store_albums(workspace, albums, told, aside)
    if source.lists_all:
        workspace.albums.leave_scope(state.scope, _told_before(workspace, source, state) - keys)
    return counts


def _told_before(workspace: Workspace, source: Source, state: PageState) -> set[str]:
    """Keys of the albums on the version of a page that is replaced."""
    if state.version is None or state.version.albums is None:
        return set()
    page = stored_page(workspace.objects, state, state.version)
    try:
        return {album.key for album in parse_page(source, page)}
    except ParseError as error:
        logger.warning("what left %s is not known: %s", printable(state.url), error)
        return set()

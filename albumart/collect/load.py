"""Staged pages → albums in the store."""

import itertools
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from albumart.album import Album
from albumart.collect.crawl import stored_page
from albumart.errors import AlbumArtError, ParseError
from albumart.sources import Page, Source
from albumart.stores.changes import Told, UpsertCounts
from albumart.stores.metadata import BATCH
from albumart.stores.pages import PageState, page_key
from albumart.stores.scrapes import ScrapeStatus
from albumart.stores.workspace import Workspace


def parse_page(source: Source, page: Page) -> list[Album]:
    """The albums of a page, read whole before anything of it is used.

    Raises:
        ParseError: it has another shape; the message names the copy that is kept.
    """
    try:
        return list(source.parse(page))
    except ParseError as error:
        kept = page_key(source.name, page.sha256)
        where = f"{error.where} (page kept as {kept})"
        raise ParseError(expected=error.expected, got=error.got, where=where) from error


def load_scrape(workspace: Workspace, source: Source, run: str) -> UpsertCounts:
    """Store the albums of a scrape's pages; it is current then. Safe to repeat after a crash."""
    workspace.scrapes.update(run, status=ScrapeStatus.LOADING)
    counts = UpsertCounts()
    for state in workspace.pages.staged(run):
        counts += _load_page(workspace, source, state)
        workspace.pages.accept(state)
    workspace.scrapes.update(run, status=ScrapeStatus.CURRENT, finished=datetime.now(UTC))
    return counts


def finish_loading(workspace: Workspace, source: Source, scope: str) -> UpsertCounts:
    """Finish the scrape of this scope that was killed while its albums were stored, if any was."""
    found = workspace.scrapes.unfinished(scope)
    if found is None or found.status is not ScrapeStatus.LOADING:
        return UpsertCounts()
    return load_scrape(workspace, source, found.run)


def accept_scrape(workspace: Workspace, source: Source, run: str) -> UpsertCounts:
    """Store a quarantined scrape after all: a person has looked at it.

    Raises:
        NotFound: there is no such scrape.
        AlbumArtError: it is not quarantined.
    """
    found = workspace.scrapes.find(run)
    if found.status is not ScrapeStatus.QUARANTINED:
        raise AlbumArtError(f"{run}: expected a quarantined scrape; it is {found.status}")
    return load_scrape(workspace, source, run)


def first_genres(albums: Iterable[Album]) -> tuple[tuple[str, int], ...]:
    """Number of albums by their first genre word; by an empty one where there is none."""
    return tuple(Counter(next(iter(album.genres), "") for album in albums).items())


def store_albums(workspace: Workspace, albums: Iterable[Album], told: Told) -> UpsertCounts:
    """Upsert albums batch by batch, but for those that this scrape set aside."""
    counts, iterator = UpsertCounts(), iter(albums)
    while batch := list(itertools.islice(iterator, BATCH)):
        aside = workspace.albums.quarantined_keys((a.key for a in batch), scrape=told.scrape)
        wanted = [album for album in batch if album.key not in aside]
        counts += workspace.albums.upsert_albums(wanted, told)
        counts += UpsertCounts(quarantined=len(batch) - len(wanted))
    return counts


def _load_page(workspace: Workspace, source: Source, state: PageState) -> UpsertCounts:
    version = state.staged
    if version is None or version.albums is None:
        return UpsertCounts()  # a list of addresses, or a part of another page
    albums = parse_page(source, stored_page(workspace.objects, state, version))
    told = Told(state.scope, state.url, version.scrape, version.fetched)
    counts = store_albums(workspace, albums, told)
    if source.lists_all:
        workspace.albums.leave_scope(told, (album.key for album in albums))
    return counts

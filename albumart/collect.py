"""One query of one source → albums in the store."""

import gzip
import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from albumart.album import Album
from albumart.errors import ParseError
from albumart.http.client import PoliteClient
from albumart.sources import SOURCES, Page, Query
from albumart.stores.metadata import BATCH, UpsertCounts
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CollectCounts:
    """What one collection read and wrote."""

    pages: int
    albums: UpsertCounts


def collect_albums(
    client: PoliteClient, workspace: Workspace, source_name: str, query: Query
) -> CollectCounts:
    """Fetch, keep and parse each page, then store its albums. Safe to repeat.

    A page is parsed whole before anything of it is stored, so that a broken page changes nothing.

    Raises:
        ParseError: a page changed shape; the message names the copy that was kept.
    """
    source = SOURCES[source_name]
    pages, counts = 0, UpsertCounts()
    for page in source.fetch(client, query):
        workspace.objects.put(page.object_key, gzip.compress(page.body, mtime=0))
        for batch in _batched(_parse_page(page), BATCH):
            counts += workspace.albums.upsert_albums(batch)
        pages += 1
    logger.info(
        "collect    %s: %d albums new, %d changed, %d unchanged",
        source_name,
        counts.inserted,
        counts.changed,
        counts.unchanged,
    )
    return CollectCounts(pages, counts)


def _parse_page(page: Page) -> list[Album]:
    try:
        return list(SOURCES[page.source].parse(page))
    except ParseError as error:
        raise ParseError(
            expected=error.expected,
            got=error.got,
            where=f"{error.where} (page kept as {page.object_key})",
        ) from error


def _batched(albums: Iterable[Album], size: int) -> Iterator[list[Album]]:
    iterator = iter(albums)
    while batch := list(itertools.islice(iterator, size)):
        yield batch

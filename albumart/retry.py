"""What failed, asked for once more, and nothing else."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from albumart.collect.scrape import Judge, Options, collect_albums
from albumart.covers import download_covers
from albumart.errors import FetchError, NotFound, ParseError
from albumart.http.client import PoliteClient
from albumart.progress import progress_bar
from albumart.query import parse_scope
from albumart.sources import find_source
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)

# Name of a source → what judges its albums.
JudgeOf = Callable[[str], Judge]


@dataclass(frozen=True, slots=True)
class Retrying:
    """What is tried again: failures of one ``source``, with one ``code``; by default all."""

    source: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class RetryCounts:
    """Pages and covers that were tried again, by what became of them."""

    pages: Counter[str] = field(default_factory=Counter)
    covers: Counter[str] = field(default_factory=Counter)


def retry_failures(
    client: PoliteClient, workspace: Workspace, wanted: Retrying, judge_of: JudgeOf
) -> RetryCounts:
    """Ask again for pages and covers that failed. What came before is left alone.

    Absent covers are asked for again only where their code is named.
    """
    counts = RetryCounts()
    for scope in workspace.pages.reset(wanted.source, code=wanted.code):
        counts.pages.update(_retry_pages(client, workspace, scope, judge_of))
    workspace.albums.reset_covers(wanted.source, code=wanted.code)
    for scope in workspace.albums.scopes():
        if wanted.source in (None, parse_scope(scope)[0]):
            for by_status in _retry_covers(client, workspace, scope):
                counts.covers.update(by_status)
    return counts


def _retry_pages(
    client: PoliteClient, workspace: Workspace, scope: str, judge_of: JudgeOf
) -> Counter[str]:
    name, query = parse_scope(scope)
    options = Options(judge=judge_of(name), only_failed=True)
    try:
        counts = collect_albums(client, workspace, find_source(name, query), query, options)
    except (FetchError, NotFound, ParseError) as error:
        logger.warning("%s", error)
        return Counter(again=1)
    return Counter({name: n for name, n in counts.pages.items() if name != "unasked"})


def _retry_covers(
    client: PoliteClient, workspace: Workspace, scope: str
) -> Iterator[dict[str, int]]:
    for keys in workspace.albums.due_ranges(scope, only_failed=True):
        albums = workspace.albums.due_albums(scope, keys, only_failed=True)
        with progress_bar("covers", len(albums)) as advance:
            batch = download_covers(client, workspace, albums, progress=advance)
        yield batch.by_status
        if batch.door_closed:
            return

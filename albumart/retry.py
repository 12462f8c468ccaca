"""What failed, asked for once more, and nothing else."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from albumart.collect.judging import Judge
from albumart.collect.permission import check_permission
from albumart.collect.saved import source_of
from albumart.collect.scrape import Options, collect_albums
from albumart.covers import download_covers
from albumart.errors import BadStudy, FetchError, NotFound, ParseError, Refused
from albumart.http.addresses import printable
from albumart.http.client import PoliteClient
from albumart.progress import progress_bar
from albumart.query import parse_scope
from albumart.sources import SOURCES, find_source
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)

# Name of a source → what judges its albums.
JudgeOf = Callable[[str], Judge]


@dataclass(frozen=True, slots=True)
class Retrying:
    """What is tried again.

    Attributes:
        source: only failures of this one.
        code: only failures with this one.
        permitted: sources that may be asked though they need permission.
    """

    source: str | None = None
    code: str | None = None
    permitted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RetryCounts:
    """Pages and covers that were tried again, by what became of them."""

    pages: Counter[str] = field(default_factory=Counter)
    covers: Counter[str] = field(default_factory=Counter)


def retry_failures(
    client: PoliteClient, workspace: Workspace, wanted: Retrying, judge_of: JudgeOf
) -> RetryCounts:
    """Ask again for pages and covers that failed. What came before is left alone.

    Absent ones are asked for again only where their code is named. What one scope fails with does
    not keep the others waiting.

    Raises:
        NotFound: there is no such source.
        Refused: it needs permission, and there is none.
    """
    counts = RetryCounts()
    for name in _sources(workspace, wanted):
        for scope in workspace.pages.reset(name, code=wanted.code):
            counts.pages.update(_retry_pages(client, workspace, scope, wanted, judge_of(name)))
        workspace.albums.reset_covers(name, code=wanted.code)
        for scope in workspace.albums.scopes():
            if parse_scope(scope)[0] == name:
                for by_status in _retry_covers(client, workspace, scope, wanted.code):
                    counts.covers.update(by_status)
    return counts


def _sources(workspace: Workspace, wanted: Retrying) -> Iterator[str]:
    if wanted.source:
        check_permission(find_source(wanted.source), workspace.origin, wanted.permitted)
        yield wanted.source
        return
    for name, source in SOURCES.items():
        try:
            check_permission(source, workspace.origin, wanted.permitted)
        except Refused:
            logger.info("%s is left alone: it needs permission", name)
        else:
            yield name


def _retry_pages(
    client: PoliteClient, workspace: Workspace, scope: str, wanted: Retrying, judge: Judge
) -> Counter[str]:
    name, query = parse_scope(scope)
    options = Options(judge=judge, only_failed=True, only_code=wanted.code)
    try:
        counts = collect_albums(client, workspace, source_of(name, query), query, options)
    except (FetchError, NotFound, ParseError, BadStudy) as error:
        logger.warning("%s: %s", scope, printable(str(error)))
        return Counter(["refused" if isinstance(error, Refused) else "again"])
    return Counter({name: n for name, n in counts.pages.items() if name != "unasked"})


def _retry_covers(
    client: PoliteClient, workspace: Workspace, scope: str, code: str | None
) -> Iterator[dict[str, int]]:
    albums = workspace.albums
    for keys in albums.due_ranges(scope, only_failed=True, code=code):
        due = albums.due_albums(scope, keys, only_failed=True, code=code)
        with progress_bar("covers", len(due)) as advance:
            batch = download_covers(client, workspace, due, progress=advance)
        yield batch.by_status
        if batch.door_closed:
            return

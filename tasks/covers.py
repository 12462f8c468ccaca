"""Covers of stored albums, in batches of some hundred."""

import logging

from prefect import task

from albumart.album import Origin
from albumart.covers import BatchCounts, download_covers
from albumart.progress import progress_bar
from albumart.query import Query, parse_scope
from tasks.resources import Sources, find_permitted_source, open_client, open_stores
from tasks.turns import own_turn

logger = logging.getLogger("albumart.tasks")

KeyRange = tuple[str, str]


@task
def find_due_covers(scope: str, origin: Origin, limit: int | None) -> list[KeyRange]:
    """Ranges of album keys whose covers may be asked for now, if the source may be at all."""
    find_permitted_source(parse_scope(scope)[0], Query(), origin)
    with open_stores(origin) as workspace:
        return workspace.albums.due_ranges(scope, limit=limit)


@task(task_run_name="covers-from-{keys[0]}", retries=2, retry_delay_seconds=10)
def download_batch(scope: str, keys: KeyRange, limit: int | None, sources: Sources) -> BatchCounts:
    """Download one range of covers; counts by status, and whether the source closed its door."""
    with (
        own_turn(parse_scope(scope)[0], "covers", sources.origin),
        open_client(sources.mirror) as client,
        open_stores(sources.origin) as workspace,
    ):
        albums = workspace.albums.due_albums(scope, keys, limit=limit)
        with progress_bar("covers", len(albums)) as advance:
            return download_covers(client, workspace, albums, progress=advance)


@task
def count_covers(scope: str, origin: Origin, limit: int | None) -> dict[str, int]:
    """Albums of a scope by cover status: every album is in exactly one."""
    with open_stores(origin) as workspace:
        counts = workspace.albums.cover_counts(scope, limit=limit)
    logger.info("covers     %s", ", ".join(f"{n} {status}" for status, n in counts.items() if n))
    return counts

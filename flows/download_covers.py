"""Albums without a cover → covers in the object store."""

from operator import attrgetter

from prefect import flow

from albumart.album import Origin
from albumart.query import Query
from tasks.artifacts import TrackedProgress, publish_counts
from tasks.covers import count_covers, download_batch, find_due_covers
from tasks.forms import Limit, SourceName
from tasks.resources import Sources
from tasks.runners import batches_at_once, map_batches, task_runner


@flow(name="download-covers", flow_run_name="download-covers-{source}", task_runner=task_runner())
def download_covers(
    source: SourceName,
    query: Query | None = None,
    origin: Origin = Origin.LIVE,
    mirror: str | None = None,
    limit: Limit | None = None,
) -> dict[str, int]:
    """Download the covers that are due. What was stored before is not asked for again.

    When the source closes its door (401, 403, 451, 429) the rest is left for the next run.

    Args:
        source: name of a source.
        query: which part of it; by default all.
        origin: under which the albums are kept.
        mirror: address that stands for the source.
        limit: only this many albums of the source, a fair sample.
    """
    scope = (query or Query()).scope(source)
    ranges = find_due_covers(scope, origin, limit)
    batches = [(scope, keys, limit, Sources(origin, mirror)) for keys in ranges]
    with TrackedProgress("covers", len(batches)) as progress:
        at_once, closed = batches_at_once(origin), attrgetter("door_closed")
        for _ in map_batches(download_batch, batches, at_once=at_once, until=closed):
            progress.advance()
    counts = count_covers(scope, origin, limit)
    publish_counts("covers", counts)
    return counts

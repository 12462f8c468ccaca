"""Albums without a cover → covers in the object store."""

from prefect import flow

from albumart.album import Origin
from albumart.query import Query
from tasks.artifacts import TrackedProgress, publish_counts
from tasks.covers import count_covers, download_batch, find_due_covers
from tasks.resources import Sources


@flow(name="download-covers", flow_run_name="download-covers-{source}")
def download_covers(
    source: str,
    query: Query | None = None,
    origin: Origin = Origin.LIVE,
    mirror: str | None = None,
    limit: int | None = None,
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
    with TrackedProgress("covers", len(ranges)) as progress:
        for keys in ranges:
            batch = download_batch(scope, keys, limit, Sources(origin, mirror))
            progress.advance()
            if batch.door_closed:
                break
    counts = count_covers(scope, origin, limit)
    publish_counts("covers", counts)
    return counts

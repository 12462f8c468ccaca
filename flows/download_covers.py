"""Albums without a cover → covers in the object store."""

from prefect import flow

from albumart.album import Origin
from tasks.artifacts import TrackedProgress, publish_counts
from tasks.covers import count_covers, download_batch, find_due_covers
from tasks.resources import Sources, find_study


@flow(name="download-covers", flow_run_name="download-covers-{study}")
def download_covers(
    study: str,
    origin: Origin = Origin.LIVE,
    mirror: str | None = None,
    limit: int | None = None,
) -> dict[str, int]:
    """Download the covers that are due. What was stored before is not asked for again.

    When the source closes its door (401, 403, 451, 429) the rest is left for the next run.

    Args:
        study: name of a study, or path of its file.
        origin: under which the albums are kept.
        mirror: address that stands for the source.
        limit: only this many albums of the source, a fair sample.
    """
    chosen, sources = find_study(study), Sources(origin, mirror)
    ranges = find_due_covers(chosen, origin, limit)
    with TrackedProgress("covers", len(ranges)) as progress:
        for keys in ranges:
            batch = download_batch(chosen, keys, limit, sources)
            progress.advance()
            if batch.door_closed:
                break
    counts = count_covers(chosen, origin, limit)
    publish_counts("covers", counts)
    return counts

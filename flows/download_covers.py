"""Albums without a cover → covers in the object store."""

from prefect import flow

from tasks.artifacts import TrackedProgress, publish_counts
from tasks.covers import count_covers, download_batch, find_due_covers
from tasks.resources import find_study


@flow(name="download-covers", flow_run_name="download-covers-{study}")
def download_covers(
    study: str, mirror: str | None = None, limit: int | None = None
) -> dict[str, int]:
    """Download the covers that are due. What was stored before is not asked for again.

    Args:
        study: name of a study, or path of its file.
        mirror: address that stands for the source.
        limit: only this many albums of the source, a fair sample.
    """
    chosen = find_study(study)
    ranges = find_due_covers(chosen, limit)
    with TrackedProgress("covers", len(ranges)) as progress:
        for keys in ranges:
            download_batch(chosen, keys, limit, mirror)
            progress.advance()
    counts = count_covers(chosen, limit)
    publish_counts("covers", counts)
    return counts

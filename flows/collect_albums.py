"""One source, one query → stored albums."""

from prefect import flow

from albumart.album import Origin
from tasks.artifacts import publish_counts
from tasks.collect import collect_source
from tasks.resources import find_study


@flow(name="collect-albums", flow_run_name="collect-albums-{study}")
def collect_albums(
    study: str, origin: Origin = Origin.LIVE, mirror: str | None = None
) -> dict[str, int]:
    """Collect the albums of a study's source. Unchanged albums are not written again.

    Args:
        study: name of a study, or path of its file.
        origin: under which the albums are kept.
        mirror: address that stands for the source.
    """
    counts = collect_source(find_study(study), origin, mirror)
    publish_counts("albums", counts)
    return counts

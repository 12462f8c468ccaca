"""Albums and covers → a validated and split dataset version."""

from prefect import flow

from albumart.album import Origin
from tasks.dataset import build_version
from tasks.forms import Limit, StudyName
from tasks.resources import find_study
from tasks.validate import validate_stored, validate_version


@flow(name="build-dataset", flow_run_name="build-dataset-{study}")
def build_dataset(
    study: StudyName,
    origin: Origin = Origin.LIVE,
    limit: Limit | None = None,
    source: str | None = None,
    url: str | None = None,
) -> str:
    """Build a dataset version and return its digest. The same data gives the same digest.

    Args:
        study: name of a study, or path of its file.
        origin: whose albums.
        limit: only this many albums of each source, a fair sample.
        source: another source in the place of the study's.
        url: its address or path.
    """
    chosen = find_study(study, source=source, url=url)
    if origin is Origin.SANDBOX:
        chosen = chosen.rehearsed()
    validate_stored(chosen, origin, limit)
    digest = build_version(chosen, origin, limit)
    validate_version(chosen, digest)
    return digest

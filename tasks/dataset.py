"""Dataset versions."""

from prefect import task

from albumart.album import Origin
from albumart.dataset import version
from albumart.study import Study
from tasks.resources import open_stores


@task
def build_version(study: Study, origin: Origin, limit: int | None) -> str:
    """Build, split and store a dataset version; returns its digest."""
    with open_stores(origin) as workspace:
        corrections = workspace.corrections.in_force()
        found = version.build_version(study, workspace, limit=limit, corrections=corrections)
        return found.digest

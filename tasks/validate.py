"""Great Expectations over what is stored and what is split."""

from typing import Any

from prefect import task

from albumart.album import Origin
from albumart.study import Study
from albumart.validation.stations import validate_manifest, validate_stored_rows
from tasks.resources import find_dataset, open_stores


@task
def validate_stored(study: Study, origin: Origin, limit: int | None) -> dict[str, Any]:
    """Check albums and covers; raises ValidationFailed before anything is built of them."""
    with open_stores(origin) as workspace:
        return validate_stored_rows(study, workspace, limit=limit).to_dict()


@task
def validate_version(digest: str) -> dict[str, Any]:
    """Check the split of a dataset version; raises ValidationFailed before training."""
    with open_stores() as workspace:
        return validate_manifest(find_dataset(digest), workspace).to_dict()

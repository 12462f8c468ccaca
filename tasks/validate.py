"""Great Expectations over what is stored and what is split."""

from prefect import task

from albumart.album import Origin
from albumart.study import Study
from albumart.validation.data_docs import data_docs_key
from albumart.validation.stations import dataset_scope, judge_manifest, judge_stored_rows
from tasks.artifacts import publish_validation
from tasks.events import announce_validation
from tasks.resources import copy_object, find_dataset, open_stores


@task
def validate_stored(study: Study, origin: Origin, limit: int | None) -> None:
    """Check albums and covers; raises ValidationFailed before anything is built of them."""
    with open_stores(origin) as workspace:
        report = judge_stored_rows(study, workspace, limit=limit)
    publish_validation(report.to_dict())
    announce_validation(study, "stored", report)
    report.raise_if_critical()


@task
def validate_version(study: Study, digest: str) -> None:
    """Check a dataset version and its drift; raises ValidationFailed before training."""
    with open_stores() as workspace:
        report = judge_manifest(find_dataset(digest), workspace, study)
        page = copy_object(workspace.objects, data_docs_key(dataset_scope(study.name)))
    publish_validation(report.to_dict(), data_docs=page)
    announce_validation(study, "dataset", report)
    report.raise_if_critical()

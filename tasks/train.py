"""Training."""

from prefect import task

from albumart.study import Study
from albumart.training.candidate import Provenance, train_candidate
from tasks.resources import find_dataset, open_stores


@task(task_run_name="train-{study.model.backbone}")
def train_run(study: Study, dataset: str, provenance: Provenance) -> str:
    """Train a candidate, or find the one that the same study and data gave; returns its run."""
    with open_stores() as workspace:
        return train_candidate(study, find_dataset(dataset), workspace, provenance).run

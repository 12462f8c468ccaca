"""Training."""

import logging

from prefect import task

from albumart.promotion import require_unseen_test
from albumart.settings import load_settings
from albumart.study import Study
from albumart.training.candidate import Provenance, train_candidate
from albumart.training.placing import training_on
from albumart.validation.stations import require_validated
from tasks.resources import find_dataset, open_stores, prepare_study

logger = logging.getLogger("albumart.tasks")


@task(task_run_name="train-{study.model.backbone}")
def train_run(study: Study, dataset: str, provenance: Provenance) -> str:
    """Train a candidate, or find the one that the same study and data gave; returns its run.

    A dataset that failed validation is not trained on, nor from weights that know its test split.
    """
    manifest = find_dataset(dataset)
    with open_stores() as workspace:
        require_validated(manifest, workspace, study)
        require_unseen_test(study, manifest, workspace)
        ready = prepare_study(study, workspace)
        with training_on(load_settings().device) as found:
            logger.info("device     %s", found)
            return train_candidate(ready, manifest, workspace, provenance).run

"""A dataset version → a candidate model, evaluated and registered."""

from prefect import flow

from albumart.training.candidate import Provenance
from tasks.artifacts import publish_evaluation, publish_trials
from tasks.evaluate import evaluate_run, register_version, run_trials
from tasks.resources import find_study
from tasks.train import train_run


@flow(name="train-model", flow_run_name="train-model-{study}")
def train_model(
    study: str,
    dataset: str,
    backbone: str | None = None,
    weights: str | None = None,
    provenance: Provenance | None = None,
) -> int:
    """Train and evaluate a candidate; returns its version number.

    Args:
        study: name of a study, or path of its file.
        dataset: digest of a dataset version.
        backbone: another backbone than the study's.
        provenance: where the data came from, for the report.
        weights: others than the study's: imagenet, random, study:NAME, a path or an address.
    """
    chosen = find_study(study, backbone=backbone, weights=weights)
    run = train_run(chosen, dataset, provenance or Provenance(f"albumart run {study}"))
    publish_evaluation(evaluate_run(chosen, dataset, run))
    publish_trials(run_trials(chosen, dataset, run))
    return register_version(run)

"""A dataset version → a candidate model, evaluated and registered."""

from collections.abc import Callable
from functools import partial

from prefect import flow

from albumart.album import Origin
from albumart.training.candidate import Provenance
from flows.compute_features import compute_features
from tasks.artifacts import publish_evaluation, publish_trials
from tasks.evaluate import evaluate_run, register_version, run_trials
from tasks.forms import Digest, StudyName
from tasks.handover import publish_version, train_elsewhere
from tasks.resources import find_study
from tasks.runners import is_distributed
from tasks.train import train_run


@flow(name="train-model", flow_run_name="train-model-{study}")
def train_model(
    study: StudyName,
    dataset: Digest,
    backbone: str | None = None,
    weights: str | None = None,
    provenance: Provenance | None = None,
    label_vectors: str | None = None,
) -> int:
    """Train and evaluate a candidate; returns its version number.

    Args:
        study: name of a study, or path of its file.
        dataset: digest of a dataset version.
        backbone: another backbone than the study's.
        provenance: where the data came from, for the report.
        weights: others than the study's: imagenet, random, study:NAME, a path or an address.
        label_vectors: word vectors for the label space: a path or an address.
    """
    provenance = provenance or Provenance(f"albumart run {study}")
    chosen = find_study(study, backbone=backbone, weights=weights)
    chosen = chosen.with_label_vectors(label_vectors)
    if provenance.origin is Origin.SANDBOX and backbone is weights is None:
        chosen = chosen.rehearsed()
    if is_distributed() and chosen.train.trains_head_only:
        compute_features(study, dataset, backbone, weights)
    run = train_run(chosen, dataset, provenance)
    publish_evaluation(evaluate_run(chosen, dataset, run))
    publish_trials(run_trials(chosen, dataset, run))
    version = register_version(run)
    publish_version(chosen.name, version)
    return version


Trainer = Callable[[str, str, str | None, str | None, Provenance, str | None], int]


def trainer(deployment: str | None) -> Trainer:
    """``train_model`` in this process; or the deployment of it, on its own pool's workers."""
    return partial(train_elsewhere, deployment) if deployment else train_model

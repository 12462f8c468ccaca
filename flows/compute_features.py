"""A dataset version → features of its covers, computed by all workers and shared by them."""

from prefect import flow

from tasks.artifacts import TrackedProgress, publish_counts
from tasks.features import compute_features_of, count_features, find_due_features
from tasks.forms import Digest, StudyName
from tasks.resources import find_study
from tasks.runners import map_batches, task_runner, workers_at_once


@flow(name="compute-features", flow_run_name="features-{study}", task_runner=task_runner())
def compute_features(
    study: StudyName, dataset: Digest, backbone: str | None = None, weights: str | None = None
) -> dict[str, int]:
    """Compute the features that a training will ask for. What is there is not computed again.

    A study whose network learns as a whole from its first stage on asks for none.

    Args:
        study: name of a study, or path of its file.
        dataset: digest of a dataset version.
        backbone: another backbone than the study's.
        weights: others than the study's: imagenet, random, study:NAME, a path or an address.
    """
    chosen = find_study(study, backbone=backbone, weights=weights)
    batches = [(chosen, dataset, share) for share in find_due_features(chosen, dataset)]
    computed = 0
    with TrackedProgress("features", len(batches)) as progress:
        for count in map_batches(compute_features_of, batches, at_once=workers_at_once()):
            computed += count
            progress.advance()
    counts = count_features(chosen, dataset, computed)
    publish_counts("features", counts)
    return counts

"""A candidate on the held-out test split: evaluation, baselines, and the champion beside it.

The test split is frozen by the dataset version's digest; nothing before this station reads it.
"""

import io
import json
import logging
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.manifest import Manifest, read_manifest
from albumart.errors import NotFound
from albumart.evaluation.baselines import BaselineData, evaluate_baselines
from albumart.evaluation.evaluate import Evaluation, evaluate_predictions
from albumart.evaluation.intervals import Estimate
from albumart.models.network import load_model, predict_proba
from albumart.stores.models import ModelVersion, model_key
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.candidate import (
    Candidate,
    cached_features,
    cached_pixels,
    labels_of,
    read_candidate,
    splits_of,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Holdout:
    """A candidate's numbers on the test split.

    Attributes:
        probabilities: ``(n_test, k) float32``, in manifest order.
    """

    evaluation: Evaluation
    baselines: dict[str, Estimate]
    probabilities: NDArray[np.float32]

    def to_dict(self) -> dict[str, Any]:
        """The numbers as plain values; the probabilities stay in the object store."""
        baselines = {name: asdict(value) for name, value in self.baselines.items()}
        return {**self.evaluation.to_dict(), "baselines": baselines}


def evaluate_candidate(
    candidate: Candidate, study: Study, manifest: Manifest, workspace: Workspace
) -> Holdout:
    """Score the saved model file on the test split, or read what an earlier call scored."""
    try:
        return read_holdout(workspace.objects, candidate.run)
    except NotFound:
        holdout = _evaluate(candidate, study, manifest, workspace)
    _write(holdout, workspace.objects, candidate.run)
    accuracy = holdout.evaluation.metrics["accuracy"]
    logger.info(
        "evaluate   accuracy %.1f %% (%.1f to %.1f) on %d test covers",
        100 * accuracy.value,
        100 * accuracy.low,
        100 * accuracy.high,
        accuracy.n,
    )
    return holdout


def read_holdout(objects: ObjectStore, run: str) -> Holdout:
    """The numbers of ``run``, or NotFound."""
    record: dict[str, Any] = json.loads(objects.get(f"runs/{run}/evaluation.json"))
    probabilities = np.load(io.BytesIO(objects.get(f"runs/{run}/test.npy")), allow_pickle=False)
    return Holdout(
        evaluation=Evaluation.from_dict(record["evaluation"]),
        baselines={name: Estimate(**fields) for name, fields in record["baselines"].items()},
        probabilities=probabilities,
    )


def register_candidate(run: str, workspace: Workspace) -> ModelVersion:
    """Enter the evaluated candidate of ``run`` into the registry, once."""
    candidate = read_candidate(workspace.objects, run)
    numbers = read_holdout(workspace.objects, run).to_dict()
    baselines = numbers.pop("baselines")
    draft = ModelVersion(
        study=candidate.study,
        version=0,
        run=run,
        dataset=candidate.dataset,
        albums=len(read_manifest(workspace.objects, candidate.dataset).frame),
        sha256=candidate.sha256,
        classes=candidate.classes,
        image_size=candidate.image_size,
        evaluation=numbers,
        baselines=baselines,
    )
    return workspace.models.add_version(draft)


def _evaluate(
    candidate: Candidate, study: Study, manifest: Manifest, workspace: Workspace
) -> Holdout:
    pixels = cached_pixels(manifest, workspace, candidate.image_size)
    labels, splits = labels_of(manifest), splits_of(manifest)
    test = splits == "test"
    data = workspace.objects.get(model_key(candidate.sha256))
    model = load_model(data, candidate.sha256, workspace.cache / "models")
    probabilities = predict_proba(model, pixels, np.flatnonzero(test))
    features = cached_features(study, manifest, workspace) if study.train.frozen else None
    return Holdout(
        evaluation=evaluate_predictions(
            labels[test],
            probabilities,
            classes=manifest.classes,
            groups=manifest.frame["group"].to_numpy(dtype=np.str_)[test],
        ),
        baselines=evaluate_baselines(BaselineData(pixels, labels, splits, features)),
        probabilities=probabilities,
    )


def _write(holdout: Holdout, objects: ObjectStore, run: str) -> None:
    # The array first: the record, which a reader looks for first, is written when all is there.
    buffer = io.BytesIO()
    np.save(buffer, holdout.probabilities)
    objects.put(f"runs/{run}/test.npy", buffer.getvalue())
    numbers = holdout.to_dict()
    record = {"baselines": numbers.pop("baselines"), "evaluation": numbers}
    objects.put(
        f"runs/{run}/evaluation.json", json.dumps(record).encode(), content_type="application/json"
    )

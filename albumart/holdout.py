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
from albumart.registry import (
    Answers,
    Decision,
    check_size,
    decide_promotion,
    promote,
    refuse,
    was_rolled_back,
)
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


def judge_version(study: Study, number: int, workspace: Workspace) -> Decision:
    """Put version ``number`` through the promotion gate and move the alias if it passes.

    A version that is champion already stays so; one that a person rolled back is left alone; a
    race with another promotion ends with one winner.
    """
    version = workspace.models.find_version(study.name, number)
    champion = workspace.models.champion(study.name)
    if champion is not None and champion.version == number:
        return Decision(True, "it is the champion already: nothing changed since it was promoted")
    if was_rolled_back(workspace.models, version):
        return Decision(False, f"it was rolled back; to have it again: {_by_hand(version)}")
    decision = _ask_gate(study, version, champion, workspace)
    if not decision.promoted:
        refuse(workspace.models, version, decision.reason)
        return decision
    replaced = champion.version if champion else None
    if promote(workspace.models, version, replaced=replaced, reason=decision.reason):
        return decision
    return Decision(False, "another version was promoted meanwhile; run again to be compared to it")


def _ask_gate(
    study: Study, version: ModelVersion, champion: ModelVersion | None, workspace: Workspace
) -> Decision:
    shrunk = check_size(version.albums, champion.albums) if champion else None
    if shrunk is not None:
        return shrunk
    manifest = read_manifest(workspace.objects, version.dataset)
    holdout = read_holdout(workspace.objects, version.run)
    return decide_promotion(
        answers_beside_champion(version, champion, manifest, workspace),
        accuracy=holdout.evaluation.metrics["accuracy"],
        majority=holdout.baselines["majority"],
        rules=study.promotion,
    )


def _by_hand(version: ModelVersion) -> str:
    return f"albumart models promote {version.study} {version.version}"


def answers_beside_champion(
    candidate: ModelVersion, champion: ModelVersion | None, manifest: Manifest, workspace: Workspace
) -> Answers:
    """Candidate's and champion's predictions on the test split of ``manifest``."""
    test = splits_of(manifest) == "test"
    mine = read_holdout(workspace.objects, candidate.run).probabilities.argmax(axis=1)
    theirs = None if champion is None else _predict_version(champion, manifest, workspace)
    return Answers(
        classes=manifest.classes,
        truth=labels_of(manifest)[test],
        candidate=mine,
        champion=theirs,
        groups=manifest.frame["group"].to_numpy(dtype=np.str_)[test],
    )


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


def _predict_version(
    version: ModelVersion, manifest: Manifest, workspace: Workspace
) -> NDArray[np.intp]:
    """``(n_test,)`` class numbers of ``manifest``; −1 where the version answers another class."""
    test = splits_of(manifest) == "test"
    if version.dataset == manifest.digest:
        own = read_holdout(workspace.objects, version.run).probabilities
    else:
        model = load_model(
            workspace.objects.get(version.object_key), version.sha256, workspace.cache / "models"
        )
        pixels = cached_pixels(manifest, workspace, version.image_size)
        own = predict_proba(model, pixels, np.flatnonzero(test))
    numbers = {name: number for number, name in enumerate(manifest.classes)}
    translation = np.array([numbers.get(name, -1) for name in version.classes])
    return np.asarray(translation[own.argmax(axis=1)])

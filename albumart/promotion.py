"""The station of promotion: a version through the gate, and the alias moved if it passes."""

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.manifest import Manifest, read_manifest
from albumart.holdout import read_holdout
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
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.candidate import cached_pixels, labels_of, splits_of


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

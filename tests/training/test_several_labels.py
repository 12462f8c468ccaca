"""A study whose albums carry several labels, from the dataset to the report and a prediction."""

from pathlib import Path

import numpy as np
import pytest
from quick_study import study

from albumart.dataset.manifest import Manifest
from albumart.dataset.version import build_version
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.holdout import evaluate_candidate, read_holdout, register_candidate
from albumart.promotion import judge_version
from albumart.reports.store import write_report
from albumart.stores.workspace import Workspace
from albumart.study import Head, Labels, Promotion, Study, Trials
from albumart.training.candidate import Provenance, train_candidate
from albumart.training.networks import find_label_space, order_of, splits_of
from albumart.trials import run_trials

SPACE = Head(title="label space", kind="label_embedding", dropout=0.1)


def several(kind: str) -> Study:
    """Bandcamp tells one genre; the classes above it make a second label of some."""
    labels = Labels(
        scheme="multi_hot",
        classes=("ambient", "electronic", "dubstep", "hiphop_rap", "metal", "punk", "rock"),
        min_covers=10,
    )
    return Study.model_validate(
        study(head_only=True, epochs=3).model_dump()
        | {
            "name": f"several-{kind.replace('_', '-')}",
            "labels": labels.model_dump(),
            "head": {"kind": kind, "dropout": 0.1},
            "compare": [SPACE.model_dump()] if kind == "sigmoid" else [],
            "promotion": Promotion(metric="micro_pr_auc").model_dump(),
            "trials": Trials(seeds=1).model_dump(),
        }
    )


@pytest.fixture(scope="module")
def dataset(filled: Workspace) -> Manifest:
    return build_version(several("sigmoid"), filled)


def test_the_dataset_holds_albums_of_several_labels(dataset: Manifest) -> None:
    assert dataset.has_several
    assert (order_of(dataset) > 0).sum() > len(dataset.frame)


@pytest.mark.parametrize("kind", ["sigmoid", "label_embedding"])
def test_from_dataset_to_report(
    filled: Workspace, dataset: Manifest, kind: str, tmp_path: Path
) -> None:
    chosen = several(kind)
    candidate = train_candidate(chosen, dataset, filled, Provenance("albumart run several"))
    holdout = evaluate_candidate(candidate, chosen, dataset, filled)
    assert isinstance(holdout.evaluation, MultiEvaluation)
    assert holdout.probabilities.shape == (holdout.evaluation.n, len(dataset.classes))
    assert ((holdout.probabilities >= 0) & (holdout.probabilities <= 1)).all()
    assert "label_cosine" in holdout.evaluation.metrics or holdout.evaluation.metrics
    assert isinstance(holdout.findings.baselines["linear_probe"], Estimate)
    assert holdout.findings.threshold is None
    again = read_holdout(filled.objects, candidate.run)
    assert again.evaluation == holdout.evaluation

    found = run_trials(candidate, chosen, dataset, filled)
    assert found.leakage is not None
    assert set(found.heads) == ({"label space"} if kind == "sigmoid" else set())

    version = register_candidate(candidate.run, filled).version
    assert judge_version(chosen, version, filled).reason
    page = write_report(filled, chosen, version, folder=tmp_path).read_text()
    assert "PR-AUC" in page


def test_calibrated_answers_are_as_sure_as_they_are_right(
    filled: Workspace, dataset: Manifest
) -> None:
    """Whatever the head had learnt, its mean answer is near the mean truth."""
    for kind in ("sigmoid", "label_embedding"):
        chosen = several(kind)
        candidate = train_candidate(chosen, dataset, filled, Provenance("albumart run several"))
        told = evaluate_candidate(candidate, chosen, dataset, filled).probabilities
        truth = order_of(dataset)[splits_of(dataset) == "test"] > 0
        assert told.mean() == pytest.approx(truth.mean(), abs=0.1)


def test_the_label_space_is_learnt_of_the_training_split_alone(dataset: Manifest) -> None:
    splits = splits_of(dataset)
    space = find_label_space(several("sigmoid"), dataset, splits)
    shuffled = dataset.frame.copy()
    others = np.flatnonzero(splits != "train")
    for row, other in zip(others, np.roll(others, 1), strict=True):
        shuffled.at[row, "labels"] = dataset.frame.at[other, "labels"]
    mixed = Manifest(dataset.study, dataset.classes, shuffled, {}, dataset.parameters)
    again = find_label_space(several("sigmoid"), mixed, splits)
    assert space is not None
    assert again is not None
    assert (space.vectors == again.vectors).all()
    assert find_label_space(study(), dataset, splits) is None

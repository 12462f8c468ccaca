"""Predictions on a test split → an Evaluation: everything a report or a gate asks about them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import TypeAdapter

from albumart.evaluation.calibration import ReliabilityBin, calibration_floor, reliability_bins
from albumart.evaluation.intervals import Estimate, IntArray, wilson_within
from albumart.evaluation.metrics import estimate_metrics
from albumart.evaluation.scores import Scores, check_scores


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class: ``support`` covers are of it; Wilson's intervals are by group."""

    name: str
    support: int
    precision: Estimate
    recall: Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model on one split.

    Attributes:
        n: rows.
        classes: names, in the order of the confusion matrix.
        metrics: by their name in METRICS.
        per_class: in the order of ``classes``.
        confusion: ``(k, k)`` counts, rows are the truth, columns the prediction.
        reliability: bins of the top answer's confidence.
        ece_floor: the calibration error that a perfectly calibrated model would show on n rows.
    """

    n: int
    classes: tuple[str, ...]
    metrics: dict[str, Estimate]
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[ReliabilityBin, ...]
    ece_floor: float

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; what is undefined is ``None``."""
        return cast("dict[str, object]", json.loads(_adapter().dump_json(self)))

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> "Evaluation":
        """The evaluation that ``to_dict`` wrote. Raises ValueError on another shape."""
        return _adapter().validate_python(fields)


@cache
def _adapter() -> TypeAdapter[Evaluation]:
    return TypeAdapter(Evaluation)


def evaluate_predictions(
    truth: ArrayLike, probabilities: ArrayLike, *, classes: Sequence[str], groups: ArrayLike
) -> Evaluation:
    """Score ``(n, k)`` probabilities against ``(n,)`` class numbers.

    Args:
        truth: ``(n,) int`` positions in ``classes``.
        probabilities: ``(n, k) float``, rows sum to 1.
        classes: k names.
        groups: ``(n,)`` group of each row; intervals are drawn by it.

    Raises:
        ValueError: shapes do not fit, or the probabilities are none.
    """
    scores = check_scores(truth, probabilities)
    if len(classes) != scores.k or np.shape(groups) != (scores.n,):
        raise ValueError(
            f"expected {scores.k} classes and groups of shape ({scores.n},); "
            f"got {len(classes)} and {np.shape(groups)}"
        )
    confusion = confusion_matrix(scores)
    return Evaluation(
        n=scores.n,
        classes=tuple(classes),
        metrics=estimate_metrics(scores, groups),
        per_class=_class_scores(scores, classes, groups),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        reliability=reliability_bins(scores.confidence, scores.correct, groups),
        ece_floor=calibration_floor(scores.confidence),
    )


def correct(truth: ArrayLike, probabilities: ArrayLike) -> NDArray[np.bool_]:
    """``(n,)`` whether each row's most probable class is the true one; for paired comparisons."""
    return check_scores(truth, probabilities).correct


def confusion_matrix(scores: Scores) -> IntArray:
    """``(k, k)`` counts: rows are the truth, columns the prediction."""
    cells = np.bincount(scores.truth * scores.k + scores.predicted, minlength=scores.k**2)
    return cells.reshape(scores.k, scores.k).astype(np.int64)


def most_confused(evaluation: Evaluation, count: int) -> tuple[tuple[str, str, int], ...]:
    """``(truth, prediction, covers)`` of the commonest mistakes, most first."""
    cells = [
        (evaluation.classes[row], evaluation.classes[column], covers)
        for row, line in enumerate(evaluation.confusion)
        for column, covers in enumerate(line)
        if row != column and covers
    ]
    return tuple(sorted(cells, key=lambda cell: -cell[2])[:count])


def top_losses(truth: ArrayLike, probabilities: ArrayLike, count: int) -> IntArray:
    """Row numbers of the worst mistakes: least probability for the truth first."""
    scores = check_scores(truth, probabilities)
    wrong = np.flatnonzero(~scores.correct)
    order = np.argsort(scores.of_truth[wrong], kind="stable")
    return wrong[order[:count]].astype(np.int64)


def most_typical(probabilities: ArrayLike, class_number: int, count: int) -> IntArray:
    """Row numbers of the covers that look most like one class to the model, best first."""
    column = np.asarray(probabilities, dtype=np.float64)[:, class_number]
    return np.argsort(-column, kind="stable")[:count].astype(np.int64)


def _class_scores(
    scores: Scores, classes: Sequence[str], groups: ArrayLike
) -> tuple[ClassScore, ...]:
    truths = np.bincount(scores.truth, minlength=scores.k)
    return tuple(
        ClassScore(
            name=name,
            support=int(truths[number]),
            precision=wilson_within(scores.correct, scores.predicted == number, groups),
            recall=wilson_within(scores.correct, scores.truth == number, groups),
        )
        for number, name in enumerate(classes)
    )

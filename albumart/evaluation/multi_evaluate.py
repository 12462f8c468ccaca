"""Multi-label predictions on a test split → a MultiEvaluation, beside the popularity baseline."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import TypeAdapter

from albumart.evaluation.intervals import (
    Estimate,
    FloatArray,
    IntArray,
    bootstrap_each,
    wilson_within,
)
from albumart.evaluation.metrics import EPSILON
from albumart.evaluation.multi_metrics import compare_multi_metrics
from albumart.evaluation.multi_scores import MultiScores, by_popularity


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label.

    Attributes:
        name: of the label.
        support: covers that have it.
        average_precision: of the covers ranked for it; ``support / n`` is what guessing gets.
        roc_auc: how often a cover with it is above one without.
        precision: of the covers said to have it, how many do, at the evaluation's threshold.
        recall: of the covers that have it, how many are said to.
    """

    name: str
    support: int
    average_precision: Estimate
    roc_auc: Estimate
    precision: Estimate
    recall: Estimate


@dataclass(frozen=True, slots=True)
class MultiEvaluation:
    """A model on one split, beside what knowing the commonest labels gets.

    Attributes:
        n: rows.
        labels: names, in the order of the columns.
        threshold: from which probability on a cover is said to have a label.
        metrics: by their name in MULTI_METRICS.
        popularity: the same of the baseline that ranks labels by how common they are in training.
        gain: the paired difference of the two; its interval holds 0 where the cover told nothing.
        per_label: in the order of ``labels``.
    """

    n: int
    labels: tuple[str, ...]
    threshold: float
    metrics: dict[str, Estimate]
    popularity: dict[str, Estimate]
    gain: dict[str, Estimate]
    per_label: tuple[LabelScore, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; what is undefined is ``None``."""
        return cast("dict[str, object]", json.loads(_adapter().dump_json(self)))

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> "MultiEvaluation":
        """The evaluation that ``to_dict`` wrote. Raises ValueError on another shape."""
        return _adapter().validate_python(fields)


@cache
def _adapter() -> TypeAdapter[MultiEvaluation]:
    return TypeAdapter(MultiEvaluation)


def evaluate_multi_predictions(
    scores: MultiScores,
    labels: Sequence[str],
    *,
    groups: ArrayLike,
    shares: ArrayLike,
    threshold: float = 0.5,
) -> MultiEvaluation:
    """Everything a report asks about multi-label predictions.

    Args:
        scores: of the test split, from ``check_multi_scores``.
        labels: k names.
        groups: ``(n,)`` group of each row; intervals are drawn by it.
        shares: ``(k,)`` how common each label is in the training split, from ``label_shares``.
        threshold: from which probability on a cover is said to have a label.

    Raises:
        ValueError: shapes do not fit.
    """
    if len(labels) != scores.k or np.shape(groups) != (scores.n,):
        raise ValueError(
            f"expected {scores.k} labels and groups of shape ({scores.n},); "
            f"got {len(labels)} and {np.shape(groups)}"
        )
    compared = compare_multi_metrics(scores, by_popularity(scores, shares), groups)
    return MultiEvaluation(
        n=scores.n,
        labels=tuple(labels),
        threshold=threshold,
        metrics=compared.a,
        popularity=compared.b,
        gain=compared.difference,
        per_label=_label_scores(scores, labels, groups, threshold),
    )


def multi_most_confused(
    scores: MultiScores, labels: Sequence[str], count: int
) -> tuple[tuple[str, str, int], ...]:
    """``(label missed, label said in its stead, covers)``, most first.

    A cover with m labels is taken to be told its m most probable ones, so that as many are missed
    as are said wrongly; each missed one is paired with each wrong one.
    """
    said = _as_many_as_true(scores)
    missed = (scores.truth & ~said).astype(np.float64)
    pairs = missed.T @ (said & ~scores.truth)
    best = np.argsort(-pairs, axis=None, kind="stable")[:count]
    cells = zip(*np.unravel_index(best, pairs.shape), strict=True)
    return tuple(
        (labels[int(true)], labels[int(other)], int(pairs[true, other]))
        for true, other in cells
        if pairs[true, other]
    )


def multi_top_losses(scores: MultiScores, count: int) -> IntArray:
    """Row numbers of the worst answers: greatest mean cross-entropy over the labels first."""
    of_truth = np.where(scores.truth, scores.probabilities, 1 - scores.probabilities)
    losses = -np.log(np.maximum(of_truth, EPSILON)).mean(axis=1)
    return np.argsort(-losses, kind="stable")[:count].astype(np.int64)


def _as_many_as_true(scores: MultiScores) -> NDArray[np.bool_]:
    """``(n, k)`` a row's m most probable labels, where it has m; of equals, the first."""
    order = np.argsort(-scores.probabilities, axis=1, kind="stable")
    ranks = np.argsort(order, axis=1)
    return np.asarray(ranks < scores.truth.sum(axis=1, keepdims=True))


def _label_scores(
    scores: MultiScores, labels: Sequence[str], groups: ArrayLike, threshold: float
) -> tuple[LabelScore, ...]:
    ranked = _ranked_by_label(scores, groups)
    called = scores.probabilities >= threshold
    hits = scores.truth & called
    supports = scores.truth.sum(axis=0)
    return tuple(
        LabelScore(
            name=name,
            support=int(supports[number]),
            average_precision=ranked[number],
            roc_auc=ranked[scores.k + number],
            precision=wilson_within(hits[:, number], called[:, number], groups),
            recall=wilson_within(hits[:, number], scores.truth[:, number], groups),
        )
        for number, name in enumerate(labels)
    )


def _ranked_by_label(scores: MultiScores, groups: ArrayLike) -> tuple[Estimate, ...]:
    """``2k`` estimates: average precision of each label, then ROC-AUC of each."""
    ranking = scores.by_label
    columns = np.concatenate([ranking.questions, scores.k + ranking.questions])

    def curves(weights: FloatArray) -> FloatArray:
        values = np.full((len(weights), 2 * scores.k), np.nan)
        values[:, columns] = np.hstack(
            [ranking.average_precision(weights), ranking.roc_auc(weights)]
        )
        return values

    found = bootstrap_each(curves, groups, centred=True)
    return tuple(estimate.within(0, 1) for estimate in found)

"""METRICS: figures about single-label predictions, each with its interval.

Every metric here is a function of sums over rows. So it is written as two: ``terms`` says what a
row adds, ``combine`` turns the sums into the figure. A bootstrap then is one matrix product.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from albumart.evaluation.agreement import kappa_of
from albumart.evaluation.calibration import BINS, bin_index
from albumart.evaluation.intervals import (
    Estimate,
    FloatArray,
    IntArray,
    bootstrap_by_group,
    wilson_by_group,
)
from albumart.evaluation.scores import Scores

# scikit-learn's clip of log_loss, so that one confident error does not make the mean infinite.
EPSILON: Final = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure.

    Attributes:
        title: its name for people.
        meaning: one clause that a newcomer understands.
        terms: ``(n, d)`` what each row adds to the sums.
        combine: ``(b, d)`` sums of ``terms`` → ``(b,)`` values.
        higher_is_better: False for losses.
        proportion: successes of n, so that Wilson's interval applies; terms are ``(hit, 1)``.
        biased: resampling pushes it to one side, so that its interval is put round the value; it
            lies between 0 and 1.
        least_classes: with fewer the figure says nothing and is left out.
    """

    title: str
    meaning: str
    terms: Callable[[Scores], FloatArray]
    combine: Callable[[FloatArray], FloatArray]
    higher_is_better: bool = True
    proportion: bool = False
    biased: bool = False
    least_classes: int = 2


def estimate_metric(
    metric: Metric, scores: Scores, groups: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> Estimate:
    """The figure with its interval, by group: Wilson's for a proportion, else bootstrapped."""
    terms = metric.terms(scores)
    if metric.proportion:
        return wilson_by_group(terms[:, 0], groups)
    found = bootstrap_by_group(
        lambda weights: metric.combine(weights @ terms),
        groups,
        centred=metric.biased,
        resamples=resamples,
        seed=seed,
    )
    return found.within(0, 1) if metric.biased else found


def estimate_metrics(scores: Scores, groups: ArrayLike) -> dict[str, Estimate]:
    """Every row of METRICS that means something for this number of classes."""
    return {
        name: estimate_metric(metric, scores, groups)
        for name, metric in METRICS.items()
        if scores.k >= metric.least_classes
    }


def _with_count(column: ArrayLike) -> FloatArray:
    values = np.asarray(column, dtype=np.float64)
    return np.column_stack([values, np.ones_like(values)])


def _mean(sums: FloatArray) -> FloatArray:
    return sums[:, 0] / sums[:, 1]


def _hit(scores: Scores) -> FloatArray:
    return _with_count(scores.correct)


def _hit_of_three(scores: Scores) -> FloatArray:
    # Of equal probabilities the first class wins, as it does in argmax.
    best = np.argsort(-scores.probabilities, axis=1, kind="stable")[:, :3]
    return _with_count((best == scores.truth[:, None]).any(axis=1))


def _surprise(scores: Scores) -> FloatArray:
    return _with_count(-np.log(np.clip(scores.of_truth, EPSILON, 1 - EPSILON)))


def _squared_error(scores: Scores) -> FloatArray:
    return _with_count(np.square(scores.probabilities - _one_hot(scores.truth, scores.k)).sum(1))


def _gaps(scores: Scores) -> FloatArray:
    """``(n, bins + 1)``: accuracy minus confidence in the row's bin, and 1."""
    gap = scores.correct - scores.confidence
    bins = _one_hot(bin_index(scores.confidence), BINS)
    return np.column_stack([bins * gap[:, None], np.ones(scores.n)])


def _mean_gap(sums: FloatArray) -> FloatArray:
    return np.asarray(np.abs(sums[:, :-1]).sum(axis=1) / sums[:, -1])


def _counts(scores: Scores) -> FloatArray:
    """``(n, 3k)``: per class, whether the row is a hit, is it in truth, is called it."""
    truth, predicted = _one_hot(scores.truth, scores.k), _one_hot(scores.predicted, scores.k)
    return np.hstack([truth * predicted, truth, predicted])


def _balanced_accuracy(sums: FloatArray) -> FloatArray:
    hits, truth, _ = np.split(sums, 3, axis=1)
    return _mean_where(hits, truth)


def _macro_f1(sums: FloatArray) -> FloatArray:
    hits, truth, predicted = np.split(sums, 3, axis=1)
    return _mean_where(2 * hits, truth + predicted)


def _kappa(sums: FloatArray) -> FloatArray:
    hits, truth, predicted = np.split(sums, 3, axis=1)
    return kappa_of(hits.sum(axis=1), truth, predicted)


def _mean_where(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    """Mean over classes of part / whole, over the classes that occur at all."""
    shares = np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)
    return np.asarray(shares.sum(axis=1) / (wholes > 0).sum(axis=1))


def _one_hot(index: IntArray, size: int) -> FloatArray:
    return np.asarray(index[:, None] == np.arange(size), dtype=np.float64)


METRICS: Final[dict[str, Metric]] = {
    "accuracy": Metric(
        "Accuracy", "share of covers whose top answer is right", _hit, _mean, proportion=True
    ),
    "balanced_accuracy": Metric(
        "Balanced accuracy",
        "mean of the classes' recalls, so that a common class counts no more than a rare one",
        _counts,
        _balanced_accuracy,
    ),
    "macro_f1": Metric(
        "Macro F1", "mean over classes of precision and recall taken together", _counts, _macro_f1
    ),
    "top3_accuracy": Metric(
        "Top-3 accuracy",
        "share of covers whose true class is among the three most probable",
        _hit_of_three,
        _mean,
        proportion=True,
        least_classes=4,
    ),
    "cohen_kappa": Metric(
        "Cohen's kappa",
        "agreement with the labels beyond chance: 0 is guessing, 1 is perfect",
        _counts,
        _kappa,
    ),
    "log_loss": Metric(
        "Log loss",
        "mean surprise at the true class, in nats; a confident error costs most",
        _surprise,
        _mean,
        higher_is_better=False,
    ),
    "brier": Metric(
        "Brier score",
        "squared error of the probabilities, summed over classes: 0 is perfect, 2 the worst",
        _squared_error,
        _mean,
        higher_is_better=False,
    ),
    "ece": Metric(
        "Calibration error (ECE)",
        f"mean gap between confidence and accuracy over {BINS} bins",
        _gaps,
        _mean_gap,
        higher_is_better=False,
        biased=True,
    ),
}

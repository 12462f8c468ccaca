"""MULTI_METRICS: figures about multi-label predictions, each with its interval by group.

Averages say over what: *micro* puts every pair of cover and label into one ranking, so that common
labels count most; *macro* ranks the covers for each label and takes the mean over the labels that
occur. A cover without labels cannot be ranked and is left out of means over covers.

All intervals are centred (see ``bootstrap_by_group``). Average precision grows as covers get fewer,
for a true one counts itself; so compare it on one test split only, never from one set to another.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from albumart.evaluation.gains import discounted_gain, graded_relevance
from albumart.evaluation.intervals import (
    Estimate,
    FloatArray,
    IntArray,
    Statistic,
    bootstrap_by_group,
    bootstrap_each,
    mean_defined,
)
from albumart.evaluation.multi_scores import MultiScores
from albumart.evaluation.ranking import rank_cells
from albumart.models.label_space import embed_labels, unit_rows

Array = TypeVar("Array", FloatArray, IntArray)


@dataclass(frozen=True, slots=True)
class MultiMetric:
    """One figure.

    Attributes:
        title: its name for people.
        meaning: one clause that a newcomer understands.
        prepare: does once what all resamples share; what it returns is bootstrapped.
        higher_is_better: False for losses.
        bounds: between which the figure lies.
        needs: the field of MultiScores without which the figure is left out.
    """

    title: str
    meaning: str
    prepare: Callable[[MultiScores], Statistic]
    higher_is_better: bool = True
    bounds: tuple[float, float] = (0.0, 1.0)
    needs: str = "truth"


def applicable_metrics(scores: MultiScores) -> dict[str, MultiMetric]:
    """The rows of MULTI_METRICS for which these scores have all that is needed."""
    return {
        name: metric
        for name, metric in MULTI_METRICS.items()
        if getattr(scores, metric.needs) is not None
    }


def estimate_multi_metric(
    metric: MultiMetric,
    scores: MultiScores,
    groups: ArrayLike,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """The figure with its interval, bootstrapped by group."""
    found = bootstrap_by_group(
        metric.prepare(scores), groups, centred=True, resamples=resamples, seed=seed
    )
    return found.within(*metric.bounds)


def estimate_multi_metrics(
    scores: MultiScores, groups: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> dict[str, Estimate]:
    """Every row of MULTI_METRICS that these scores allow."""
    names = tuple(applicable_metrics(scores))
    found = bootstrap_each(
        _prepared(scores, names), groups, centred=True, resamples=resamples, seed=seed
    )
    return _bounded(names, found)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same rows: each one's figures, and the paired differences a − b."""

    a: dict[str, Estimate]
    b: dict[str, Estimate]
    difference: dict[str, Estimate]


def compare_multi_metrics(
    a: MultiScores, b: MultiScores, groups: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> Comparison:
    """Both models' figures and their differences, all from the same draws of the groups.

    Raises:
        ValueError: the two do not answer the same truth.
    """
    if not np.array_equal(a.truth, b.truth):
        raise ValueError("expected two models on the same rows; got other truth")
    names = tuple(name for name in applicable_metrics(a) if name in applicable_metrics(b))
    first, second = _prepared(a, names), _prepared(b, names)

    def both(weights: FloatArray) -> FloatArray:
        mine, theirs = first(weights), second(weights)
        return np.hstack([mine, theirs, mine - theirs])

    found = bootstrap_each(both, groups, centred=True, resamples=resamples, seed=seed)
    size = len(names)
    return Comparison(
        a=_bounded(names, found[:size]),
        b=_bounded(names, found[size : 2 * size]),
        difference=dict(zip(names, found[2 * size :], strict=True)),
    )


def _bounded(names: Sequence[str], found: Sequence[Estimate]) -> dict[str, Estimate]:
    pairs = zip(names, found, strict=True)
    return {name: estimate.within(*MULTI_METRICS[name].bounds) for name, estimate in pairs}


def _prepared(scores: MultiScores, names: Sequence[str]) -> Statistic:
    statistics = [MULTI_METRICS[name].prepare(scores) for name in names]
    return lambda weights: np.column_stack([statistic(weights) for statistic in statistics])


def _mean_of_rows(values: FloatArray) -> Statistic:
    """Mean of ``(n,)`` over the rows that have a value."""
    defined = ~np.isnan(values)
    terms = np.column_stack([np.where(defined, values, 0), defined])

    def mean(weights: FloatArray) -> FloatArray:
        sums = weights @ terms
        empty = np.full(len(sums), np.nan)
        means = np.divide(sums[:, 0], sums[:, 1], out=empty, where=sums[:, 1] > 0)
        return np.asarray(means)

    return mean


def _micro_precision(scores: MultiScores) -> Statistic:
    return lambda weights: mean_defined(scores.overall.average_precision(weights))


def _macro_precision(scores: MultiScores) -> Statistic:
    return lambda weights: mean_defined(scores.by_label.average_precision(weights))


def _micro_roc(scores: MultiScores) -> Statistic:
    return lambda weights: mean_defined(scores.overall.roc_auc(weights))


def _macro_roc(scores: MultiScores) -> Statistic:
    return lambda weights: mean_defined(scores.by_label.roc_auc(weights))


def _mean_average_precision(scores: MultiScores) -> Statistic:
    # Turned about: here the labels are ranked, for each cover.
    by_cover = rank_cells(scores.truth.T, scores.probabilities.T, by_column=True)
    values = np.full(scores.n, np.nan)
    values[by_cover.questions] = by_cover.average_precision(np.ones((1, scores.k)))[0]
    return _mean_of_rows(values)


def _coverage(scores: MultiScores) -> Statistic:
    least = np.where(scores.truth, scores.probabilities, np.inf).min(axis=1)
    named = (scores.probabilities >= least[:, None]).sum(axis=1).astype(np.float64)
    return _mean_of_rows(np.where(np.isinf(least), np.nan, named))


def _ordered_gain(scores: MultiScores) -> Statistic:
    relevance = graded_relevance(_required(scores.order, "order"))
    return _mean_of_rows(discounted_gain(relevance, scores.probabilities))


def _cosine(scores: MultiScores) -> Statistic:
    vectors = _required(scores.vectors, "vectors")
    answers = scores.answers
    if answers is None:
        answers = embed_labels(scores.probabilities, vectors)
    cosines = (embed_labels(scores.truth, vectors) * unit_rows(answers)).sum(axis=1)
    return _mean_of_rows(np.where(scores.truth.any(axis=1), cosines, np.nan))


def _required(field: Array | None, name: str) -> Array:
    if field is None:
        raise ValueError(f"expected scores with {name}; got none: this metric needs them")
    return field


MULTI_METRICS: Final[Mapping[str, MultiMetric]] = MappingProxyType(
    {
        "micro_pr_auc": MultiMetric(
            "Micro PR-AUC",
            "average precision over all pairs of cover and label at once; "
            "guessing gets the share of pairs that are true",
            _micro_precision,
        ),
        "macro_pr_auc": MultiMetric(
            "Macro PR-AUC",
            "average precision of each label, then the mean over labels, so that a common label "
            "counts no more than a rare one",
            _macro_precision,
        ),
        "micro_roc_auc": MultiMetric(
            "Micro ROC-AUC",
            "how often a true pair of cover and label gets more than a false one; 0.5 is a coin, "
            "but knowing which labels are common gets far above it",
            _micro_roc,
        ),
        "macro_roc_auc": MultiMetric(
            "Macro ROC-AUC",
            "how often a cover with the label gets more than one without, mean over labels; "
            "0.5 is a coin",
            _macro_roc,
        ),
        "map": MultiMetric(
            "Mean average precision (mAP)",
            "average precision of the labels as ranked for each cover, mean over covers",
            _mean_average_precision,
        ),
        "coverage": MultiMetric(
            "Coverage error",
            "how many labels must be named for a cover, best first, until all true ones are",
            _coverage,
            higher_is_better=False,
            bounds=(1.0, math.inf),
        ),
        "ndcg_at_5": MultiMetric(
            "nDCG@5",
            "gain of the first five labels named, out of the best possible: a cover's first true "
            "label is worth 5, its second 4, its fifth and later ones 1",
            _ordered_gain,
            needs="order",
        ),
        "label_cosine": MultiMetric(
            "Cosine in label space",
            "how near the answer lies to the true labels' direction: 1 is the same, "
            "0 has nothing to do with it",
            _cosine,
            bounds=(-1.0, 1.0),
            needs="vectors",
        ),
    }
)

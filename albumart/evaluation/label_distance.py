"""How far off the wrong answers are: calling a sad cover gloomy is nearer than calling it happy.

The distance of two labels is one minus the cosine of their vectors. A wrong answer's is that to the
nearest of the cover's true labels. Two models are wrong on different covers, and the one that gets
the easy ones right is left with the hard ones. So beside the mean over the wrong answers stands the
mean over all answers, where a right one counts 0, and two models are compared where both are wrong.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from albumart.evaluation.intervals import Estimate, FloatArray, bootstrap_each
from albumart.evaluation.multi_scores import MultiScores, check_multi_scores
from albumart.evaluation.scores import Scores
from albumart.models.label_space import label_distances

_FIGURES: Final = 3


@dataclass(frozen=True, slots=True)
class LabelDistance:
    """Distances are 0 (the same) to 2 (the opposite); 1 has nothing to do with it.

    Attributes:
        named: labels that each cover was said to have, its most probable ones.
        wrong: mean distance of the wrong ones of these; ``nan`` where none is wrong.
        every: the same of all of these; a right one's is 0.
        share_wrong: how many of them are wrong.
    """

    named: int
    wrong: Estimate
    every: Estimate
    share_wrong: Estimate


@dataclass(frozen=True, slots=True)
class DistanceComparison:
    """Two models on the same rows, and the paired differences a − b: below 0, a is nearer.

    ``both_wrong`` is the mean difference over the covers on which both say something wrong, of
    each one's mean distance there: its ``n`` counts all covers.
    """

    a: LabelDistance
    b: LabelDistance
    difference: LabelDistance
    both_wrong: Estimate


def evaluate_label_distance(
    scores: MultiScores, vectors: ArrayLike, groups: ArrayLike, *, named: int = 1
) -> LabelDistance:
    """How far a model's wrong answers are from the truth, with intervals by group.

    Args:
        scores: of a split; a row without a true label is left out.
        vectors: ``(k, d)`` of the labels. One space for all models that are compared.
        groups: ``(n,)``.
        named: labels that a cover is said to have: its most probable ones.
    """
    terms = _terms(scores, vectors, named)
    found = bootstrap_each(lambda weights: _figures(weights @ terms), groups)
    return LabelDistance(named, *_bounded(found))


def compare_label_distance(
    a: MultiScores, b: MultiScores, vectors: ArrayLike, groups: ArrayLike, *, named: int = 1
) -> DistanceComparison:
    """Both models' distances and their paired differences, from the same draws of the groups.

    Raises:
        ValueError: the two do not answer the same truth.
    """
    if not np.array_equal(a.truth, b.truth):
        raise ValueError("expected two models on the same rows; got other truth")
    first, second = _terms(a, vectors, named), _terms(b, vectors, named)
    both = _both_wrong(first, second)

    def figures(weights: FloatArray) -> FloatArray:
        mine, theirs = _figures(weights @ first), _figures(weights @ second)
        gaps = _divide(*(weights @ both).T)[:, None]
        return np.hstack([mine, theirs, mine - theirs, gaps])

    found = bootstrap_each(figures, groups)
    return DistanceComparison(
        a=LabelDistance(named, *_bounded(found[:_FIGURES])),
        b=LabelDistance(named, *_bounded(found[_FIGURES : 2 * _FIGURES])),
        difference=LabelDistance(named, *found[2 * _FIGURES : -1]),
        both_wrong=found[-1],
    )


def as_multi_scores(scores: Scores) -> MultiScores:
    """Scores of one class each, as rows that have one label each."""
    truth = np.eye(scores.k, dtype=np.bool_)[scores.truth]
    return check_multi_scores(truth, np.clip(scores.probabilities, 0, 1))


def _terms(scores: MultiScores, vectors: ArrayLike, named: int) -> FloatArray:
    """``(n, 3)`` of each row: distances of its named labels, how many are wrong, how many named."""
    distances = label_distances(vectors)
    if len(distances) != scores.k or not 1 <= named <= scores.k:
        raise ValueError(
            f"expected vectors of {scores.k} labels and 1 to {scores.k} named; "
            f"got {len(distances)} and {named}"
        )
    said = np.argsort(-scores.probabilities, axis=1, kind="stable")[:, :named]
    nearest = np.stack([_nearest_true(row, distances) for row in scores.truth])
    told = np.asarray(scores.truth.any(axis=1))[:, None]
    away = np.where(told, np.take_along_axis(nearest, said, axis=1), 0)
    wrong = ~np.take_along_axis(scores.truth, said, axis=1) & told
    return np.column_stack([away.sum(axis=1), wrong.sum(axis=1), named * told[:, 0]]).astype(float)


def _nearest_true(truth: NDArray[np.bool_], distances: FloatArray) -> FloatArray:
    """``(k,)`` distance of each label to the nearest of a row's true ones; 2 where none is."""
    return np.asarray(distances[:, truth].min(axis=1, initial=2.0))


def _both_wrong(first: FloatArray, second: FloatArray) -> FloatArray:
    """``(n, 2)``: how much farther off the first is where both are wrong, and whether they are."""
    means = [_divide(terms[:, 0], terms[:, 1]) for terms in (first, second)]
    gaps = means[0] - means[1]
    return np.column_stack([np.nan_to_num(gaps), ~np.isnan(gaps)])


def _figures(sums: FloatArray) -> FloatArray:
    """``(b, 3)`` sums of the terms → ``(b, 3)`` the three figures of a LabelDistance."""
    away, wrong, named = sums.T
    pairs = ((away, wrong), (away, named), (wrong, named))
    return np.column_stack([_divide(part, whole) for part, whole in pairs])


def _divide(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    return np.divide(parts, wholes, out=np.full_like(parts, np.nan), where=wholes > 0)


def _bounded(found: tuple[Estimate, ...]) -> tuple[Estimate, Estimate, Estimate]:
    wrong, every, share = found
    return wrong.within(0, 2), every.within(0, 2), share.within(0, 1)

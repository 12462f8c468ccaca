"""Agreement beyond chance of any two raters, be they models or people: Cohen's kappa.

A rater may say "not sure". That is neither agreement nor disagreement: such rows are left out of
the figures and counted beside them, so that a rater who only answers the easy ones is seen to.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from albumart.evaluation.intervals import (
    Estimate,
    FloatArray,
    IntArray,
    bootstrap_by_group,
    bootstrap_each,
    mean_defined,
    wilson_within,
)

NOT_SURE: Final = -1  # of a multi-label rater, beside 0 and 1
UNKNOWN: Final = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two raters of the same rows.

    Attributes:
        asked: rows, or pairs of row and label, that both were asked about.
        unsure: how many of them the first and the second did not answer.
        observed: share of what both answered in which they say the same.
        kappa: the same beyond chance: 1 is always, 0 no more than two who guess apart. ``nan``
            where both always gave one and the same answer, for chance alone would do that.
    """

    asked: int
    unsure: tuple[int, int]
    observed: Estimate
    kappa: Estimate


def kappa_of(agreed: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Cohen's kappa from counts: ``(b,)`` agreed, ``(b, k)`` each rater's answers → ``(b,)``."""
    n = first.sum(axis=1)
    with np.errstate(invalid="ignore"):  # 0 / 0 where one answer is all there is: undefined
        by_chance = (first * second).sum(axis=1) / n**2
        return np.asarray((agreed / n - by_chance) / (1 - by_chance))


def evaluate_agreement(
    first: Sequence[str | None], second: Sequence[str | None], groups: ArrayLike
) -> Agreement:
    """Cohen's kappa of two raters; ``None`` says "not sure".

    Args:
        first: ``(n,)`` answers of one rater.
        second: ``(n,)`` answers of the other about the same rows.
        groups: ``(n,)`` group of each row; the interval is drawn by it.

    Raises:
        ValueError: the lengths differ.
    """
    names = np.asarray(groups)
    if not len(first) == len(second) == len(names):
        raise ValueError(
            f"expected two answers and a group for each row; "
            f"got {len(first)}, {len(second)} and {len(names)}"
        )
    answers = sorted({answer for answer in (*first, *second) if answer is not None})
    codes = np.column_stack([_codes(first, answers), _codes(second, answers)])
    both = (codes != NOT_SURE).all(axis=1)
    return Agreement(
        asked=len(codes),
        unsure=_unsure(codes),
        observed=wilson_within(codes[:, 0] == codes[:, 1], both, names),
        kappa=_kappa(codes[both], len(answers), names[both]),
    )


def evaluate_agreements(
    raters: Mapping[str, Sequence[str | None]], groups: ArrayLike
) -> dict[tuple[str, str], Agreement]:
    """``evaluate_agreement`` of every two raters, by their names in the order given."""
    return {
        (a, b): evaluate_agreement(raters[a], raters[b], groups) for a, b in combinations(raters, 2)
    }


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """Two raters who say yes or no to each of k labels.

    Attributes:
        overall: over all pairs of row and label; its kappa is the mean of the labels' kappas.
        per_label: kappa of each label, in the order of the columns; ``nan`` where it is undefined.
    """

    overall: Agreement
    per_label: tuple[Estimate, ...]


def evaluate_label_agreement(
    first: ArrayLike, second: ArrayLike, groups: ArrayLike
) -> LabelAgreement:
    """Cohen's kappa of each label, and their mean over the labels where it is defined.

    Args:
        first: ``(n, k)`` of 1 (or True), 0 and NOT_SURE.
        second: the same of the other rater.
        groups: ``(n,)`` group of each row; the intervals are drawn by it.

    Raises:
        ValueError: the shapes differ, or hold something else.
    """
    a, b = _check_votes(first), _check_votes(second)
    if a.shape != b.shape:
        raise ValueError(f"expected two raters of the same rows; got {a.shape} and {b.shape}")
    both = (a != NOT_SURE) & (b != NOT_SURE)
    # A row's part in each label's table of two by two: answered, said alike, yes of each.
    terms = np.hstack([both, both & (a == b), both & (a == 1), both & (b == 1)]).astype(np.float64)

    def figures(weights: FloatArray) -> FloatArray:
        answered, agreed, first_yes, second_yes = np.split(weights @ terms, 4, axis=1)
        observed = agreed.sum(axis=1) / answered.sum(axis=1)
        kappas = _kappas_of_votes(answered, agreed, first_yes, second_yes)
        return np.column_stack([observed, mean_defined(kappas), kappas])

    with np.errstate(invalid="ignore"):  # a draw of nothing but "not sure" has no figures
        observed, mean, *per_label = bootstrap_each(figures, groups)
    answers = both.sum(axis=0)
    overall = Agreement(
        asked=a.size,
        unsure=_unsure(np.column_stack([a.ravel(), b.ravel()])),
        observed=replace(observed, n=int(answers.sum())),
        kappa=replace(mean, n=int(answers.sum())),
    )
    kappas = zip(per_label, answers, strict=True)
    return LabelAgreement(overall, tuple(replace(kappa, n=int(n)) for kappa, n in kappas))


def _kappas_of_votes(
    answered: FloatArray, agreed: FloatArray, first_yes: FloatArray, second_yes: FloatArray
) -> FloatArray:
    """``(b, k)`` counts of each label → ``(b, k)`` kappas."""
    votes = [
        np.stack([yes, answered - yes], axis=-1).reshape(-1, 2) for yes in (first_yes, second_yes)
    ]
    return kappa_of(agreed.ravel(), *votes).reshape(agreed.shape)


def _kappa(codes: IntArray, k: int, groups: NDArray[np.generic]) -> Estimate:
    """Of ``(n, 2)`` answers, numbers below k."""
    if len(codes) == 0:
        return UNKNOWN
    said = (codes[:, :, None] == np.arange(k)).astype(np.float64)
    terms = np.column_stack([codes[:, 0] == codes[:, 1], said[:, 0], said[:, 1]])

    def kappa(weights: FloatArray) -> FloatArray:
        agreed, first, second = np.split(weights @ terms, (1, 1 + k), axis=1)
        return kappa_of(agreed[:, 0], first, second)

    return bootstrap_by_group(kappa, groups)


def _codes(said: Sequence[str | None], answers: Sequence[str]) -> IntArray:
    number = {answer: code for code, answer in enumerate(answers)}
    return np.array([NOT_SURE if one is None else number[one] for one in said], dtype=np.int64)


def _unsure(codes: IntArray) -> tuple[int, int]:
    first, second = (codes == NOT_SURE).sum(axis=0)
    return int(first), int(second)


def _check_votes(votes: ArrayLike) -> IntArray:
    values = np.asarray(votes)
    if values.ndim != 2 or 0 in values.shape or values.dtype.kind not in "biu":
        raise ValueError(
            f"expected votes (n, k) of integers or bool; got {values.dtype} of {values.shape}"
        )
    if not np.isin(values, (0, 1, NOT_SURE)).all():
        raise ValueError(f"expected votes of 1, 0 and {NOT_SURE} for not sure; got others")
    return values.astype(np.int64)

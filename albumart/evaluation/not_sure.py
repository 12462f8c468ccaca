"""Predictions that may say "not sure": below a threshold, chosen on validation, none is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from albumart.evaluation.intervals import Estimate, FloatArray, wilson_by_group, wilson_within
from albumart.evaluation.scores import Scores, check_scores

# With fewer answers a precision is luck: of ten thousand covers, the surest five are all right.
LEAST_ANSWERS: Final = 30


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which confidence on an answer is given, and what that gives on one split.

    Attributes:
        confidence: the least that an answer may have.
        wanted_precision: for which the threshold was chosen.
        coverage: share of the covers that get an answer.
        precision: share of the answers that are right.
    """

    confidence: float
    wanted_precision: float
    coverage: Estimate
    precision: Estimate


def choose_threshold(
    probabilities: ArrayLike, truth: ArrayLike, wanted_precision: float, *, groups: ArrayLike
) -> Threshold | None:
    """The lowest threshold whose answers are right as often as wanted: it covers most.

    Choose it on the validation split, after the temperature. A choice flatters what it was chosen
    on: what to publish is ``measure_threshold`` of it on the test split.

    Args:
        probabilities: ``(n, k)``.
        truth: ``(n,)`` class numbers.
        wanted_precision: above 0, at most 1.
        groups: ``(n,)`` group of each row, for the intervals.

    Returns:
        None where no threshold reaches it with LEAST_ANSWERS answers or more.
    """
    if not 0 < wanted_precision <= 1:
        raise ValueError(f"expected a precision above 0, at most 1; got {wanted_precision}")
    scores = check_scores(truth, probabilities)
    order = np.argsort(-scores.confidence, kind="stable")
    confidence, hits = scores.confidence[order], np.cumsum(scores.correct[order])
    answers = np.arange(1, scores.n + 1)
    # Equals are answered together or not at all.
    ends = np.append(confidence[1:] < confidence[:-1], True)
    # Divided, not multiplied: 55 of 100 are 0.55, but 0.55 × 100 is a little more than 55.
    enough = ends & (answers >= LEAST_ANSWERS) & (hits / answers >= wanted_precision)
    if not enough.any():
        return None
    lowest = float(confidence[np.flatnonzero(enough)[-1]])
    return _measure(lowest, wanted_precision, scores, groups)


def measure_threshold(
    threshold: Threshold, probabilities: ArrayLike, truth: ArrayLike, *, groups: ArrayLike
) -> Threshold:
    """The same threshold with its coverage and precision on another split."""
    scores = check_scores(truth, probabilities)
    return _measure(threshold.confidence, threshold.wanted_precision, scores, groups)


def give_answers(
    probabilities: ArrayLike, classes: Sequence[str], confidence: float = 0.0
) -> tuple[str | None, ...]:
    """``(n, k)`` probabilities → each row's most probable class, or None for "not sure"."""
    shares: FloatArray = np.asarray(probabilities, dtype=np.float64)
    return tuple(
        classes[int(best)] if sure else None
        for best, sure in zip(shares.argmax(axis=1), shares.max(axis=1) >= confidence, strict=True)
    )


def _measure(
    confidence: float, wanted_precision: float, scores: Scores, groups: ArrayLike
) -> Threshold:
    answered = scores.confidence >= confidence
    return Threshold(
        confidence=confidence,
        wanted_precision=wanted_precision,
        coverage=wilson_by_group(answered, groups),
        precision=wilson_within(scores.correct, answered, groups),
    )

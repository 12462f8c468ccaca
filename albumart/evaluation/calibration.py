"""Calibration: does "70 % sure" mean right seven times in ten?"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from albumart.evaluation.intervals import (
    Estimate,
    FloatArray,
    IntArray,
    Number,
    wilson_within,
)
from albumart.evaluation.scores import check_scores

BINS: Final = 15
# Softmax in float32 can say exactly 0, whose logarithm no temperature could mend.
LEAST_PROBABILITY: Final = 1e-12
TEMPERATURES: Final = (0.05, 20.0)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Predictions whose confidence lies in ``(low, high]``.

    ``confidence`` is their mean; ``accuracy`` is how often they are right, with its interval by
    group. Both are ``nan`` where the bin is empty.
    """

    low: float
    high: float
    confidence: Number
    accuracy: Estimate


def bin_index(confidence: FloatArray, bins: int = BINS) -> IntArray:
    """``(n,)`` confidences → ``(n,)`` bins of equal width, closed above as in Guo et al. 2017."""
    return np.asarray(np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1), dtype=np.int64)


def reliability_bins(
    confidence: FloatArray, correct: NDArray[np.bool_], groups: ArrayLike, *, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Predictions by confidence.

    Args:
        confidence: ``(n,)`` of the top answer.
        correct: ``(n,)`` whether it is right.
        groups: ``(n,)`` group of each row, for the intervals.
        bins: how many, of equal width.
    """
    index = bin_index(confidence, bins)
    members = np.bincount(index, minlength=bins)
    sums = np.bincount(index, weights=confidence, minlength=bins)
    return tuple(
        ReliabilityBin(
            low=number / bins,
            high=(number + 1) / bins,
            confidence=float(sums[number] / n) if n else math.nan,
            accuracy=wilson_within(correct, index == number, groups),
        )
        for number, n in enumerate(members)
    )


def calibration_error(
    confidence: FloatArray, correct: NDArray[np.bool_], *, bins: int = BINS
) -> float:
    """Expected calibration error: the mean gap, over rows, of its bin's confidence and accuracy."""
    gaps = np.bincount(bin_index(confidence, bins), weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def calibration_floor(confidence: FloatArray, *, draws: int = 200, seed: int = 0) -> float:
    """Calibration error that a perfectly calibrated model of these confidences would show.

    It is above 0, for few covers in a bin are right exactly as often as they should be.
    """
    rng = np.random.default_rng(seed)
    return float(
        np.mean(
            [
                calibration_error(confidence, rng.random(len(confidence)) < confidence)
                for _ in range(draws)
            ]
        )
    )


def fit_temperature(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """The temperature under which these ``(n, k)`` probabilities explain the labels best.

    Fit it on the validation split and on nothing else (Guo et al. 2017). Above 1: the model was
    too sure of itself. The answer lies between 0.05 and 20.
    """
    from scipy.optimize import minimize_scalar

    scores = check_scores(labels, probabilities)
    logits = _logits(scores.probabilities)
    own = logits[np.arange(scores.n), scores.truth]

    def loss(log_temperature: float) -> float:
        inverse = np.exp(-log_temperature)
        return float(np.mean(_log_sum(logits * inverse) - own * inverse))

    bounds = tuple(np.log(TEMPERATURES))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def apply_temperature(probabilities: ArrayLike, temperature: float) -> FloatArray:
    """``(n, k)`` probabilities, flattened (temperature > 1) or sharpened (< 1); no rank changes."""
    if not temperature > 0 or not np.isfinite(temperature):
        raise ValueError(f"expected a temperature above 0; got {temperature}")
    logits = _logits(np.asarray(probabilities, dtype=np.float64)) / temperature
    return np.asarray(np.exp(logits - _log_sum(logits)[..., None]))


def _logits(probabilities: FloatArray) -> FloatArray:
    return np.log(np.maximum(probabilities, LEAST_PROBABILITY))


def _log_sum(logits: FloatArray) -> FloatArray:
    top = logits.max(axis=-1)
    return np.asarray(top + np.log(np.exp(logits - top[..., None]).sum(axis=-1)))

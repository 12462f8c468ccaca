"""Calibration where labels are asked one by one: of covers said to be 30 % sad, are 30 % sad?

Fit on the validation split and on nothing else.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from albumart.evaluation.calibration import LEAST_PROBABILITY, TEMPERATURES
from albumart.evaluation.intervals import FloatArray
from albumart.evaluation.multi_scores import check_multi_scores

# A label whose scores run against it on the few covers of validation is told by its share alone.
_LEAST_SLOPE: Final = 1e-6
_SINGLE: Final = float(np.finfo(np.float32).epsneg)


@dataclass(frozen=True, eq=False)
class Platt:
    """A line for each label: ``sigmoid(slope × margin + intercept)`` is its probability.

    Attributes:
        slopes: ``(k,)``, never below 0, so that no label's covers change their order.
        intercepts: ``(k,)``.
    """

    slopes: FloatArray
    intercepts: FloatArray

    def apply(self, margins: ArrayLike) -> FloatArray:
        """``(n, k)`` margins → ``(n, k)`` probabilities."""
        return sigmoid(np.asarray(margins, dtype=np.float64) * self.slopes + self.intercepts)


def logits(probabilities: ArrayLike) -> FloatArray:
    """``(n, k)`` probabilities of yes → their log-odds, which a sigmoid head's last layer adds up.

    What float32 rounds to exactly 0 or 1 is taken for the nearest that float32 can tell from it.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    yes = np.clip(values, LEAST_PROBABILITY, 1 - _SINGLE)
    return np.asarray(np.log(yes) - np.log1p(-yes))


def sigmoid(values: ArrayLike) -> FloatArray:
    """Log-odds → probabilities of yes."""
    from scipy.special import expit

    return np.asarray(expit(np.asarray(values, dtype=np.float64)))


def binary_loss(margins: FloatArray, truth: FloatArray) -> float:
    """Mean binary cross-entropy of ``(n, k)`` log-odds; ``truth`` is 0 to 1."""
    return float(np.mean(np.logaddexp(0, margins) - truth * margins))


def fit_binary_temperature(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """The one temperature under which ``(n, k)`` probabilities of yes explain the truth best.

    Above 1: the model was too sure of itself. The answer lies between 0.05 and 20.
    """
    from scipy.optimize import minimize_scalar

    scores = check_multi_scores(truth, probabilities)
    margins, yes = logits(scores.probabilities), scores.truth.astype(np.float64)
    found = minimize_scalar(
        lambda log_temperature: binary_loss(margins * np.exp(-log_temperature), yes),
        bounds=tuple(np.log(TEMPERATURES)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def apply_binary_temperature(probabilities: ArrayLike, temperature: float) -> FloatArray:
    """``(n, k)`` probabilities of yes, drawn to a half (temperature > 1) or away from it (< 1)."""
    if not temperature > 0 or not np.isfinite(temperature):
        raise ValueError(f"expected a temperature above 0; got {temperature}")
    return sigmoid(logits(probabilities) / temperature)


def fit_platt(margins: ArrayLike, truth: ArrayLike, *, per_label: bool) -> Platt:
    """The lines that explain the truth best: one for all labels, or one for each.

    One for all keeps each cover's ranking of the labels (the nearest label stays the first); one
    for each also learns how common a label is. Targets are Platt's (1999), (yes + 1) / (yes + 2)
    and 1 / (no + 2), so that a label that validation never carries is rare, not impossible.

    Args:
        margins: ``(n, k)``: log-odds, or cosines in label space.
        truth: ``(n, k)`` which labels a row has.
        per_label: whether each label gets a line of its own.
    """
    values, yes = np.asarray(margins, dtype=np.float64), np.asarray(truth).astype(np.bool_)
    if values.shape != yes.shape or values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"expected finite margins {yes.shape} (n, k); got shape {values.shape}")
    k = values.shape[1]
    columns = range(k) if per_label else [slice(None)]
    lines = [_fit_line(values[:, column].ravel(), yes[:, column].ravel()) for column in columns]
    slopes, intercepts = np.array(lines if per_label else lines * k).T
    return Platt(slopes, intercepts)


def _fit_line(margins: FloatArray, yes: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept by L-BFGS, on margins of mean 0 and deviation 1, where it is at ease."""
    from scipy.optimize import minimize

    middle, spread = float(margins.mean()), float(margins.std()) or 1.0
    scaled = (margins - middle) / spread
    hits = int(yes.sum())
    targets = np.where(yes, (hits + 1) / (hits + 2), 1 / (len(yes) - hits + 2))
    share = float(targets.mean())

    def loss(line: FloatArray) -> tuple[float, FloatArray]:
        values = line[0] * scaled + line[1]
        errors = sigmoid(values) - targets
        return binary_loss(values, targets), np.array([np.mean(errors * scaled), errors.mean()])

    start = np.array([1.0, np.log(share / (1 - share))])
    bounds = [(_LEAST_SLOPE, None), (None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, tol=1e-12)
    slope = float(found.x[0]) / spread
    return slope, float(found.x[1]) - slope * middle

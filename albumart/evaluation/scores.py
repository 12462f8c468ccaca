"""Truth and probabilities of n rows over k classes, checked once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from albumart.evaluation.intervals import FloatArray, IntArray

SUM_TOLERANCE = 1e-3  # what float16 and float32 softmax leave of 1


@dataclass(frozen=True, eq=False)
class Scores:
    """What a classifier said about rows whose class is known.

    Attributes:
        truth: ``(n,) int64`` in 0..k-1.
        probabilities: ``(n, k) float64``, rows sum to 1.
    """

    truth: IntArray
    probabilities: FloatArray

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.truth)

    @property
    def k(self) -> int:
        """Number of classes."""
        return int(self.probabilities.shape[1])

    @cached_property
    def predicted(self) -> IntArray:
        """``(n,)`` the most probable class; of equals, the first."""
        return np.asarray(np.argmax(self.probabilities, axis=1), dtype=np.int64)

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """``(n,)`` whether the most probable class is the true one."""
        return np.asarray(self.predicted == self.truth)

    @cached_property
    def confidence(self) -> FloatArray:
        """``(n,)`` probability of the most probable class."""
        return np.asarray(self.probabilities.max(axis=1))

    @cached_property
    def of_truth(self) -> FloatArray:
        """``(n,)`` probability of the true class."""
        return self.probabilities[np.arange(self.n), self.truth]

    def take(self, rows: IntArray) -> "Scores":
        """Only the rows with these numbers."""
        return Scores(self.truth[rows], self.probabilities[rows])


def check_scores(truth: ArrayLike, probabilities: ArrayLike) -> Scores:
    """Convert and check; nothing after this asks again.

    Raises:
        ValueError: wrong shapes, a class that is not there, or probabilities that are none.
    """
    labels, shares = np.asarray(truth), np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or shares.ndim != 2 or len(labels) != len(shares):
        raise ValueError(
            "expected truth (n,) and probabilities (n, k); "
            f"got shapes {labels.shape} and {shares.shape}"
        )
    if len(labels) == 0 or shares.shape[1] < 2:
        raise ValueError(f"expected n ≥ 1 rows and k ≥ 2 classes; got shape {shares.shape}")
    _check_truth(labels, shares.shape[1])
    _check_probabilities(shares)
    return Scores(labels.astype(np.int64), shares)


def _check_truth(labels: NDArray[np.generic], classes: int) -> None:
    if labels.dtype.kind not in "iu":
        raise ValueError(f"expected truth as class numbers (int); got dtype {labels.dtype}")
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= classes:
        raise ValueError(
            f"expected truth in 0..{classes - 1}, the columns of the probabilities; "
            f"got {lowest}..{highest}"
        )


def _check_probabilities(shares: FloatArray) -> None:
    problems = {
        "not finite": ~np.isfinite(shares).all(axis=1),
        "not between 0 and 1": ((shares < 0) | (shares > 1 + SUM_TOLERANCE)).any(axis=1),
        "not summing to 1": np.abs(shares.sum(axis=1) - 1) > SUM_TOLERANCE,
    }
    for problem, bad in problems.items():
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                f"probabilities of shape {shares.shape}: {int(bad.sum())} rows are {problem}, "
                f"the first is row {row}: {shares[row].tolist()}"
            )

"""What a model said about rows that may have many labels at once, checked once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from albumart.evaluation.intervals import FloatArray, IntArray
from albumart.evaluation.ranking import Ranking, rank_cells
from albumart.models.label_space import unit_rows


@dataclass(frozen=True, eq=False)
class MultiScores:
    """What a model said about rows whose labels are known.

    Attributes:
        truth: ``(n, k)`` which labels a row has.
        probabilities: ``(n, k) float64`` in 0..1; the labels are asked one by one, so that rows
            sum to anything.
        order: ``(n, k) int64`` where the labels are ordered: 1 for a row's first label, 2 for its
            second, 0 where it has not this label.
        vectors: ``(k, d) float64`` the labels in label space, each of length 1.
        answers: ``(n, d) float64`` where the model itself answers in label space; else None.
    """

    truth: NDArray[np.bool_]
    probabilities: FloatArray
    order: IntArray | None = None
    vectors: FloatArray | None = None
    answers: FloatArray | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.truth)

    @property
    def k(self) -> int:
        """Number of labels."""
        return int(self.truth.shape[1])

    @cached_property
    def overall(self) -> Ranking:
        """All cells in one ranking, for what is averaged "micro"."""
        return rank_cells(self.truth, self.probabilities, by_column=False)

    @cached_property
    def by_label(self) -> Ranking:
        """The rows ranked for each label, for what is averaged "macro"."""
        return rank_cells(self.truth, self.probabilities, by_column=True)

    def take(self, rows: IntArray) -> "MultiScores":
        """Only the rows with these numbers."""
        return MultiScores(
            truth=self.truth[rows],
            probabilities=self.probabilities[rows],
            order=None if self.order is None else self.order[rows],
            vectors=self.vectors,
            answers=None if self.answers is None else self.answers[rows],
        )


def check_multi_scores(
    truth: ArrayLike,
    probabilities: ArrayLike,
    *,
    order: ArrayLike | None = None,
    vectors: ArrayLike | None = None,
    answers: ArrayLike | None = None,
) -> MultiScores:
    """Convert and check; nothing after this asks again. The arguments are MultiScores's.

    Raises:
        ValueError: shapes that do not fit, truth other than yes and no, probabilities that are
            none, an order of other labels than the true ones, a vector without a direction.
    """
    labels = _check_truth(np.asarray(truth))
    return MultiScores(
        truth=labels,
        probabilities=_check_probabilities(probabilities, labels.shape),
        order=None if order is None else _check_order(np.asarray(order), labels),
        vectors=None if vectors is None else _check_vectors(vectors, labels.shape[1]),
        answers=None if answers is None else _check_answers(answers, vectors, len(labels)),
    )


def order_matrix(labels: Sequence[Sequence[int]], k: int) -> IntArray:
    """Each row's label numbers, first label first → ``(n, k)`` as in ``MultiScores.order``."""
    order = np.zeros((len(labels), k), dtype=np.int64)
    for row, numbers in enumerate(labels):
        order[row, list(numbers)] = np.arange(1, len(numbers) + 1)
    return order


def label_shares(truth: ArrayLike) -> FloatArray:
    """``(m, k)`` truth of the training split → ``(k,)`` how common each label is there."""
    return np.asarray(_check_truth(np.asarray(truth)).mean(axis=0))


def by_popularity(scores: MultiScores, shares: ArrayLike) -> MultiScores:
    """The baseline: whatever the cover, each label is as probable as it was common in training.

    Args:
        scores: of the model, whose rows and truth the baseline shares.
        shares: ``(k,)`` from ``label_shares``.
    """
    common = _check_probabilities(np.asarray(shares)[None, :], (1, scores.k))
    same = np.broadcast_to(common, scores.truth.shape)
    return replace(scores, probabilities=same, answers=None)


def _check_truth(truth: NDArray[np.generic]) -> NDArray[np.bool_]:
    if truth.ndim != 2 or 0 in truth.shape:
        raise ValueError(f"expected truth (n, k) with n, k ≥ 1; got shape {truth.shape}")
    if truth.dtype.kind not in "biu" or not np.isin(truth, (0, 1)).all():
        raise ValueError(f"expected truth of yes and no (bool); got dtype {truth.dtype}")
    return truth.astype(np.bool_)


def _check_probabilities(probabilities: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != shape:
        raise ValueError(f"expected probabilities of shape {shape}; got {values.shape}")
    bad = ~((values >= 0) & (values <= 1)).all(axis=1)  # nan is neither
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"expected probabilities between 0 and 1; got others in {int(bad.sum())} rows, "
            f"the first is row {row}: {values[row].tolist()}"
        )
    return values


def _check_order(order: NDArray[np.generic], truth: NDArray[np.bool_]) -> IntArray:
    if order.shape != truth.shape or order.dtype.kind not in "iu":
        raise ValueError(
            f"expected an order (int) of shape {truth.shape}; got {order.dtype} of {order.shape}"
        )
    positions = order.astype(np.int64)
    # 1 … m, each once: sorted, they end with m, m-1 … below the zeros of the other labels.
    wanted = np.maximum(np.arange(1, truth.shape[1] + 1) - (~truth).sum(axis=1)[:, None], 0)
    bad = ((positions > 0) != truth).any(axis=1) | (np.sort(positions, axis=1) != wanted).any(1)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"expected each row's m labels in positions 1 to m; got others in {int(bad.sum())} "
            f"rows, the first is row {row}: {positions[row].tolist()}"
        )
    return positions


def _check_vectors(vectors: ArrayLike, k: int) -> FloatArray:
    values = np.asarray(vectors, dtype=np.float64)
    if values.ndim != 2 or len(values) != k:
        raise ValueError(f"expected label vectors ({k}, d); got shape {values.shape}")
    if not np.isfinite(values).all() or not values.any(axis=1).all():
        raise ValueError("expected label vectors that are finite and not zero")
    return unit_rows(values)


def _check_answers(answers: ArrayLike, vectors: ArrayLike | None, n: int) -> FloatArray:
    values = np.asarray(answers, dtype=np.float64)
    if vectors is None or values.shape != (n, np.shape(vectors)[-1]):
        told = "none" if vectors is None else f"of shape {np.shape(vectors)}"
        raise ValueError(
            f"expected answers ({n}, d) and label vectors (k, d); "
            f"got answers {values.shape} and vectors {told}"
        )
    if not np.isfinite(values).all():
        raise ValueError("expected answers that are finite")
    return values

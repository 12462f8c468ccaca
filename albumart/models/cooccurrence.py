"""Label vectors from nothing but which labels albums carry together.

Positive pointwise mutual information, factorised by a truncated SVD: what word2vec does to words,
done outright (Levy & Goldberg 2014, "Neural word embedding as implicit matrix factorization"; the
choices here are those of Levy, Goldberg & Dagan 2015, "Improving distributional similarity").
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from albumart.models.label_space import FloatArray, LabelSpace, build_label_space

DIMENSIONS: Final = 50
SMOOTHING: Final = 0.75  # of the contexts' frequencies; without, rare ones are overrated
# What is this much weaker than the strongest is rounding, and means nothing.
_NOTHING: Final = 1e-9


def learn_label_space(
    truth: ArrayLike,
    labels: Sequence[str],
    *,
    dimensions: int = DIMENSIONS,
    smoothing: float = SMOOTHING,
) -> LabelSpace:
    """The label space of the *training* split; another split's rows would leak into the targets.

    A label that no album carries beside another one is missing: nothing is known of it.

    Args:
        truth: ``(n, k)`` which labels each album of the training split carries.
        labels: the k names.
        dimensions: of the vectors at most; there are never more than the data tells apart.
        smoothing: exponent of the contexts' frequencies; 1 leaves them as they are.
    """
    carried = np.asarray(truth).astype(np.float64)
    if carried.ndim != 2 or carried.shape[1] != len(labels):
        raise ValueError(f"expected truth (n, {len(labels)}); got shape {carried.shape}")
    information = positive_information(count_pairs(carried), smoothing=smoothing)
    return build_label_space(
        labels,
        factorize(information, dimensions),
        maker=f"co-occurrence in {len(carried)} training albums (PPMI, SVD)",
    )


def count_pairs(carried: FloatArray) -> FloatArray:
    """``(n, k)`` of 0 and 1 → ``(k, k)`` albums that carry both; no label is its own company."""
    pairs = carried.T @ carried
    np.fill_diagonal(pairs, 0)
    return np.asarray(pairs)


def positive_information(pairs: FloatArray, *, smoothing: float = SMOOTHING) -> FloatArray:
    """``(k, k)`` counts → ``(k, k)``: log of how much more often than by chance, not below 0.

    Chance is the product of the row's share and the column's, which is smoothed: its count to the
    power of ``smoothing``, as a share of all of these.
    """
    total = pairs.sum()
    if total == 0:
        return np.zeros_like(pairs)
    rows, contexts = pairs.sum(axis=1) / total, pairs.sum(axis=0) ** smoothing
    chance = np.outer(rows, contexts / contexts.sum())
    ratio = np.divide(pairs / total, chance, out=np.ones_like(pairs), where=pairs > 0)
    return np.asarray(np.maximum(np.log(ratio), 0))


def factorize(matrix: FloatArray, dimensions: int) -> FloatArray:
    """``(k, k)`` → ``(k, d)``: the left singular vectors, times the root of the singular values.

    An SVD leaves each direction's sign open: here its largest number is positive.
    """
    left, strengths, _ = np.linalg.svd(matrix)
    kept = min(dimensions, int(np.sum(strengths > _NOTHING * strengths[0])))
    vectors = left[:, :kept] * np.sqrt(strengths[:kept])
    # Scaled to length 1 later, rounding would become a direction.
    vectors[np.abs(vectors).max(axis=1, initial=0) < _NOTHING * np.sqrt(strengths[0])] = 0
    largest = np.argmax(np.abs(vectors), axis=0)
    signs = np.where(vectors[largest, np.arange(kept)] < 0, -1.0, 1.0)
    return np.asarray(vectors * signs)

"""nDCG@5 on ordered labels: are the labels that matter most to a cover named first?"""

from typing import Final

import numpy as np

from albumart.evaluation.intervals import FloatArray, IntArray

CUTOFF: Final = 5


def graded_relevance(order: IntArray) -> FloatArray:
    """``(n, k)`` order → ``(n, k)``: 5 for a cover's first label, 4 … 1 for its fifth and later.

    So that the mood that the editor named first counts most, and any true one counts something.
    """
    return np.where(order > 0, np.maximum(CUTOFF + 1 - order, 1), 0).astype(np.float64)


def discounted_gain(relevance: FloatArray, scores: FloatArray, cutoff: int = CUTOFF) -> FloatArray:
    """``(n,)`` normalised discounted cumulative gain; ``nan`` where nothing is relevant.

    Järvelin & Kekäläinen 2002 with gains as they are and a discount of log2(1 + rank); labels of
    equal score share the mean of their gains (McSherry & Najork 2008), as in scikit-learn.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=1)
    gains = np.take_along_axis(relevance, order, axis=1)
    fresh = np.ones(ranked.shape, dtype=np.bool_)
    fresh[:, 1:] = np.diff(ranked, axis=1) != 0
    tie = np.cumsum(fresh.ravel()) - 1
    shared = (np.bincount(tie, weights=gains.ravel()) / np.bincount(tie))[tie]
    discounts = 1 / np.log2(np.arange(2, scores.shape[1] + 2))
    discounts[cutoff:] = 0
    best = -np.sort(-relevance, axis=1) @ discounts
    got = shared.reshape(ranked.shape) @ discounts
    return np.asarray(np.divide(got, best, out=np.full_like(got, np.nan), where=best > 0))

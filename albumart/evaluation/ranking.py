"""Average precision and ROC-AUC of weighted rows, fast enough to be bootstrapped.

Neither is a sum over rows, so that no resample can be had by adding up terms. But resampling moves
no score: it only changes how often a row counts. So the cells (one row's score for one label) are
sorted once. Of the curve only its points at the scores of true cells matter; what lies between two
of them is a sum of row weights, and all those sums of many resamples are one sparse product.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.evaluation.intervals import FloatArray, IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Cells of one intermediate array: 8 MB, which the processor's cache still likes.
CHUNK_CELLS: Final = 1_000_000


@dataclass(frozen=True, eq=False)
class Ranking:
    """Cells ranked within questions: one for all, or one for each column.

    A threshold is a score that a true cell has; ``t`` of them, best first, question by question.

    Attributes:
        questions: ``(q,)`` numbers of those questions that have a true cell.
        starts: ``(q,)`` the first threshold of each.
        width: cells that a row has in one question.
        passed: ``(t, n)`` each row's cells above this threshold or on it, but not above the last.
        found: ``(t, n)`` each row's true cells on this threshold.
        tied: ``(t, n)`` each row's false cells on this threshold.
    """

    questions: IntArray
    starts: IntArray
    width: int
    passed: "csr_array"
    found: "csr_array"
    tied: "csr_array"

    def average_precision(self, weights: FloatArray) -> FloatArray:
        """``(b, n)`` weights of the rows → ``(b, q)``; scikit-learn's definition.

        ``nan`` where no row that counts is true.
        """
        return self._in_chunks(self._average_precision, weights)

    def roc_auc(self, weights: FloatArray) -> FloatArray:
        """``(b, n)`` weights → ``(b, q)``: how often a true cell is above a false one; ties half.

        ``nan`` where the rows that count are all true or all false.
        """
        return self._in_chunks(self._roc_auc, weights)

    def _average_precision(self, columns: FloatArray) -> FloatArray:
        passed, found = self._running(self.passed @ columns), self.found @ columns
        hits = self._running(found)
        precision = np.divide(hits, passed, out=np.zeros_like(hits), where=passed > 0)
        return _divide(self._sums(found * precision), self._sums(found))

    def _roc_auc(self, columns: FloatArray) -> FloatArray:
        passed, found = self._running(self.passed @ columns), self.found @ columns
        false_above = passed - self._running(found) - (self.tied @ columns) / 2
        true = self._sums(found)
        false = self.width * columns.sum(axis=0) - true
        return 1 - _divide(self._sums(found * false_above), true * false)

    def _in_chunks(
        self, curve: Callable[[FloatArray], FloatArray], weights: FloatArray
    ) -> FloatArray:
        step = max(1, CHUNK_CELLS // (self.passed.shape[0] + 1))
        parts = [
            curve(np.ascontiguousarray(weights[start : start + step].T)).T
            for start in range(0, len(weights), step)
        ]
        return np.concatenate(parts)

    def _running(self, values: FloatArray) -> FloatArray:
        """``(t, b)`` → sums from the first threshold of the question to each."""
        totals = np.cumsum(values, axis=0)
        if len(self.starts) > 1:
            before = np.vstack([np.zeros_like(totals[:1]), totals[self.starts[1:] - 1]])
            totals -= np.repeat(before, np.diff(self.starts, append=len(totals)), axis=0)
        return totals

    def _sums(self, values: FloatArray) -> FloatArray:
        """``(t, b)`` → ``(q, b)``."""
        if len(self.starts) == 0:
            return np.zeros((0, values.shape[1]))
        return np.asarray(np.add.reduceat(values, self.starts, axis=0))


def rank_cells(truth: NDArray[np.bool_], scores: FloatArray, *, by_column: bool) -> Ranking:
    """Sort the cells of ``(n, k)`` truth and scores, once; more is better.

    Args:
        truth: which cells are true.
        scores: by which the cells are ranked.
        by_column: rank the rows for each column, rather than all cells at once.
    """
    columns = np.arange(truth.shape[1])
    asked = np.broadcast_to(columns if by_column else 0 * columns, truth.shape).ravel()
    order = np.lexsort((-scores.ravel(), asked))
    asked, sorted_scores, true = asked[order], scores.ravel()[order], truth.ravel()[order]
    rows = order // truth.shape[1]
    fresh = (np.diff(sorted_scores) != 0) | (np.diff(asked) != 0)
    tie = np.concatenate([[0], np.cumsum(fresh)])
    is_threshold = np.bincount(tie, weights=true) > 0
    # A cell is passed on the way to the next threshold of its question; after the last, never.
    owner = asked[np.flatnonzero(np.concatenate([[True], fresh]))[is_threshold]]
    target: IntArray = (np.cumsum(is_threshold) - is_threshold)[tie]
    is_passed = np.append(owner, -1)[target] == asked
    on_threshold = is_threshold[tie]

    def place(chosen: NDArray[np.bool_]) -> "csr_array":
        return _counts(target[chosen], rows[chosen], (len(owner), len(truth)))

    questions, starts = np.unique(owner, return_index=True)
    return Ranking(
        questions=questions.astype(np.int64),
        starts=starts.astype(np.int64),
        width=1 if by_column else truth.shape[1],
        passed=place(is_passed),
        found=place(true),
        tied=place(on_threshold & ~true),
    )


def _counts(thresholds: IntArray, rows: IntArray, shape: tuple[int, int]) -> "csr_array":
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (thresholds, rows)), shape=shape)


def _divide(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    return np.divide(parts, wholes, out=np.full_like(parts, np.nan), where=wholes > 0)

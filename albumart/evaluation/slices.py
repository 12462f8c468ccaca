"""Slices: the headline figure again for each source, decade, size and kind of cover."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from albumart.evaluation.intervals import Estimate
from albumart.evaluation.metrics import METRICS, estimate_metric
from albumart.evaluation.multi_metrics import MULTI_METRICS, estimate_multi_metric
from albumart.evaluation.multi_scores import MultiScores
from albumart.evaluation.scores import Scores

UNKNOWN: Final = "unknown"
LEAST_ROWS: Final = 30
LEAST_GROUPS: Final = 10
HEADLINE: Final = {Scores: "accuracy", MultiScores: "micro_pr_auc"}
# Shorter side in pixels from which on a cover is of the class; the ladder of the four sources.
SIZES: Final = (
    (1000, "1000 px and more"),
    (600, "600–999 px"),
    (300, "300–599 px"),
    (0, "< 300 px"),
)
FIRST_YEAR: Final = 1860  # nothing that sounds is older; a year before it is a slip
# JPEG leaves a grey cover with some colour; a printed or scanned one has a tinted corner.
GREY_SPREAD: Final = 16
GREY_SHARE: Final = 0.99


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of which ``column`` says ``name``.

    ``estimate`` is None where they are too few for a number: fewer than LEAST_ROWS rows, or of
    fewer than LEAST_GROUPS groups.
    """

    column: str
    name: str
    n: int
    estimate: Estimate | None


def evaluate_slices(
    scores: Scores | MultiScores,
    groups: ArrayLike,
    columns: Mapping[str, Sequence[str]],
    *,
    metric: str | None = None,
) -> tuple[Slice, ...]:
    """Each slice of each column, largest first.

    Slices differ in their mix of classes too: one that does worse need not be harder to see.

    Args:
        scores: of the test split.
        groups: ``(n,)`` group of each row.
        columns: what is sliced by → ``(n,)`` the slice of each row.
        metric: a name of METRICS, or of MULTI_METRICS for MultiScores; accuracy or micro PR-AUC
            where none is given.

    Raises:
        ValueError: a column, or the groups, of another length than the scores.
    """
    names = np.asarray(groups)
    for column, values in {"groups": names, **columns}.items():
        if len(values) != scores.n:
            raise ValueError(f"{column}: expected a value for {scores.n} rows; got {len(values)}")
    found = []
    for column, values in columns.items():
        told = np.asarray(values, dtype=np.str_)
        for name, n in sorted(Counter(told.tolist()).items(), key=lambda item: (-item[1], item[0])):
            rows = np.flatnonzero(told == name)
            estimate = _estimate(scores.take(rows), names[rows], metric)
            found.append(Slice(column, name, n, estimate))
    return tuple(found)


def decade_of(year: int | None) -> str:
    """1994 → ``1990s``; None and years without records → ``unknown``."""
    return UNKNOWN if year is None or year < FIRST_YEAR else f"{year // 10 * 10}s"


def size_class(width: int, height: int) -> str:
    """The class of SIZES by the shorter side."""
    return next(name for least, name in SIZES if min(width, height) >= least)


def is_monochrome(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """``(n, h, w, 3) uint8 RGB`` → ``(n,)`` whether nearly all of the cover is grey.

    Grey is a pixel whose channels lie within GREY_SPREAD of each other; a cover in one colour
    other than grey (sepia, blue) is not monochrome.
    """
    spread = pixels.max(axis=-1) - pixels.min(axis=-1)
    return np.asarray((spread <= GREY_SPREAD).mean(axis=(1, 2)) >= GREY_SHARE)


def duplicate_free(clusters: Sequence[str]) -> tuple[str, ...]:
    """Each row's cluster of duplicates → whether it is the only one of its cluster.

    Of the whole dataset, not of one split: a cover's copy counts wherever it lies.
    """
    sizes = Counter(clusters)
    return tuple("no duplicate" if sizes[name] == 1 else "has a duplicate" for name in clusters)


def _estimate(
    scores: Scores | MultiScores, groups: NDArray[np.generic], metric: str | None
) -> Estimate | None:
    if scores.n < LEAST_ROWS or len(np.unique(groups)) < LEAST_GROUPS:
        return None
    name = metric or HEADLINE[type(scores)]
    if isinstance(scores, MultiScores):
        return estimate_multi_metric(MULTI_METRICS[name], scores, groups)
    return estimate_metric(METRICS[name], scores, groups)

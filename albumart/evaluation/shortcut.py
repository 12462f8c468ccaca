"""The source-shortcut probe: can a cover tell where it was collected, and not only its class?

Sources differ in size, crop and compression. If a linear probe tells the source, a classifier can
learn "looks like Bandcamp, so rather folk" in place of folk. Class shares must not be the reason
that it can, so each class is drawn to hold as many covers of each of its sources.
"""

import logging
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from albumart.evaluation.intervals import Estimate, IntArray, Number, wilson_by_group

log = logging.getLogger(__name__)

FOLDS: Final = 5
LEAST_OF_CELL: Final = 10
MOST_OF_CELL: Final = 500  # a probe learns no more from more, and takes longer
STRENGTH: Final = 1e-2


@dataclass(frozen=True, slots=True)
class SourceProbe:
    """How well a linear probe tells the source of covers that it was not fitted on.

    Attributes:
        accuracy: of the probe, with Wilson's interval by group.
        majority: of whoever knows each cover's class, and how its sources share it, and no more.
        sources: those told apart.
        classes: those of which two sources or more have covers enough.
    """

    accuracy: Estimate
    majority: Number
    sources: tuple[str, ...]
    classes: tuple[str, ...]


def probe_source(
    features: NDArray[np.float32],
    sources: ArrayLike,
    labels: ArrayLike,
    *,
    groups: ArrayLike,
    seed: int = 0,
) -> SourceProbe | None:
    """Fit and test the probe, each group (an artist, a cluster of duplicates) in one fold.

    Args:
        features: ``(n, d)`` of a frozen backbone.
        sources: ``(n,)`` names.
        labels: ``(n,)`` names of classes.
        groups: ``(n,)`` group of each row.
        seed: of the draw within classes, and of the folds.

    Returns:
        None where there is one source, where no class has LEAST_OF_CELL covers of two, or where
        the covers of a source are of fewer than FOLDS groups, so that none can be held out.
    """
    where, what, whose = np.asarray(sources), np.asarray(labels), np.asarray(groups)
    if not len(features) == len(where) == len(what) == len(whose):
        raise ValueError(
            "expected a source, a label and a group for each row of the features; "
            f"got {len(where)}, {len(what)} and {len(whose)} for {len(features)}"
        )
    rows = balanced_rows(where, what, seed=seed)
    where, what, whose = where[rows], what[rows], whose[rows]
    names = np.unique(where)
    if len(rows) == 0 or min(len(np.unique(whose[where == name])) for name in names) < FOLDS:
        log.info("source probe: too few covers of two sources in one class; not run")
        return None
    told = _held_out_answers(features[rows], where, (what, whose), seed)
    return SourceProbe(
        accuracy=wilson_by_group(told == where, whose),
        majority=_of_class_alone(where, what),
        sources=tuple(names.tolist()),
        classes=tuple(np.unique(what).tolist()),
    )


def balanced_rows(
    sources: NDArray[np.generic], labels: NDArray[np.generic], *, seed: int = 0
) -> IntArray:
    """Row numbers, sorted, of a draw in which all sources of a class have equally many covers.

    A source with fewer than LEAST_OF_CELL covers of a class is none of that class; a class with
    fewer than two sources drops out.
    """
    rng = np.random.default_rng(seed)
    drawn = [np.zeros(0, dtype=np.int64)]
    for label in np.unique(labels):
        cells = [np.flatnonzero((labels == label) & (sources == s)) for s in np.unique(sources)]
        cells = [cell for cell in cells if len(cell) >= LEAST_OF_CELL]
        size = min([MOST_OF_CELL, *map(len, cells)])
        if len(cells) > 1:
            drawn += [rng.choice(cell, size, replace=False) for cell in cells]
    return np.sort(np.concatenate(drawn))


def _held_out_answers(
    features: NDArray[np.float32],
    sources: NDArray[np.generic],
    strata: tuple[NDArray[np.generic], NDArray[np.generic]],
    seed: int,
) -> NDArray[np.generic]:
    """``(n,)`` what the probe says of each row while its fold is held out."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels, groups = strata
    cell = np.unique(
        np.column_stack([sources, labels]).astype(np.str_), axis=0, return_inverse=True
    )
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    probe = make_pipeline(
        StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=500, class_weight="balanced")
    )
    splits = list(folds.split(features, cell[1].ravel(), groups))
    return np.asarray(cross_val_predict(probe, features, sources, cv=splits))


def _of_class_alone(sources: NDArray[np.generic], labels: NDArray[np.generic]) -> float:
    best = sum(
        np.unique(sources[labels == c], return_counts=True)[1].max() for c in np.unique(labels)
    )
    return float(best / len(sources))

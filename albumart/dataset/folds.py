"""Folds for a headline number that leans on every row: each row is tested once.

As in a split, groups stay whole and each label is shared out by itself, in the order of a hash. A
split's cuts could leave a fold without a label where one artist made a fifth of it, so large groups
are dealt first, and the others fill up the folds to one level.
"""

import hashlib
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.dataset.splits import ordered_groups
from albumart.errors import BadStudy

# A group with more rows than this share of a fold is dealt by its size, not by its place.
LARGE: Final = Fraction(1, 4)


def assign_folds(frame: pd.DataFrame, k: int, *, seed: int) -> pd.DataFrame:
    """Add ``fold``, 0 to k - 1: groups stay whole, each label is shared out evenly.

    A group belongs to the stratum of its most common label, as in ``assign_splits``. Within a
    stratum, groups with more than LARGE of a fold go, largest first, to the fold that has the
    least. The others stand in the order of ``sha256("{seed}:{group}")``, which is cut so that all
    folds come to one level. So a stratum of k groups or more is in every fold; and without large
    groups, no fold is off an even share by more than LARGE of it.

    **Stability.** While no group is large, a row that comes or goes moves others only over a cut:
    M rows added to a stratum of N, ``M / N ≤ 1 / k``, move no row further than to a neighbouring
    fold, and few that far. A large group that comes or goes may move other large ones anywhere.

    Raises:
        BadStudy: fewer than two folds are asked for.
    """
    if k < 2:
        raise BadStudy(f"folds: expected two or more; got {k}")
    groups = ordered_groups(frame, seed)
    folds: dict[object, int] = {}
    for stratum, members in groups.groupby("stratum"):
        # Whatever is not shared out evenly must not fall to the same fold for every label.
        first = int(hashlib.sha256(f"{seed}:{stratum}".encode()).hexdigest(), 16) % k
        dealt = (_deal(members["rows"].to_numpy(dtype=np.int64), k) + first) % k
        folds.update(zip(members["group"], dealt.tolist(), strict=True))
    return frame.assign(fold=frame["group"].map(folds).astype("int64"))


def split_by_fold(frame: pd.DataFrame, fold: int, *, k: int) -> pd.DataFrame:
    """Add ``split`` of one of k rounds: ``fold`` is test, the next one validation, the rest train.

    Raises:
        BadStudy: there is no such fold, or too few for all three.
    """
    if not (k >= 3 and 0 <= fold < k):
        raise BadStudy(f"folds: expected three or more, and one of them; got fold {fold} of {k}")
    chosen = [frame["fold"] == fold, frame["fold"] == (fold + 1) % k]
    split = np.select(chosen, ["test", "validation"], "train")
    return frame.assign(split=pd.Series(split, index=frame.index, dtype="str"))


def _deal(rows: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Fold of each group, whose ``rows`` are given in the order of the hash."""
    fold = np.zeros(len(rows), dtype=np.int64)
    filled, rest, small = [0] * k, int(rows.sum()), np.ones(len(rows), dtype=bool)
    for group in np.argsort(-rows, kind="stable").tolist():
        size = int(rows[group])
        if size <= LARGE * _level(filled, rest):
            break
        fold[group] = filled.index(min(filled))
        filled[fold[group]] += size
        rest -= size
        small[group] = False
    fold[small] = _fill(rows[small], filled)
    return fold


def _fill(rows: NDArray[np.int64], filled: Sequence[int]) -> NDArray[np.int64]:
    """Fold of each group, such that each fold comes to one level: where its middle falls."""
    level = _level(filled, int(rows.sum()))
    end, ends = Fraction(0), []
    for rows_there in filled:
        end += max(level - rows_there, Fraction(0))
        ends.append(math.ceil(2 * end))
    # Twice the middle is a whole number of rows, so that comparing is exact.
    twice_middle = 2 * np.cumsum(rows) - rows
    return np.searchsorted(np.array(ends[:-1]), twice_middle, side="right").astype(np.int64)


def _level(filled: Sequence[int], rest: int) -> Fraction:
    """How high the lowest folds stand when ``rest`` more rows are poured over all of them."""
    lowest = itertools.accumulate(sorted(filled))
    return min(Fraction(rows + rest, count) for count, rows in enumerate(lowest, start=1))

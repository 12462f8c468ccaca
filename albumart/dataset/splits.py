"""Who may not be parted, and who goes to train, validation or test.

A split is a function of the rows alone: no history, no random state, no order of arrival. Within
each label, groups stand in the order of a hash of their name, and the order is cut: the first part
is test, the next validation, the rest train. Validation lies between the other two, so that a group
that slips over one cut when rows are added does not get from train to test or back.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

import numpy as np
import pandas as pd

from albumart.dataset.components import link_equal, name_components
from albumart.dataset.names import is_various, normalize_artist
from albumart.errors import BadStudy

SPLITS: Final = ("train", "validation", "test")
FRACTIONS: Final[Mapping[str, float]] = {"train": 0.7, "validation": 0.15, "test": 0.15}


def assign_groups(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``group``: one name for the albums that may not be parted.

    Albums may not be parted that share an artist's normalised name, a ``cluster`` of covers and,
    where the frame has the columns, a ``work`` or an ``artist_id`` (of one source: the number of
    one is no number of another). Names join artists across sources, ids join what is spelled in
    two ways, ``A`` and ``A feat. B``.

    A group is called ``artist:`` and the smallest of its artists' names, so that another album of
    theirs does not rename it, and with the name its place; where no artist is known, by its
    smallest album key.
    """
    names = [None if pd.isna(name) else str(name) for name in frame["artist"]]
    artists = pd.Series([normalize_artist(name) for name in names], index=frame.index, dtype="str")
    links = [link_equal(frame["cluster"]), link_equal(artists)]
    if "work" in frame.columns:
        links.append(link_equal(frame["work"]))
    if "artist_id" in frame.columns:
        links.append(link_equal(artist_keys(frame, names)))
    by_album = name_components(frame["album"], links)
    by_artist = ("artist:" + artists).groupby(by_album).transform("min")
    return frame.assign(group=by_artist.fillna(by_album))


def artist_keys(frame: pd.DataFrame, names: Sequence[str | None]) -> "pd.Series[str]":
    """``<source>:<artist id>``; missing where a source numbers its Various Artists like one.

    Args:
        frame: ``album`` and ``artist_id``.
        names: the artist of each row, as its source writes it.
    """
    source = frame["album"].astype("str").str.extract("^([^:]*)", expand=False)
    keys = source + ":" + frame["artist_id"].astype("str")
    nobody = keys[[is_various(name) for name in names]]
    return keys.mask(keys.isin(nobody.dropna()))


def assign_splits(
    frame: pd.DataFrame, *, fractions: Mapping[str, float] = FRACTIONS, seed: int
) -> pd.DataFrame:
    """Add ``split``: groups stay whole, each label is shared out by ``fractions`` of its rows.

    A group belongs to the stratum of its most common label (of equals, the smallest), stands there
    at ``sha256("{seed}:{group}")``, and falls where the middle of its rows falls.

    **Stability.** Let a stratum of N rows gain M rows, and let every old group keep its name and
    its stratum. A middle at a share p of the stratum moves to between ``p N / (N + M)`` (all came
    after it) and ``(p N + M) / (N + M)`` (all came before it). So train (p ≥ test + validation)
    does not reach test while ``M / N ≤ validation / test``, nor test (p < test) reach train while
    ``M / N ≤ validation / train``: no old row moves between train and test while

        ``M / N ≤ validation / max(test, train)``,

    21 % at the default fractions. This is exact for groups of any size, and for groups that grow.
    What it leaves out: an added row that joins two groups, or that brings a group another name (see
    ``assign_groups``) or another most common label, gives that group a new place. Taking rows away
    is the same, read backwards: with N the rows that stay.
    """
    cuts = _check_fractions(fractions)
    groups = ordered_groups(frame, seed)
    # Twice the middle is a whole number of rows, so that comparing is exact.
    rows = groups["rows"]
    twice_middle = 2 * groups.groupby("stratum")["rows"].cumsum() - rows
    totals = groups.groupby("stratum")["rows"].sum()
    ends = [groups["stratum"].map(_cut(totals, cut)).astype("int64") for cut in cuts]
    split = np.select([twice_middle < end for end in ends], ["test", "validation"], "train")
    placed = pd.Series(split, index=groups["group"], dtype="str")
    return frame.assign(split=frame["group"].map(placed).astype("str"))


def assign_random_splits(
    frame: pd.DataFrame, *, fractions: Mapping[str, float] | None = None, seed: int
) -> pd.DataFrame:
    """Add ``split`` by lot, whoever made the album and whatever its cover copies.

    It is the wrong split on purpose: what a model seems to know on it beyond what it knows on the
    grouped split has leaked. It does not depend on the order of the rows either.

    Args:
        frame: ``album``, ``label``, and ``split`` where no fractions are given.
        fractions: shares of each label's rows; without, each label has exactly as many rows in
            each split as ``split`` gives it now, so that only who is where differs.
        seed: of the lot.
    """
    alone = frame.assign(group="random:" + frame["album"].astype("str"))
    if fractions is not None:
        alone = assign_splits(alone, fractions=fractions, seed=seed)
        return frame.assign(split=alone["split"])
    drawn = ordered_groups(alone, seed)  # label by label, as the splits that are dealt out
    dealt = frame.sort_values(["label", "split"])["split"].to_numpy()
    placed = pd.Series(dealt, index=drawn["group"], dtype="str")
    return frame.assign(split=alone["group"].map(placed).astype("str"))


def stability_bound(fractions: Mapping[str, float] = FRACTIONS) -> float:
    """Share of rows that a label may gain while no old row moves between train and test."""
    return fractions["validation"] / max(fractions["test"], fractions["train"])


def ordered_groups(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per group: ``group``, ``rows``, ``stratum``; in the order in which these are cut."""
    counts = frame.groupby(["group", "label"], as_index=False).agg(rows=("album", "size"))
    counts = counts.sort_values(["group", "rows", "label"], ascending=[True, False, True])
    groups = counts.groupby("group", as_index=False).agg(
        rows=("rows", "sum"), stratum=("label", "first")
    )
    place = [hashlib.sha256(f"{seed}:{name}".encode()).hexdigest() for name in groups["group"]]
    return groups.assign(place=place).sort_values(["stratum", "place", "group"])


def _cut(totals: "pd.Series[int]", share: Fraction) -> dict[object, int]:
    """Twice the rows of each stratum that lie before ``share``, rounded up."""
    return {name: math.ceil(2 * share * int(rows)) for name, rows in totals.items()}


def _check_fractions(fractions: Mapping[str, float]) -> tuple[Fraction, Fraction]:
    """Where test ends and where validation ends, as exact shares."""
    if set(fractions) != set(SPLITS) or min(fractions.values()) < 0:
        raise BadStudy(f"split: expected shares of {', '.join(SPLITS)}; got {dict(fractions)}")
    exact = {name: Fraction(repr(float(share))) for name, share in fractions.items()}
    if abs(sum(exact.values(), start=Fraction(-1))) > Fraction(1, 10**9):
        raise BadStudy(f"split: expected shares that add up to 1; got {dict(fractions)}")
    return exact["test"], exact["test"] + exact["validation"]

"""A dataset version beside the one before it: it may grow and change, but not without a word.

Where the question was another one, other classes or another sample, what follows from that is told
and stops nothing: EXCUSES says what follows from what. A change that explains nothing of a loss, of
a seed or of the least size of a class, does not excuse it.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from albumart.dataset.diff import diff_manifests, label_drift
from albumart.dataset.manifest import Manifest
from albumart.dataset.splits import FRACTIONS, SPLITS, ordered_groups, stability_bound
from albumart.validation.checkpoint import run_suite
from albumart.validation.report import ValidationReport
from albumart.validation.suites import BETWEEN, NULL, Check

SUITE: Final = "drift"
# What may differ when other albums are asked for, or other labels of them.
_CONTENT: Final = ("share_held", "class_kept", "albums_kept")
_DEAL: Final = ("test_frozen",)
# By how a name in ``asked`` begins: checks whose failure is then a warning. What is not here
# excuses nothing. A ``limit`` counts only where it is so low that what is lost was lost by it;
# ``labels.min_covers`` has a rule of its own, see ``_left_out_by_size``.
EXCUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "accepted": (*_CONTENT, *_DEAL),  # a person looked at it
    "origin": _CONTENT,
    "collect": _CONTENT,
    "limit": _CONTENT,
    "labels.scheme": _CONTENT,
    "labels.classes": _CONTENT,
    "scheme": _CONTENT,  # as the manifest tells it
    "split": _DEAL,
    "seed": _DEAL,
    "fractions": _DEAL,
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a dataset may change from one version to the next.

    Attributes:
        large: albums of a class before, below which a few more or fewer say nothing of it.
        shift: of a class's share of all albums, from which somebody should know.
        jump: of the same, from which it is another dataset.
        kept: share of a class's albums that it must still have.
        removed: share of all albums that may be gone.
        crossed: share of the albums of both that may go between train and test.
    """

    large: int = 20
    shift: float = 0.05
    jump: float = 0.25
    kept: float = 0.5
    removed: float = 0.2
    crossed: float = 0.01


def check_drift(
    previous: Manifest,
    current: Manifest,
    *,
    asked: Mapping[str, str | None] | None = None,
    bounds: Bounds | None = None,
) -> ValidationReport:
    """What changed from one version of a study's dataset to the next.

    Args:
        previous: the version that is trusted.
        current: the version that may replace it.
        asked: by what was asked for or decided, how it differs from the previous version,
            ``before → now``; None where it does not. What EXCUSES names for what differs is a
            warning where it would be critical.
        bounds: how much may change.
    """
    asked, bounds = asked or {}, bounds or Bounds()
    excused = _excused(asked, previous, bounds)
    checks = tuple(
        _lowered(check) if check.name in excused else check for check in drift_suite(bounds)
    )
    expected = _without(previous, _left_out_by_size(asked, previous, current, bounds))
    views = {
        "classes": _view_classes(expected, current, bounds.large),
        "albums": _view_albums(expected, current),
        "stayed": _view_stayed(previous, current),
        "asked": pd.DataFrame({"differs": pd.Series(asked, dtype="str")}),
    }
    return run_suite(SUITE, checks, views)


def drift_suite(bounds: Bounds) -> tuple[Check, ...]:
    """What must hold of a version beside the one before it."""
    shift = {"column": "share_gap", "max_value": bounds.shift}
    jump = {"column": "share_gap", "max_value": bounds.jump}
    kept = {"column": "kept", "min_value": bounds.kept}
    gone = {"column": "gone", "mostly": 1 - bounds.removed}
    crossed = {"column": "crossed", "mostly": 1 - bounds.crossed}
    return (
        Check("share_near", "warning", "classes", BETWEEN, shift),
        Check("share_held", "critical", "classes", BETWEEN, jump),
        Check("class_kept", "critical", "classes", BETWEEN, kept),
        Check("albums_kept", "critical", "albums", NULL, gone),
        Check("split_kept", "warning", "stayed", NULL, crossed),
        Check("test_frozen", "critical", "stayed", NULL, {"column": "unexplained"}),
        Check("asked_alike", "info", "asked", NULL, {"column": "differs"}),
    )


def _lowered(check: Check) -> Check:
    return replace(check, severity="warning") if check.severity == "critical" else check


def _excused(asked: Mapping[str, str | None], previous: Manifest, bounds: Bounds) -> frozenset[str]:
    """Names of the checks that what differs excuses."""
    told = {name: text for name, text in asked.items() if text}
    if "limit" in told and not _may_lose(told["limit"], previous, bounds):
        del told["limit"]
    return frozenset(
        check
        for begin, checks in EXCUSES.items()
        for check in checks
        if any(name == begin or name.startswith((f"{begin}.", f"{begin} ")) for name in told)
    )


def _may_lose(limit: str, previous: Manifest, bounds: Bounds) -> bool:
    """Whether a limit, ``before → now``, is so low that more must be lost than may be."""
    now = limit.rpartition(" ")[2]
    return now.isdecimal() and int(now) < (1 - bounds.removed) * len(previous.frame)


def _left_out_by_size(
    asked: Mapping[str, str | None], previous: Manifest, current: Manifest, bounds: Bounds
) -> frozenset[str]:
    """Classes that are none any more since a class must be larger; their albums are still there."""
    if not asked.get("labels.min_covers"):
        return frozenset()
    before, now = previous.label_counts(), current.rare_labels
    return frozenset(name for name in now if now[name] >= bounds.kept * before.get(name, math.inf))


def _without(manifest: Manifest, classes: Collection[str]) -> Manifest:
    """The manifest without these classes, and the albums that carry no other."""
    if not classes:
        return manifest
    frame = manifest.frame
    left = [tuple(name for name in labels if name not in classes) for labels in frame["labels"]]
    kept = pd.Series([bool(labels) for labels in left], index=frame.index)
    labels = pd.Series(left, index=frame.index, dtype="object")
    return replace(
        manifest,
        classes=tuple(name for name in manifest.classes if name not in classes),
        frame=frame.assign(labels=labels)[kept].reset_index(drop=True),
    )


def _view_classes(previous: Manifest, current: Manifest, large: int) -> pd.DataFrame:
    """By class that was large: how its share changed, and what share of its albums is left."""
    drift = label_drift(previous, current).set_index("label")
    drift = drift[drift["albums_before"] >= large]
    return drift.assign(kept=drift["albums_after"] / drift["albums_before"])


def _view_albums(previous: Manifest, current: Manifest) -> pd.DataFrame:
    """By album of the previous version: the split that it is gone from."""
    split = previous.frame.set_index("album")["split"]
    return pd.DataFrame({"gone": split.where(~split.index.isin(current.frame["album"]))})


def _view_stayed(previous: Manifest, current: Manifest) -> pd.DataFrame:
    """By album of both: how it went between train and test, and whether nothing explains it.

    A split is a function of the rows, see ``assign_splits``. Where its stratum gained and lost at
    most the stability bound, no row that kept its group and stratum crosses: one that does was put
    there by something else, another code or a hand.
    """
    before, after = _places(previous), _places(current)
    suffixes = ("_before", "_after")
    both = before.merge(after, left_index=True, right_index=True, suffixes=suffixes)
    went = both["split_before"] + " → " + both["split_after"]
    moves = diff_manifests(previous, current).crossed
    crossed = went.where(both.index.isin(moves))
    same = (both["group_before"] == both["group_after"]) & (
        both["stratum_before"] == both["stratum_after"]
    )
    kept = both.loc[same, "stratum_after"].value_counts()
    sizes = before["stratum"].value_counts().add(after["stratum"].value_counts(), fill_value=0)
    came_and_went = sizes.reindex(kept.index) - 2 * kept
    calm = kept.index[came_and_went / kept <= stability_bound(fractions_of(previous))]
    unexplained = crossed.where(same & both["stratum_after"].isin(calm))
    return pd.DataFrame({"crossed": crossed, "unexplained": unexplained})


def _places(manifest: Manifest) -> pd.DataFrame:
    """By album: ``split``, ``group``, and the ``stratum`` in which the group is dealt out."""
    frame = manifest.frame.set_index("album")[["split", "group"]]
    groups = ordered_groups(manifest.frame, seed=0).set_index("group")["stratum"]
    return frame.assign(stratum=frame["group"].map(groups))


def fractions_of(manifest: Manifest) -> Mapping[str, float]:
    """The shares by which its splits were dealt."""
    told = manifest.parameters.get("fractions")
    if not isinstance(told, dict):
        return FRACTIONS
    shares = {name: told.get(name) for name in SPLITS}
    known = {name: share for name, share in shares.items() if isinstance(share, int | float)}
    return known if len(known) == len(SPLITS) else FRACTIONS

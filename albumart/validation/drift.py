"""A dataset version beside the one before it: it may grow and change, but not without a word.

What is compared with a version that was asked for in the same way must hold; where the question
was another one, other classes or another sample, drift is told and stops nothing.
"""

from collections.abc import Mapping
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
_ACROSS: Final = frozenset({"train", "test"})


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
        asked: by what was asked for or decided, how it differs from the previous version; None
            where it does not. If any differs, what would be critical is a warning.
        bounds: how much may change.
    """
    asked, bounds = asked or {}, bounds or Bounds()
    checks = drift_suite(bounds)
    if any(asked.values()):
        checks = tuple(_lowered(check) for check in checks)
    views = {
        "classes": _view_classes(previous, current, bounds.large),
        "albums": _view_albums(previous, current),
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

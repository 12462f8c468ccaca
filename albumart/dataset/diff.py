"""Two dataset versions side by side: what came, what went, what moved, and how labels drifted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar, cast

import pandas as pd

from albumart.dataset.manifest import JSON, Manifest

Value = TypeVar("Value")
Pair: TypeAlias = tuple[Value, Value]

DRIFT_COLUMNS: Final = {
    "label": "str",
    "albums_before": "int64",
    "albums_after": "int64",
    "share_before": "float64",
    "share_after": "float64",
    "share_gap": "float64",
}
_ACROSS: Final = frozenset({"train", "test"})


@dataclass(frozen=True, slots=True)
class ManifestDiff:
    """What differs between two dataset versions; pairs are before and after.

    Attributes:
        added: keys of albums that only the later version has.
        removed: of those that only the earlier one has.
        moved: albums of both that changed their split.
        relabelled: albums of both whose labels differ.
        recovered: albums of both whose cover is another file.
        by_class: albums that carry each class of either version, also where nothing changed.
        by_split: albums in each split.
        excluded: albums left out, by reason.
        rare_labels: labels that are no class in a version, and how many albums carry them.
        parameters: those that differ; None where a version has none of that name.
    """

    before: str
    after: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: Mapping[str, Pair[str]]
    relabelled: Mapping[str, Pair[tuple[str, ...]]]
    recovered: tuple[str, ...]
    by_class: Mapping[str, Pair[int]]
    by_split: Mapping[str, Pair[int]]
    excluded: Mapping[str, Pair[int]]
    rare_labels: Mapping[str, Pair[int]]
    parameters: Mapping[str, Pair[JSON]]

    @property
    def crossed(self) -> tuple[str, ...]:
        """Albums that went from train to test or back: a figure on test knows them."""
        return tuple(album for album, pair in self.moved.items() if set(pair) == _ACROSS)


def diff_manifests(before: Manifest, after: Manifest) -> ManifestDiff:
    """What differs between two dataset versions, albums in the order of their keys."""
    old, new = (manifest.frame.set_index("album") for manifest in (before, after))
    relabelled = cast("Mapping[str, object]", _changed(old["labels"], new["labels"]))
    return ManifestDiff(
        before=before.digest,
        after=after.digest,
        added=tuple(new.index.difference(old.index)),
        removed=tuple(old.index.difference(new.index)),
        moved=_changed(old["split"], new["split"]),
        relabelled=cast("Mapping[str, Pair[tuple[str, ...]]]", relabelled),
        recovered=tuple(_changed(old["cover_sha256"], new["cover_sha256"])),
        by_class=_side_by_side(before.label_counts(), after.label_counts()),
        by_split=_side_by_side(before.split_counts(), after.split_counts()),
        excluded=_side_by_side(before.excluded, after.excluded),
        rare_labels=_side_by_side(before.rare_labels, after.rare_labels),
        parameters={
            name: (before.parameters.get(name), after.parameters.get(name))
            for name in sorted({**before.parameters, **after.parameters})
            if before.parameters.get(name) != after.parameters.get(name)
        },
    )


def label_drift(previous: Manifest, current: Manifest) -> pd.DataFrame:
    """How the share of albums that carry each label changed between two versions of a study.

    Returns:
        One row per class of either version, the current one's first: ``label``, ``albums_before``,
        ``albums_after``, ``share_before``, ``share_after`` (0 to 1, of the version's albums) and
        ``share_gap``, the absolute difference. Where albums carry several labels, shares add up
        to more than 1.
    """
    counts = _side_by_side(current.label_counts(), previous.label_counts())
    sizes = (len(previous.frame), len(current.frame))
    rows = []
    for label, (after, before) in counts.items():
        share_before, share_after = before / max(sizes[0], 1), after / max(sizes[1], 1)
        gap = abs(share_after - share_before)
        rows.append((label, before, after, share_before, share_after, gap))
    return pd.DataFrame.from_records(rows, columns=list(DRIFT_COLUMNS)).astype(DRIFT_COLUMNS)


def _changed(old: "pd.Series[str]", new: "pd.Series[str]") -> dict[str, Pair[str]]:
    """Values of the albums of both that differ."""
    both = old.index.intersection(new.index)
    pairs = zip(both, old.reindex(both), new.reindex(both), strict=True)
    return {album: (before, after) for album, before, after in pairs if before != after}


def _side_by_side(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, Pair[int]]:
    return {name: (before.get(name, 0), after.get(name, 0)) for name in {**before, **after}}

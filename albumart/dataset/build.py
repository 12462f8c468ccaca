"""Rows of the stores → a Manifest. Pure: the same rows in any order give the same digest."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import pandas as pd

from albumart.dataset.duplicates import NEAR_DISTANCE, assign_clusters, set_aside_contradictions
from albumart.dataset.labels import LABEL_SCHEMES, label_row
from albumart.dataset.manifest import COLUMNS, JSON, Manifest, as_manifest_frame
from albumart.dataset.splits import FRACTIONS, assign_groups, assign_splits
from albumart.errors import BadStudy, ValidationFailed

# What a row of the stores brings itself; the rest of a manifest's columns are assigned here.
ASSIGNED: Final = ("label", "cluster", "group", "split")
GIVEN: Final = tuple(name for name in COLUMNS if name not in ASSIGNED)


def build_manifest(
    rows: Iterable[Mapping[str, object]],
    *,
    study: str,
    classes: Sequence[str],
    seed: int,
    fractions: Mapping[str, float] = FRACTIONS,
    scheme: str = "single",
) -> Manifest:
    """Label, cluster, set contradictions aside, group and split the rows.

    Args:
        rows: one per album with a stored cover: ``genres`` (words, the album's own order) and the
            columns GIVEN. Others are ignored.
        study: name of the study.
        classes: labels, in the order of the model's outputs.
        seed: of the order in which groups are shared out.
        fractions: shares of train, validation and test.
        scheme: a name in LABEL_SCHEMES.

    Raises:
        BadStudy: there is no such scheme, or the fractions do not add up to 1.
        ValidationFailed: an album comes twice, or a hash has an impossible shape.
    """
    excluded: Counter[str] = Counter()
    records = list(_labelled(rows, scheme, frozenset(classes), excluded))
    frame = pd.DataFrame.from_records(records, columns=[*GIVEN, "label"])
    frame = _sorted_by_album(frame)
    frame, dropped = set_aside_contradictions(assign_clusters(frame))
    excluded["contradicting_label"] += len(dropped)
    frame = assign_groups(frame.reset_index(drop=True))
    frame = assign_splits(frame, fractions=fractions, seed=seed)
    shares: dict[str, JSON] = {name: float(share) for name, share in fractions.items()}
    return Manifest(
        study=study,
        classes=tuple(classes),
        frame=as_manifest_frame(frame),
        excluded={reason: count for reason, count in sorted(excluded.items()) if count},
        parameters={
            "scheme": scheme,
            "seed": seed,
            "fractions": shares,
            "near_distance": NEAR_DISTANCE,
        },
    )


def _labelled(
    rows: Iterable[Mapping[str, object]],
    scheme: str,
    classes: frozenset[str],
    excluded: Counter[str],
) -> Iterator[tuple[object, ...]]:
    """Values of GIVEN and the label, for each row that has one; the others are counted."""
    if scheme not in LABEL_SCHEMES:
        raise BadStudy(f"labels: expected a scheme of {', '.join(LABEL_SCHEMES)}; got {scheme!r}")
    for row in rows:
        found = label_row(row, scheme, classes)
        if found.label is None:
            excluded[found.reason] += 1
        else:
            yield (*(row[name] for name in GIVEN), found.label)


def _sorted_by_album(frame: pd.DataFrame) -> pd.DataFrame:
    kinds = {name: COLUMNS[name] for name in frame.columns}
    ordered = frame.astype(kinds).sort_values("album", ignore_index=True)
    twice = ordered["album"][ordered["album"].duplicated()]
    if len(twice):
        raise ValidationFailed(f"expected each album once; got {twice.iloc[0]!r} again")
    return ordered

"""Rows of the stores → a Manifest. Pure: the same rows in any order give the same digest."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import pandas as pd

from albumart.dataset.duplicates import NEAR_DISTANCE, assign_clusters, set_aside_contradictions
from albumart.dataset.labels import find_scheme, label_row
from albumart.dataset.manifest import COLUMNS, JSON, Manifest, as_manifest_frame
from albumart.dataset.splits import FRACTIONS, assign_groups, assign_splits
from albumart.errors import ValidationFailed

# What a row of the stores brings itself; the rest of a manifest's columns are assigned here.
ASSIGNED: Final = ("label", "labels", "cluster", "group", "split")
GIVEN: Final = tuple(name for name in COLUMNS if name not in ASSIGNED)
_CORRECTED: Final = "corrected"


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
        rows: one per album with a stored cover: the words that the scheme reads (``genres``, in
            the album's own order) and the columns GIVEN. A row that names a reason under
            ``left_out`` is counted under it; one that is ``corrected`` (by a person) is counted
            in the parameters. Others are ignored.
        study: name of the study.
        classes: labels, in the order of the model's outputs.
        seed: of the order in which groups are shared out.
        fractions: shares of train, validation and test.
        scheme: a name in LABEL_SCHEMES.

    Raises:
        BadStudy: there is no such scheme, it cannot tell these classes apart, or the fractions do
            not add up to 1.
        ValidationFailed: an album comes twice, or a hash has an impossible shape.
    """
    several = find_scheme(scheme, classes).several
    excluded: Counter[str] = Counter()
    records = list(_labelled(rows, scheme, frozenset(classes), excluded))
    corrected = excluded.pop(_CORRECTED, 0)
    frame = pd.DataFrame.from_records(records, columns=[*GIVEN, "label", "labels"])
    frame = assign_clusters(_sorted_by_album(frame))
    frame, dropped = _set_aside_unlike(frame) if several else set_aside_contradictions(frame)
    excluded["contradicting_label"] += len(dropped)
    frame = assign_groups(frame.reset_index(drop=True))
    frame = assign_splits(frame, fractions=fractions, seed=seed)
    shares: dict[str, JSON] = {name: float(share) for name, share in fractions.items()}
    parameters: dict[str, JSON] = {
        "scheme": scheme,
        "seed": seed,
        "fractions": shares,
        "near_distance": NEAR_DISTANCE,
    }
    return Manifest(
        study=study,
        classes=tuple(classes),
        frame=as_manifest_frame(frame),
        excluded={reason: count for reason, count in sorted(excluded.items()) if count},
        # Only where there are any: what nobody corrected keeps its digest.
        parameters=parameters | ({_CORRECTED: corrected} if corrected else {}),
    )


def _labelled(
    rows: Iterable[Mapping[str, object]],
    scheme: str,
    classes: frozenset[str],
    counts: Counter[str],
) -> Iterator[tuple[object, ...]]:
    """Values of GIVEN, label and labels of each row that has one; the others are counted."""
    for row in rows:
        counts[_CORRECTED] += bool(row.get("corrected"))
        if reason := row.get("left_out"):
            counts[str(reason)] += 1
            continue
        found = label_row(row, scheme, classes)
        if found.labels:
            yield (*(row[name] for name in GIVEN), found.label, found.labels)
        else:
            counts[found.reason] += 1


def _set_aside_unlike(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``(kept, dropped)``: dropped are all rows of clusters whose members share no label at all.

    Where albums carry several labels, a cover that is rock here and rock and metal there is no
    contradiction.
    """
    twins = frame[frame["cluster"].duplicated(keep=False)]
    unlike = [
        cluster
        for cluster, labels in twins.groupby("cluster")["labels"]
        if not frozenset.intersection(*map(frozenset, labels))
    ]
    dropped = frame["cluster"].isin(unlike)
    return frame[~dropped], frame[dropped]


def _sorted_by_album(frame: pd.DataFrame) -> pd.DataFrame:
    kinds = {name: COLUMNS[name] for name in frame.columns}
    ordered = frame.astype(kinds).sort_values("album", ignore_index=True)
    twice = ordered["album"][ordered["album"].duplicated()]
    if len(twice):
        raise ValidationFailed(f"expected each album once; got {twice.iloc[0]!r} again")
    return ordered

"""Rows of the stores → a Manifest. Pure: the same rows in any order give the same digest.

Which albums are one work, and which pictures are no covers, is found among all rows, also those
that have no label here. An album is left out for one reason, the first of: what its words say,
``placeholder``, ``contradicting_label`` (its picture is on albums whose labels contradict its own),
``contradicting_work`` (so does a label with which the same album is told elsewhere).

A work that sources label differently is set aside, and not given the label of one preferred source:
nobody knows which is right, and whether two scans of a sleeve are near enough to be one picture
must not decide whether the album counts. What is left is the easier for it; the count says by how
many.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import pandas as pd

from albumart.dataset.duplicates import (
    CONTRADICTING_COVER,
    CONTRADICTING_WORK,
    NEAR_DISTANCE,
    PLACEHOLDER,
    assign_clusters,
    find_contradictions,
    flag_placeholders,
)
from albumart.dataset.labels import find_scheme, label_row
from albumart.dataset.manifest import COLUMNS, JSON, Manifest, as_manifest_frame
from albumart.dataset.matching import match_albums
from albumart.dataset.metadata import words_beside
from albumart.dataset.splits import FRACTIONS, assign_groups, assign_splits
from albumart.errors import ValidationFailed

# What a row of the stores brings itself; the rest of a manifest's columns are assigned here.
ASSIGNED: Final = ("label", "labels", "genres", "work", "cluster", "group", "split")
GIVEN: Final = tuple(name for name in COLUMNS if name not in ASSIGNED)
# What a row may leave out: most sources number no artist, and one has release groups.
OPTIONAL: Final = ("artist_id", "mbid")
_CORRECTED: Final = "corrected"
_READ: Final = {**{name: COLUMNS[name] for name in GIVEN}, "mbid": "str", "reason": "str"}


def build_manifest(
    rows: Iterable[Mapping[str, object]],
    *,
    study: str,
    classes: Sequence[str],
    seed: int,
    fractions: Mapping[str, float] = FRACTIONS,
    scheme: str = "single",
) -> Manifest:
    """Match, label, leave out placeholders and contradictions, cluster, group and split the rows.

    Args:
        rows: one per album with a stored cover: the words that the scheme reads (``genres``, in
            the album's own order), the columns GIVEN, and ``mbid``, of its MusicBrainz release
            group; those of OPTIONAL where they are known. A row that names a reason under
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
    corrected: Counter[str] = Counter()
    records = _labelled(rows, scheme, frozenset(classes), corrected)
    frame = pd.DataFrame.from_records(list(records), columns=[*_READ, "label", "labels", "genres"])
    frame = flag_placeholders(match_albums(_sorted_by_album(frame)))
    frame, excluded = _leave_out(frame, several=several)
    frame = assign_splits(assign_groups(frame), fractions=fractions, seed=seed)
    shares: dict[str, JSON] = {name: float(share) for name, share in fractions.items()}
    parameters: dict[str, JSON] = {"scheme": scheme, "seed": seed, "fractions": shares}
    return Manifest(
        study=study,
        classes=tuple(classes),
        frame=as_manifest_frame(frame),
        excluded=excluded,
        # Corrections only where there are any: what nobody corrected keeps its digest.
        parameters={**parameters, "near_distance": NEAR_DISTANCE, **corrected},
    )


def _labelled(
    rows: Iterable[Mapping[str, object]],
    scheme: str,
    classes: frozenset[str],
    corrected: Counter[str],
) -> Iterator[tuple[object, ...]]:
    """Values of _READ and the words of each row; the reason is there where no label is."""
    for row in rows:
        corrected.update([_CORRECTED] if row.get(_CORRECTED) else [])
        given = (row.get(name) if name in OPTIONAL else row[name] for name in (*GIVEN, "mbid"))
        if reason := row.get("left_out"):
            yield (*given, reason, None, (), ())
        else:
            found = label_row(row, scheme, classes)
            reason = None if found.labels else found.reason
            yield (*given, reason, found.label, found.labels, words_beside(row, scheme))


def _leave_out(frame: pd.DataFrame, *, several: bool) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows that stay, with ``cluster`` and ``work`` among themselves, and counts by reason."""
    excluded = Counter(frame["reason"].dropna())
    frame = frame[frame["reason"].isna()]
    # Before placeholders go: that a source has no picture of an album makes its word no better.
    frame = frame.assign(unlike=find_contradictions(frame, "work", several=several))
    excluded[PLACEHOLDER] = int(frame["placeholder"].sum())
    # Before clusters are made: a picture that stands for a missing one would join their albums.
    frame = assign_clusters(frame[~frame["placeholder"]].reset_index(drop=True))
    pictures = find_contradictions(frame, "cluster", several=several)
    excluded[CONTRADICTING_COVER] += int(pictures.sum())
    excluded[CONTRADICTING_WORK] = int((frame["unlike"] & ~pictures).sum())
    frame = frame[~pictures & ~frame["unlike"]].reset_index(drop=True)
    for name in ("work", "cluster"):  # named by an album that is here
        frame[name] = frame.groupby(name)["album"].transform("min")
    return frame, {reason: count for reason, count in sorted(excluded.items()) if count}


def _sorted_by_album(frame: pd.DataFrame) -> pd.DataFrame:
    ordered = frame.astype({**_READ, "label": COLUMNS["label"]})
    ordered = ordered.sort_values("album", ignore_index=True)
    twice = ordered["album"][ordered["album"].duplicated()]
    if len(twice):
        raise ValidationFailed(f"expected each album once; got {twice.iloc[0]!r} again")
    return ordered

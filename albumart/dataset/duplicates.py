"""Covers that are the same picture: equal pixels, or perceptual hashes that nearly agree.

All pairs of 130,000 hashes would be 8.5 billion. Multi-index hashing looks at few of them: cut the
64 bits into six bands; two hashes that differ in at most five bits agree on at least one whole
band (Norouzi, Punjani, Fleet 2012), so only hashes that share a band's value are compared.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.dataset.components import Links, Nodes, label_components, link_equal, name_components
from albumart.dataset.manifest import Manifest
from albumart.dataset.names import normalize_artist
from albumart.errors import ValidationFailed

NEAR_DISTANCE: Final = 5
BANDS: Final = NEAR_DISTANCE + 1
BATCH_PAIRS: Final = 1_000_000
# A picture that stands for the albums of so many artists is no cover of any: "no image", a shop's
# logo. Four sources may spell one artist in four ways.
PLACEHOLDER_OWNERS: Final = 5

# Reasons under which a manifest counts what was left out for being a copy.
CONTRADICTING_COVER: Final = "contradicting_label"
CONTRADICTING_WORK: Final = "contradicting_work"
PLACEHOLDER: Final = "placeholder"

_PICTURES: Final = ("pixel_sha256", "phash")
_PHASH: Final = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class DuplicateCounts:
    """What of a dataset is the same picture or the same album, and what became of it.

    Copies that agree stay in the dataset, in one group, and count as often as they are told.

    Attributes:
        equal: albums whose cover has exactly the pixels of another album's.
        clusters: pictures on two albums or more, by equal pixels or near perceptual hashes.
        albums: those that are in such clusters.
        parted: clusters in more than one split; where it is not 0, something is wrong.
        contradictions: albums set aside, for one picture carries contradicting labels.
        contradicting_works: albums set aside, for one album is told with contradicting labels.
        placeholders: albums left out, for their picture is no cover but stands for a missing one.
        works: albums that several sources tell.
        told: how often these are told, all in all.
        groups: what no split may part.
    """

    equal: int = 0
    clusters: int = 0
    albums: int = 0
    parted: int = 0
    contradictions: int = 0
    contradicting_works: int = 0
    placeholders: int = 0
    works: int = 0
    told: int = 0
    groups: int = 0


def count_duplicates(manifest: Manifest) -> DuplicateCounts:
    """The copies of a dataset version, those that are in it and those that were left out."""
    frame = manifest.frame
    shared = frame[frame["cluster"].duplicated(keep=False)]
    source = frame["album"].str.partition(":")[0] if len(frame) else frame["album"]
    sources = source.groupby(frame["work"]).agg(["size", "nunique"])
    several = sources[sources["nunique"] > 1]
    return DuplicateCounts(
        equal=int(frame["pixel_sha256"].duplicated(keep=False).sum()),
        clusters=int(shared["cluster"].nunique()),
        albums=len(shared),
        parted=int((shared.groupby("cluster")["split"].nunique() > 1).sum()),
        contradictions=manifest.excluded.get(CONTRADICTING_COVER, 0),
        contradicting_works=manifest.excluded.get(CONTRADICTING_WORK, 0),
        placeholders=manifest.excluded.get(PLACEHOLDER, 0),
        works=len(several),
        told=int(several["size"].sum()),
        groups=int(frame["group"].nunique()),
    )


def assign_clusters(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``cluster``: the smallest album key among the covers that are one picture.

    Covers are one picture when their ``pixel_sha256`` is equal, or their ``phash`` differs in at
    most NEAR_DISTANCE bits and neither is ``blank``; and so on through third covers.
    """
    links = [link_equal(frame["pixel_sha256"])]
    seen = np.flatnonzero(~frame["blank"].to_numpy(dtype=bool))
    if len(seen):
        links.append(_link_near(seen, parse_phashes(frame["phash"].iloc[seen])))
    return frame.assign(cluster=name_components(frame["album"], links))


def find_contradictions(
    frame: pd.DataFrame, by: str, *, several: bool = False
) -> "pd.Series[bool]":
    """Whether each row is one of rows that are equal in ``by`` and whose labels contradict.

    Labels contradict where they differ; where an album may carry ``several``, where no label is
    on all of them: a cover that is rock here and rock and metal there is no contradiction.
    """
    if not several:
        return frame.groupby(by)["label"].transform("nunique") > 1
    copies = frame[frame[by].duplicated(keep=False)]
    unlike = [
        name
        for name, labels in copies.groupby(by)["labels"]
        if not frozenset.intersection(*map(frozenset, labels))
    ]
    return frame[by].isin(unlike)


def flag_placeholders(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``placeholder``: whether the cover is, or all but is, one of ``find_placeholders``.

    A placeholder comes in several sizes, whose hashes differ in a few bits: what is within
    NEAR_DISTANCE of one is one. Not so through third covers, as for a cluster. Flag them before
    clusters are made groups, or all artists without a picture are one.
    """
    found = find_placeholders(frame)
    equal = [frame[kind].isin(found["picture"][found["kind"] == kind]) for kind in _PICTURES]
    seen = ~frame["blank"].to_numpy(dtype=bool)
    flagged = equal[0].to_numpy() | (equal[1].to_numpy() & seen)
    if (seen & flagged).any():
        hashes = parse_phashes(frame["phash"][seen])
        near = np.zeros(len(hashes), dtype=bool)
        for placeholder in np.unique(hashes[flagged[seen]]):
            near |= np.bitwise_count(hashes ^ placeholder) <= NEAR_DISTANCE
        flagged[seen] |= near
    return frame.assign(placeholder=flagged)


def find_placeholders(frame: pd.DataFrame) -> pd.DataFrame:
    """Pictures of PLACEHOLDER_OWNERS artists or more, most first, for people to look at.

    Returns:
        ``kind`` (``pixel_sha256``, or ``phash`` of covers that are not ``blank``), ``picture`` (its
        value), ``covers`` and ``owners``: how many bear it, and of how many artists they are. Where
        no artist is known, an album's ``work`` is its owner, or the album itself.
    """
    owned = frame.assign(owner=_owners(frame))
    seen = {"pixel_sha256": owned, "phash": owned[~frame["blank"].astype("bool")]}
    found: list[pd.DataFrame] = []
    for kind in _PICTURES:
        counted = seen[kind].groupby(kind)["owner"].agg(covers="size", owners="nunique")
        counted = counted[counted["owners"] >= PLACEHOLDER_OWNERS].rename_axis("picture")
        found.append(counted.reset_index().assign(kind=kind))
    table = pd.concat(found)[["kind", "picture", "covers", "owners"]]
    by = ["owners", "covers", "kind", "picture"]
    return table.sort_values(by, ascending=[False, False, True, True], ignore_index=True)


def _owners(frame: pd.DataFrame) -> "pd.Series[str]":
    names = [None if pd.isna(name) else str(name) for name in frame["artist"]]
    artists = [normalize_artist(name) for name in names]
    works = frame["work"] if "work" in frame.columns else frame["album"]
    # No artist's name has a tab in it.
    alone = "\t" + works.fillna(frame["album"]).astype("str")
    return pd.Series(artists, index=frame.index, dtype="str").fillna(alone)


def parse_phashes(texts: "pd.Series[str]") -> NDArray[np.uint64]:
    """Hashes of 16 hex digits → ``(n,) uint64``.

    Raises:
        ValidationFailed: a text is no such hash.
    """
    values = texts.tolist()
    for place, text in enumerate(values):
        if not isinstance(text, str) or not _PHASH.fullmatch(text):
            raise ValidationFailed(f"phash {place}: expected 16 hex digits; got {text!r}")
    return np.frombuffer(bytes.fromhex("".join(values)), dtype=">u8").astype(np.uint64)


def near_components(hashes: NDArray[np.uint64]) -> Nodes:
    """Component of each of ``(n,)`` distinct hashes, linked at NEAR_DISTANCE bits or fewer."""
    component = label_components(len(hashes), [_link_neighbours(hashes)])
    for band in _band_values(hashes):
        for left, right in _close_pairs(hashes, band, component):
            links = (component[left], component[right])
            component = label_components(len(hashes), [links])[component]
    return component


def _link_neighbours(hashes: NDArray[np.uint64]) -> Links:
    """Links between hashes that differ in one bit."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    links = []
    for bit in np.uint64(1) << np.arange(64, dtype=np.uint64):
        left = np.flatnonzero((ordered & bit) == 0)
        wanted = ordered[left] | bit
        place = np.searchsorted(ordered, wanted)
        found = ordered[np.minimum(place, len(ordered) - 1)] == wanted
        links.append((order[left[found]], order[place[found]]))
    return np.concatenate([a for a, _ in links]), np.concatenate([b for _, b in links])


def _link_near(rows: Nodes, hashes: NDArray[np.uint64]) -> Links:
    distinct, which = np.unique(hashes, return_inverse=True)
    component = near_components(distinct)[which]
    _, first = np.unique(component, return_index=True)
    return rows, rows[first[component]]


def _band_values(hashes: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
    # Bits that hardly vary are dealt evenly over the bands: six contiguous bands would let one
    # band hold nothing but them, and then nearly every pair would share it.
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    by_variety = np.argsort(np.abs(bits.mean(axis=0) - 0.5), kind="stable")
    for band in range(BANDS):
        chosen = bits[:, by_variety[band::BANDS]].astype(np.int64)
        yield chosen @ (1 << np.arange(chosen.shape[1], dtype=np.int64))


def _close_pairs(
    hashes: NDArray[np.uint64], band: NDArray[np.int64], component: Nodes
) -> Iterator[Links]:
    """Pairs that share the band's value, not yet the component, and are near; in batches.

    Sorted by band and component, each hash is compared with the first one after its component,
    then with the one after that, while still in its band's run. So memory is linear in the hashes
    however long a run is.
    """
    order = np.lexsort((component, band))
    ordered, of_band = hashes[order], band[order]
    run_end = np.searchsorted(of_band, of_band, side="right")
    other = _ends_of_runs(of_band, component[order])
    found: list[Links] = []
    left, step, waiting = np.arange(len(hashes)), 0, 0
    while len(left):
        left = left[other[left] + step < run_end[left]]
        right = other[left] + step
        near = np.bitwise_count(ordered[left] ^ ordered[right]) <= NEAR_DISTANCE
        found.append((order[left[near]], order[right[near]]))
        waiting += int(np.count_nonzero(near))
        step += 1
        if waiting >= BATCH_PAIRS or not len(left):
            yield np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])
            found, waiting = [], 0


def _ends_of_runs(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row of sorted columns, where the rows that equal it in all of them end."""
    changes = np.any([np.diff(column) != 0 for column in columns], axis=0)
    ends = np.append(np.flatnonzero(changes) + 1, len(columns[0]))
    return np.repeat(ends, np.diff(ends, prepend=0))

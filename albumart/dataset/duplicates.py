"""Covers that are the same picture: equal pixels, or perceptual hashes that nearly agree.

All pairs of 130,000 hashes would be 8.5 billion. Multi-index hashing looks at few of them: cut the
64 bits into six bands; two hashes that differ in at most five bits agree on at least one whole
band (Norouzi, Punjani, Fleet 2012), so only hashes that share a band's value are compared.
"""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.dataset.components import Links, Nodes, label_components, link_equal, name_components
from albumart.errors import ValidationFailed

NEAR_DISTANCE: Final = 5
BANDS: Final = NEAR_DISTANCE + 1
BATCH_PAIRS: Final = 1_000_000

_PHASH: Final = re.compile("[0-9a-f]{16}")


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


def set_aside_contradictions(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``(kept, dropped)``: dropped are all rows of clusters whose members' labels differ."""
    labels = frame.groupby("cluster")["label"].transform("nunique")
    return frame[labels == 1], frame[labels > 1]


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
    component = np.arange(len(hashes), dtype=np.int64)
    for band in _band_values(hashes):
        for left, right in _close_pairs(hashes, band):
            links = (component[left], component[right])
            component = label_components(len(hashes), [links])[component]
    return component


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


def _close_pairs(hashes: NDArray[np.uint64], band: NDArray[np.int64]) -> Iterator[Links]:
    """Pairs that share the band's value and are near, in batches.

    Sorted by band, equal values lie side by side: each hash is compared with the next one, then
    with the one after that, while still in its run. So memory is linear in the hashes however
    long a run is.
    """
    order = np.argsort(band, kind="stable")
    ordered = hashes[order]
    run_end = np.searchsorted(band[order], band[order], side="right")
    found: list[Links] = []
    left, step, waiting = np.arange(len(hashes)), 0, 0
    while len(left):
        step += 1
        left = left[left + step < run_end[left]]
        near = left[np.bitwise_count(ordered[left] ^ ordered[left + step]) <= NEAR_DISTANCE]
        found.append((order[near], order[near + step]))
        waiting += len(near)
        if waiting >= BATCH_PAIRS or not len(left):
            yield np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])
            found, waiting = [], 0

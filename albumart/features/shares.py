"""The features of many covers, shared out: each worker computes some parts of the work."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np

from albumart.dataset.cache import decode_cover
from albumart.features.blocks import PARTS, FeatureBlocks, Objects, part_of
from albumart.features.embeddings import Pixels, embedding_name, in_batches, read_ahead
from albumart.features.makers import Compute, FeatureSpec, find_maker

SHARE: Final = 256  # covers of one task
# Rows of a block, and covers whose pixels wait at once; full batches of any maker.
BLOCK: Final = 512
THREADS: Final = 8


class Share(NamedTuple):
    """The parts from ``first`` to ``last``, both of it."""

    first: str
    last: str


def share_out(due: Iterable[str], *, size: int = SHARE) -> list[Share]:
    """Shares of some ``size`` of the covers that are due; larger where a single part is."""
    counts = Counter(map(part_of, set(due)))
    shares: list[Share] = []
    room = 0
    for part in filter(counts.__contains__, PARTS):
        if shares and counts[part] <= room:
            shares[-1] = shares[-1]._replace(last=part)
        else:
            shares.append(Share(part, part))
            room = size
        room -= counts[part]
    return shares


def compute_share(share: Share, covers: Iterable[str], spec: FeatureSpec, objects: Objects) -> int:
    """Compute what is missing of a share and put it into the store; the number of covers.

    The same covers give the same numbers, whoever shares them with whom: no batch has covers of
    two parts, and a part that was begun goes on where a block ended.

    Args:
        share: which parts.
        covers: sha256 of each, also those of other shares.
        spec: what shapes the features.
        objects: where covers are, and where features go.

    Raises:
        NotFound, UnsafeInput: a cover is not in the store, or is not the one that was stored.
    """
    blocks = FeatureBlocks(objects, embedding_name(spec))
    due = [part for each in _parts_of(share, covers) for part in _due(each, blocks)]
    if not due:
        return 0
    compute, batch = _maker(spec)
    size = spec.model.image_size
    with ThreadPoolExecutor(THREADS, thread_name_prefix="decode") as pool:

        def read(names: Sequence[str]) -> Pixels:
            return np.stack([*pool.map(lambda name: decode_cover(objects, name, size), names)])

        for names, pixels in zip(due, read_ahead(read, due), strict=True):
            blocks.put(names, in_batches(compute, pixels, batch))
    return sum(map(len, due))


def _parts_of(share: Share, covers: Iterable[str]) -> list[list[str]]:
    """The covers of each part of the share, in order."""
    own = sorted({cover for cover in covers if share.first <= part_of(cover) <= share.last})
    return [list(part) for _, part in itertools.groupby(own, part_of)]


def _due(covers: Sequence[str], blocks: FeatureBlocks) -> list[list[str]]:
    """Blocks of covers of one part that are yet to be computed."""
    known = blocks.covers(part_of(covers[0]))
    due = [cover for cover in covers if cover not in known]
    return [due[start : start + BLOCK] for start in range(0, len(due), BLOCK)]


# One at a time: the networks of two studies may not fit beside each other.
_made: dict[str, tuple[Compute, int]] = {}


def _maker(spec: FeatureSpec) -> tuple[Compute, int]:
    """What computes the features, and in batches of how many; each process builds it once."""
    name = embedding_name(spec)
    if name not in _made:
        maker = find_maker(spec.maker)
        compute, _ = maker.build(spec)
        _made.clear()
        _made[name] = compute, maker.batch()
    return _made[name]

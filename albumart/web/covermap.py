"""A map of the collection: covers that look alike to the champion lie near each other."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.arrays import plain_errors
from albumart.features.plane import place_in_plane, plane_method, spread_out
from albumart.similar import SimilarCovers
from albumart.web.champions import Live
from albumart.web.collection import Collection, CoverRow

Floats = NDArray[np.float32]

logger = logging.getLogger(__name__)

MOST: Final = 2000  # covers on a map; of more, a sample that is the same each time
WIDTH, HEIGHT = 1000, 720  # units of the drawing
MARGIN: Final = 28  # a cover that is shown is 40 wide
CELLS: Final = (20, 14)  # in each, the cover nearest to its middle is shown as a picture


@dataclass(frozen=True, slots=True)
class Dot:
    """A cover on the map; ``picture``: it is shown as one."""

    cover: CoverRow
    x: float
    y: float
    picture: bool


@dataclass(frozen=True, slots=True)
class CoverMap:
    """Where covers lie, and how that was found."""

    dots: tuple[Dot, ...]
    method: str
    total: int


def draw_map(live: Live, collection: Collection, similar: SimilarCovers) -> CoverMap:
    """Place the covers; what was computed once for the same covers is read from the cache."""
    names = _sample([row.album for row in collection.every()])
    albums, vectors = similar.vectors(names)
    method = plane_method(len(albums))
    shares = _cached(live, albums, vectors, method)
    pictured = spread_out(shares, CELLS)
    places = MARGIN + shares * np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN], np.float32)
    rows = {row.album: row for row in collection.named(albums)}
    dots = tuple(
        Dot(rows[album], round(float(x), 1), round(float(y), 1), number in pictured)
        for number, (album, (x, y)) in enumerate(zip(albums, places, strict=True))
    )
    return CoverMap(dots, method, len(collection))


def _sample(names: Sequence[str]) -> list[str]:
    if len(names) <= MOST:
        return list(names)
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    return sorted(ordered[:MOST])


def _cached(live: Live, albums: Sequence[str], vectors: Floats, method: str) -> Floats:
    digest = hashlib.sha256("\n".join((live.version.sha256, method, *albums)).encode())
    path = live.workspace.cache / "planes" / f"{digest.hexdigest()[:32]}.npy"
    if path.is_file():
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    logger.info("serve      %s: placing %d covers on a map", live.version.study, len(albums))
    places = place_in_plane(vectors, method)
    _keep(path, places)
    return places


def _keep(path: Path, places: Floats) -> None:
    with plain_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, places)
        partial.replace(path)

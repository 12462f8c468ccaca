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
from albumart.similar import SimilarCovers
from albumart.web.champions import Live
from albumart.web.collection import Collection, CoverRow

Floats = NDArray[np.float32]

logger = logging.getLogger(__name__)

MOST: Final = 2000  # covers on a map; of more, a sample that is the same each time
LEAST_FOR_TSNE: Final = 60
DIRECTIONS: Final = 50  # that t-SNE is given; the rest is mostly noise
WIDTH, HEIGHT = 1000, 720  # units of the drawing
MARGIN: Final = 28
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
    method = "t-SNE" if len(albums) >= LEAST_FOR_TSNE else "PCA"
    places = _cached(live, albums, vectors, method)
    rows = {row.album: row for row in collection.named(albums)}
    pictured = _spread_out(places)
    dots = tuple(
        Dot(rows[album], round(float(x), 1), round(float(y), 1), number in pictured)
        for number, (album, (x, y)) in enumerate(zip(albums, places, strict=True))
    )
    return CoverMap(dots, method, len(collection))


def place_in_plane(vectors: Floats, method: str) -> Floats:
    """``(n, d)`` features → ``(n, 2)`` within the drawing."""
    from sklearn.decomposition import PCA

    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    size = min(DIRECTIONS if method == "t-SNE" else 2, *unit.shape)
    flat = PCA(size, random_state=0).fit_transform(unit)
    if method == "t-SNE":
        from sklearn.manifold import TSNE

        near = min(30.0, (len(unit) - 1) / 3)
        flat = TSNE(2, perplexity=near, init="pca", random_state=0).fit_transform(flat)
    return _within(np.asarray(flat, dtype=np.float32))


def _within(flat: Floats) -> Floats:
    """Stretched to the drawing; the few that lie far out are drawn at its rim."""
    if flat.shape[1] < 2:
        flat = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    low, high = np.percentile(flat, [1, 99], axis=0)
    share = (flat - low) / np.maximum(high - low, 1e-12)
    room = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN], np.float32)
    return np.asarray(MARGIN + share.clip(0, 1) * room, dtype=np.float32)


def _spread_out(places: Floats) -> set[int]:
    """Of each cell of a grid, the number of the cover nearest to its middle."""
    cell = np.array([WIDTH / CELLS[0], HEIGHT / CELLS[1]], np.float32)
    where = np.floor(places / cell)
    off = np.square(places / cell - where - 0.5).sum(axis=1)
    best: dict[tuple[float, float], int] = {}
    for number in np.argsort(off, kind="stable").tolist():
        best.setdefault((float(where[number, 0]), float(where[number, 1])), number)
    return set(best.values())


def _sample(names: Sequence[str]) -> list[str]:
    if len(names) <= MOST:
        return list(names)
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    return sorted(ordered[:MOST])


def _cached(live: Live, albums: Sequence[str], vectors: Floats, method: str) -> Floats:
    digest = hashlib.sha256("\n".join((live.version.sha256, method, *albums)).encode())
    path = live.workspace.cache / "maps" / f"{digest.hexdigest()[:32]}.npy"
    if path.is_file():
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    logger.info("serve      %s: placing %d covers on a map", live.version.study, len(albums))
    if len(albums) < 2:
        return np.full((len(albums), 2), WIDTH / 2, np.float32)
    places = place_in_plane(vectors, method)
    _keep(path, places)
    return places


def _keep(path: Path, places: Floats) -> None:
    with plain_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, places)
        partial.replace(path)

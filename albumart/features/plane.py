"""Features of covers → places in a plane: covers that look alike lie near each other."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LEAST_FOR_TSNE: Final = 60  # of fewer covers, the plane in which they differ most
DIRECTIONS: Final = 50  # that t-SNE is given; the rest is mostly noise
PERPLEXITY: Final = 30.0
REACH: Final = (1, 99)  # per cent of the covers: those further out are drawn at the rim


def plane_method(n: int) -> str:
    """How so many covers are placed: ``t-SNE`` or ``PCA``."""
    return "t-SNE" if n >= LEAST_FOR_TSNE else "PCA"


def place_in_plane(vectors: Floats, method: str) -> Floats:
    """``(n, d)`` features → ``(n, 2)`` from 0 to 1; the same features give the same places."""
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    if len(vectors) < 2:
        return np.full((len(vectors), 2), 0.5, np.float32)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    size = min(DIRECTIONS if method == "t-SNE" else 2, *unit.shape)
    with threadpool_limits(1):  # sums in one order; and threads that wait for each other are slow
        flat = PCA(size, random_state=0).fit_transform(unit)
        # One direction is a line already.
        flat = _flatten(flat) if method == "t-SNE" and size > 1 else flat
    return _within(np.asarray(flat, dtype=np.float32))


def _flatten(directions: Floats) -> Floats:
    """van der Maaten & Hinton 2008."""
    from sklearn.manifold import TSNE

    near = min(PERPLEXITY, (len(directions) - 1) / 3)
    drawn = TSNE(2, perplexity=near, init="pca", random_state=0).fit_transform(directions)
    return np.asarray(drawn, dtype=np.float32)


def _within(flat: Floats) -> Floats:
    if flat.shape[1] < 2:
        flat = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    low, high = np.percentile(flat, REACH, axis=0)
    share = (flat - low) / np.maximum(high - low, 1e-12)
    return np.asarray(share.clip(0, 1), dtype=np.float32)


def spread_out(places: Floats, cells: tuple[int, int]) -> set[int]:
    """Of each cell of a grid of ``cells``, the number of the place nearest to its middle."""
    grid = places * np.array(cells, np.float32)
    where = np.minimum(np.floor(grid), np.array(cells) - 1)
    off = np.square(grid - where - 0.5).sum(axis=1)
    best: dict[tuple[float, float], int] = {}
    for number in np.argsort(off, kind="stable").tolist():
        best.setdefault((float(where[number, 0]), float(where[number, 1])), number)
    return set(best.values())

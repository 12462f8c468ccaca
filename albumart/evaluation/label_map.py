"""A map of the label space in two dimensions, with covers where their answers lie."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from albumart.evaluation.intervals import FloatArray
from albumart.models.label_space import unit_rows

_PERPLEXITY: Final = 30.0  # t-SNE's own default, where there are enough points


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Points of a map.

    Attributes:
        labels: ``(k, 2)``.
        covers: ``(n, 2)``.
        method: a name in MAP_METHODS.
        meaning: what may be read off it, for people.
    """

    labels: FloatArray
    covers: FloatArray
    method: str
    meaning: str


Mapped = tuple[FloatArray, str]


def build_label_map(
    vectors: ArrayLike, answers: ArrayLike, *, method: str = "pca", seed: int = 0
) -> LabelMap:
    """Labels and covers on one map; the same input gives the same map.

    Args:
        vectors: ``(k, d)`` of the labels.
        answers: ``(n, d)`` of the covers: what a head answers in label space, or of another head
            ``embed_labels(probabilities, vectors)``.
        method: a name in MAP_METHODS; t-SNE takes a minute for 5,000 points.
        seed: of t-SNE.

    Raises:
        ValueError: no such method, fewer than two labels, or widths that differ.
    """
    labels, covers = unit_rows(np.asarray(vectors)), unit_rows(np.asarray(answers))
    if method not in MAP_METHODS:
        raise ValueError(f"expected one of {', '.join(MAP_METHODS)}; got {method!r}")
    if len(labels) < 2 or labels.shape[1] != covers.shape[1]:
        raise ValueError(
            f"expected two labels or more and covers in their space; "
            f"got {labels.shape} and {covers.shape}"
        )
    points, meaning = MAP_METHODS[method](labels, covers, seed)
    return LabelMap(points[: len(labels)], points[len(labels) :], method, meaning)


def _map_by_pca(labels: FloatArray, covers: FloatArray, seed: int) -> Mapped:
    """The plane in which the labels differ most; covers are dropped onto it."""
    del seed
    centre = labels.mean(axis=0)
    _, strengths, directions = np.linalg.svd(labels - centre, full_matrices=False)
    plane = np.zeros((2, labels.shape[1]))
    kept = min(2, len(directions))
    plane[:kept] = directions[:kept]
    largest = np.argmax(np.abs(plane), axis=1)
    plane *= np.where(plane[[0, 1], largest] < 0, -1.0, 1.0)[:, None]
    shares = strengths**2 / max(float(np.sum(strengths**2)), np.finfo(float).tiny)
    points = (np.vstack([labels, covers]) - centre) @ plane.T
    return points, f"the two axes show {100 * shares[:2].sum():.0f} % of how the labels differ"


def _map_by_tsne(labels: FloatArray, covers: FloatArray, seed: int) -> Mapped:
    """van der Maaten & Hinton 2008, begun at the PCA map, so that it is the same each time."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    begun, _ = _map_by_pca(labels, covers, seed)
    scale = max(float(begun[:, 0].std()), np.finfo(float).tiny)
    perplexity = min(_PERPLEXITY, (len(begun) - 1) / 3)
    with threadpool_limits(1):  # sums in one order; and threads that wait for each other cost 7×
        drawn = TSNE(
            perplexity=perplexity,
            metric="cosine",
            init=begun / scale * 1e-4,
            random_state=seed,
        ).fit_transform(np.vstack([labels, covers]))
    return np.asarray(drawn, dtype=np.float64), "near points are alike; far distances mean nothing"


MAP_METHODS: Final[Mapping[str, Callable[[FloatArray, FloatArray, int], Mapped]]] = (
    MappingProxyType({"pca": _map_by_pca, "tsne": _map_by_tsne})
)

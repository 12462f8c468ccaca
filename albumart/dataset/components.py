"""Things that belong together, by equal values or by links, under the smallest name among them."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Nodes: TypeAlias = NDArray[np.int64]
Links: TypeAlias = tuple[Nodes, Nodes]


def link_equal(values: "pd.Series[str]") -> Links:
    """Links from each known value to its first occurrence; a missing value equals nothing."""
    codes, _ = pd.factorize(values)
    known = np.flatnonzero(codes >= 0)
    _, first, inverse = np.unique(codes[known], return_index=True, return_inverse=True)
    return known, known[first[inverse]]


def label_components(count: int, links: Sequence[Links]) -> Nodes:
    """Number of each node's connected component among ``count`` nodes."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    left = np.concatenate([pair[0] for pair in links])
    right = np.concatenate([pair[1] for pair in links])
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    labels: Nodes = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def name_components(names: "pd.Series[str]", links: Sequence[Links]) -> "pd.Series[str]":
    """For each row, the smallest of ``names`` in its component."""
    component = label_components(len(names), links)
    return names.groupby(component).transform("min")

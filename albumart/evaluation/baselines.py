"""What a model has to beat, each on the same split. A baseline is one row of BASELINES."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.evaluation.intervals import Estimate, wilson
from albumart.features.hsv import hsv_histograms

NEIGHBOURS: Final = 10
PROBE_STRENGTHS: Final = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


@dataclass(frozen=True, slots=True)
class BaselineData:
    """One dataset as the baselines see it; the arrays' rows are the manifest's.

    Attributes:
        pixels: ``(n, s, s, 3) uint8 RGB``.
        labels: ``(n,)`` class numbers.
        splits: ``(n,)`` of ``train``, ``validation`` and ``test``.
        features: ``(n, d) float32`` of a frozen backbone, or None.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.intp]
    splits: NDArray[np.str_]
    features: NDArray[np.float32] | None

    def rows(self, split: str) -> NDArray[np.intp]:
        """Row numbers of ``split``."""
        return np.flatnonzero(self.splits == split)


def evaluate_baselines(data: BaselineData) -> dict[str, Estimate]:
    """Test accuracy of every baseline that applies, with its 95 % interval."""
    truth = data.labels[data.rows("test")]
    found: dict[str, Estimate] = {}
    for name, predict in BASELINES.items():
        predictions = predict(data)
        if predictions is not None:
            found[name] = wilson(int((predictions == truth).sum()), len(truth))
    return found


def _majority(data: BaselineData) -> NDArray[np.intp]:
    """Always the most common class of the training split."""
    most_common = np.bincount(data.labels[data.rows("train")]).argmax()
    return np.full(len(data.rows("test")), most_common)


def _histogram_neighbours(data: BaselineData) -> NDArray[np.intp]:
    """Ten nearest neighbours by colour histogram, exact, cosine distance (rows have length 1)."""
    from sklearn.neighbors import KNeighborsClassifier

    train, test = data.rows("train"), data.rows("test")
    neighbours = KNeighborsClassifier(NEIGHBOURS, algorithm="brute")
    histograms = hsv_histograms(data.pixels)
    neighbours.fit(histograms[train], data.labels[train])
    return np.asarray(neighbours.predict(histograms[test]))


def _linear_probe(data: BaselineData) -> NDArray[np.intp] | None:
    """Logistic regression on the frozen features; its strength is chosen on validation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, labels = data.features, data.labels
    if features is None:
        return None
    train, validation = data.rows("train"), data.rows("validation")
    probes = [
        make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500)).fit(
            features[train], labels[train]
        )
        for strength in PROBE_STRENGTHS
    ]
    best = max(probes, key=lambda probe: probe.score(features[validation], labels[validation]))
    return np.asarray(best.predict(features[data.rows("test")]))


BASELINES: Final[Mapping[str, Callable[[BaselineData], NDArray[np.intp] | None]]] = (
    MappingProxyType(
        {
            "majority": _majority,
            "histogram_neighbours": _histogram_neighbours,
            "linear_probe": _linear_probe,
        }
    )
)

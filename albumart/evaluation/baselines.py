"""What a model has to beat, each on the same split. A baseline is one row of BASELINES."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.evaluation.intervals import CONFIDENCE, Estimate, wilson
from albumart.features.hsv import hsv_histograms

NEIGHBOURS: Final = 10
PROBE_STRENGTHS: Final = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


@dataclass(frozen=True, eq=False)
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

    @cached_property
    def histograms(self) -> NDArray[np.float32]:
        """``(n, 512)`` colour histograms."""
        return hsv_histograms(self.pixels)


@dataclass(frozen=True, slots=True)
class NotRun:
    """A baseline that this dataset or this machine does not allow, and why."""

    reason: str


Predictions = NDArray[np.intp]
Baseline = Callable[[BaselineData], Estimate | NotRun]


def run_baselines(data: BaselineData) -> dict[str, Estimate | NotRun]:
    """Every row of BASELINES: its test accuracy, or why it was not run."""
    return {name: baseline(data) for name, baseline in BASELINES.items()}


def _scored(predict: Callable[[BaselineData], Predictions | NotRun]) -> Baseline:
    """The accuracy of what ``predict`` says about the rows of the test split."""

    def score(data: BaselineData) -> Estimate | NotRun:
        predictions = predict(data)
        if isinstance(predictions, NotRun):
            return predictions
        truth = data.labels[data.rows("test")]
        return wilson(int((predictions == truth).sum()), len(truth))

    return score


def _chance(data: BaselineData) -> Estimate:
    """A class at random, all alike: 1 of k; the interval is what such guesses get on n covers."""
    from scipy.stats import binom

    n, share = len(data.rows("test")), 1 / len(np.unique(data.labels))
    low, high = binom.interval(CONFIDENCE, n, share)
    return Estimate(share, float(low / n), float(high / n), n)


def _majority(data: BaselineData) -> Predictions:
    """Always the most common class of the training split."""
    most_common = np.bincount(data.labels[data.rows("train")]).argmax()
    return np.full(len(data.rows("test")), most_common)


def _histogram_neighbours(data: BaselineData) -> Predictions:
    """Ten nearest neighbours by colour histogram, exact, cosine distance (rows have length 1)."""
    from sklearn.neighbors import KNeighborsClassifier

    train, test = data.rows("train"), data.rows("test")
    neighbours = KNeighborsClassifier(NEIGHBOURS, algorithm="brute")
    neighbours.fit(data.histograms[train], data.labels[train])
    return np.asarray(neighbours.predict(data.histograms[test]))


def _boosted_histograms(data: BaselineData) -> Predictions | NotRun:
    """Boosted trees on the same histograms, as the Bandcamp study had them.

    With 64 bins and a quarter of the columns for each tree it is four times as fast as with
    XGBoost's defaults, at equal accuracy.
    """
    if importlib.util.find_spec("xgboost") is None:
        return NotRun("xgboost is not installed; expected the package xgboost-cpu")
    from xgboost import XGBClassifier  # type: ignore[import-not-found,unused-ignore]

    train, test = data.rows("train"), data.rows("test")
    # It wants classes 0..k-1 without a gap, which a small training split may have.
    classes, numbers = np.unique(data.labels[train], return_inverse=True)
    # One thread: two that share busy cores wait for each other by spinning, 18 times as long.
    trees = XGBClassifier(
        tree_method="hist", max_bin=64, colsample_bytree=0.25, random_state=0, n_jobs=1
    )
    trees.fit(data.histograms[train], numbers)
    return np.asarray(classes[trees.predict(data.histograms[test])])


def _linear_probe(data: BaselineData) -> Predictions | NotRun:
    """Logistic regression on the frozen features; its strength is chosen on validation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, labels = data.features, data.labels
    if features is None:
        return NotRun("there are no features of a frozen backbone")
    train, validation = data.rows("train"), data.rows("validation")
    probes = [
        make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500)).fit(
            features[train], labels[train]
        )
        for strength in PROBE_STRENGTHS
    ]
    best = max(probes, key=lambda probe: probe.score(features[validation], labels[validation]))
    return np.asarray(best.predict(features[data.rows("test")]))


BASELINES: Final[Mapping[str, Baseline]] = MappingProxyType(
    {
        "chance": _chance,
        "majority": _scored(_majority),
        "histogram_neighbours": _scored(_histogram_neighbours),
        "boosted_histograms": _scored(_boosted_histograms),
        "linear_probe": _scored(_linear_probe),
    }
)

"""What a model has to beat, each on the same split. A baseline is one row of BASELINES."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.evaluation.intervals import (
    CONFIDENCE,
    Estimate,
    FloatArray,
    bootstrap_by_group,
    paired_difference,
    wilson_by_group,
)
from albumart.evaluation.multi_metrics import MULTI_METRICS, estimate_multi_metric
from albumart.evaluation.multi_scores import MultiScores
from albumart.features.hsv import hsv_histograms

NEIGHBOURS: Final = 10
MOST_BOOSTED: Final = 20  # labels, each with its own hundred trees
RANKED_BY: Final = "micro_pr_auc"
PROBE_STRENGTHS: Final = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


@dataclass(frozen=True, eq=False)
class BaselineData:
    """One dataset as the baselines see it; the arrays' rows are the manifest's.

    Attributes:
        pixels: ``(n, s, s, 3) uint8 RGB``.
        truth: ``(n, k) bool`` which classes a cover is of.
        splits: ``(n,)`` of ``train``, ``validation`` and ``test``.
        groups: ``(n,)`` group of each row, by which intervals are drawn.
        features: ``(n, d) float32`` of a frozen backbone, or None.
        several: whether a cover may be of several classes.
        others: ``(n_test, k)`` scores that others give, by name; they stand behind the rows.
    """

    pixels: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    splits: NDArray[np.str_]
    groups: NDArray[np.str_]
    features: NDArray[np.float32] | None
    several: bool = False
    others: Mapping[str, FloatArray] = field(default_factory=dict)

    def rows(self, split: str) -> NDArray[np.intp]:
        """Row numbers of ``split``."""
        return np.flatnonzero(self.splits == split)

    @cached_property
    def labels(self) -> NDArray[np.intp]:
        """``(n,)`` class numbers, where a cover is of one class."""
        return np.asarray(self.truth.argmax(axis=1))

    @cached_property
    def histograms(self) -> NDArray[np.float32]:
        """``(n, 512)`` colour histograms."""
        return hsv_histograms(self.pixels)


@dataclass(frozen=True, slots=True)
class NotRun:
    """A baseline that this dataset or this machine does not allow, and why."""

    reason: str


# Of what answers, ``(n_test, k)`` scores; a guess has a figure alone.
Baseline = Callable[[BaselineData], FloatArray | Estimate | NotRun]


@dataclass(frozen=True, slots=True)
class Baselines:
    """Accuracy on the test split; micro PR-AUC, where a cover may be of several classes.

    Attributes:
        figures: by name, or why there is none.
        gains: the model's figure minus the baseline's, paired on the same rows, of those that
            answer.
    """

    figures: dict[str, Estimate | NotRun]
    gains: dict[str, Estimate]


def run_baselines(data: BaselineData, answers: NDArray[np.floating]) -> Baselines:
    """Every row of BASELINES, and others, beside a model's ``(n_test, k)`` answers."""
    found: dict[str, FloatArray | Estimate | NotRun] = {
        name: baseline(data) for name, baseline in BASELINES.items()
    }
    found |= data.others
    told = {name: one for name, one in found.items() if isinstance(one, np.ndarray)}
    guessed = {name: one for name, one in found.items() if not isinstance(one, np.ndarray)}
    figures = guessed | {name: _figure(data, one) for name, one in told.items()}
    return Baselines(
        figures={name: figures[name] for name in found},
        gains={name: _gain(data, answers, one) for name, one in told.items()},
    )


def _figure(data: BaselineData, answers: FloatArray) -> Estimate:
    rows = data.rows("test")
    if data.several:
        scores = MultiScores(data.truth[rows], answers)
        return estimate_multi_metric(MULTI_METRICS[RANKED_BY], scores, data.groups[rows])
    return wilson_by_group(_hits(data, answers), data.groups[rows])


def _gain(data: BaselineData, mine: NDArray[np.floating], theirs: FloatArray) -> Estimate:
    rows = data.rows("test")
    if not data.several:
        return paired_difference(_hits(data, mine), _hits(data, theirs), data.groups[rows])
    statistics = [
        MULTI_METRICS[RANKED_BY].prepare(MultiScores(data.truth[rows], np.asarray(each, float)))
        for each in (mine, theirs)
    ]
    return bootstrap_by_group(
        lambda weights: statistics[0](weights) - statistics[1](weights),
        data.groups[rows],
        centred=True,
    )


def _hits(data: BaselineData, answers: NDArray[np.floating]) -> NDArray[np.bool_]:
    return np.asarray(answers.argmax(axis=1) == data.labels[data.rows("test")])


def _chance(data: BaselineData) -> FloatArray | Estimate:
    """A class at random, all alike: 1 of k; the interval is what such guesses get on n covers.

    Of several labels, all are said alike, which ranks none before another.
    """
    from scipy.stats import binom

    if data.several:
        return np.full((len(data.rows("test")), data.truth.shape[1]), 0.5)
    n, share = len(data.rows("test")), 1 / data.truth.any(axis=0).sum()
    low, high = binom.interval(CONFIDENCE, n, share)
    return Estimate(float(share), float(low / n), float(high / n), n)


def _majority(data: BaselineData) -> FloatArray:
    """Whatever the cover, each class is as probable as it is common in training."""
    shares = data.truth[data.rows("train")].mean(axis=0)
    return np.tile(shares, (len(data.rows("test")), 1))


def _histogram_neighbours(data: BaselineData) -> FloatArray:
    """Ten nearest neighbours by colour histogram, exact, cosine distance (rows have length 1)."""
    from sklearn.neighbors import NearestNeighbors

    train, test = data.rows("train"), data.rows("test")
    neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute")
    neighbours.fit(data.histograms[train])
    near = neighbours.kneighbors(data.histograms[test], return_distance=False)
    return np.asarray(data.truth[train][near].mean(axis=1))


def _boosted_histograms(data: BaselineData) -> FloatArray | NotRun:
    """Boosted trees on the same histograms, as the Bandcamp study had them.

    With 64 bins and a quarter of the columns for each tree it is four times as fast as with
    XGBoost's defaults, at equal accuracy. Of several labels, each has trees of its own.
    """
    if data.several and data.truth.shape[1] > MOST_BOOSTED:
        return NotRun(f"boosted trees for more than {MOST_BOOSTED} labels take hours")
    if importlib.util.find_spec("xgboost") is None:
        return NotRun("xgboost is not installed; expected the package xgboost-cpu")
    from xgboost import XGBClassifier  # type: ignore[import-not-found,unused-ignore]

    train, test = data.rows("train"), data.rows("test")
    # One thread: two that share busy cores wait for each other by spinning, 18 times as long.
    trees = XGBClassifier(
        tree_method="hist", max_bin=64, colsample_bytree=0.25, random_state=0, n_jobs=1
    )
    if data.several:
        trees.fit(data.histograms[train], data.truth[train].astype(np.int64))
        return np.asarray(trees.predict_proba(data.histograms[test]), dtype=np.float64)
    # It wants classes 0..k-1 without a gap, which a small training split may have.
    classes, numbers = np.unique(data.labels[train], return_inverse=True)
    trees.fit(data.histograms[train], numbers)
    return _at_classes(trees.predict_proba(data.histograms[test]), classes, data)


def _linear_probe(data: BaselineData) -> FloatArray | NotRun:
    """A linear model on the frozen features; its strength is chosen on validation."""
    if data.features is None:
        return NotRun("there are no features of a frozen backbone")
    probe = _ridge_probe if data.several else _logistic_probe
    return probe(data, data.features)


def _logistic_probe(data: BaselineData, features: NDArray[np.float32]) -> FloatArray:
    """Logistic regression: one class of several."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, validation, labels = data.rows("train"), data.rows("validation"), data.labels
    probes = [
        make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500)).fit(
            features[train], labels[train]
        )
        for strength in PROBE_STRENGTHS
    ]
    best = max(probes, key=lambda probe: probe.score(features[validation], labels[validation]))
    return _at_classes(best.predict_proba(features[data.rows("test")]), best.classes_, data)


def _ridge_probe(data: BaselineData, features: NDArray[np.float32]) -> FloatArray:
    """Ridge regression to all labels at once, whose answers rank the labels."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, validation = data.rows("train"), data.rows("validation")
    truth = data.truth.astype(np.float64)
    probes = [
        make_pipeline(StandardScaler(), Ridge(alpha=1 / strength)).fit(
            features[train], truth[train]
        )
        for strength in PROBE_STRENGTHS
    ]
    best = max(
        probes,
        key=lambda probe: _micro_precision(
            data.truth[validation], probe.predict(features[validation])
        ),
    )
    return np.asarray(best.predict(features[data.rows("test")]), dtype=np.float64)


def _micro_precision(truth: NDArray[np.bool_], answers: FloatArray) -> float:
    statistic = MULTI_METRICS[RANKED_BY].prepare(MultiScores(truth, answers))
    return float(statistic(np.ones((1, len(truth))))[0])


def _at_classes(answers: FloatArray, classes: NDArray[np.intp], data: BaselineData) -> FloatArray:
    """``(n, classes met in training)`` → ``(n, k)``; what was not met gets 0."""
    everywhere = np.zeros((len(answers), data.truth.shape[1]))
    everywhere[:, classes] = answers
    return everywhere


BASELINES: Final[Mapping[str, Baseline]] = MappingProxyType(
    {
        "chance": _chance,
        "majority": _majority,
        "histogram_neighbours": _histogram_neighbours,
        "boosted_histograms": _boosted_histograms,
        "linear_probe": _linear_probe,
    }
)

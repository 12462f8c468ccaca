"""Baselines: each row of the table on a task it can and one it cannot solve."""

import sys

import numpy as np
import pytest

from albumart.evaluation.baselines import (
    BASELINES,
    BaselineData,
    NotRun,
    run_baselines,
)
from albumart.evaluation.intervals import Estimate
from albumart.features.hsv import hsv_histograms


def estimate(data: BaselineData, name: str) -> Estimate:
    outcome = run_baselines(data)[name]
    assert isinstance(outcome, Estimate)
    return outcome


def coloured(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Covers whose hue tells their class."""
    noise = np.random.default_rng(seed).integers(0, 40, (len(labels), 8, 8, 3), dtype=np.uint8)
    pixels = noise.copy()
    for number, label in enumerate(labels):
        pixels[number, ..., int(label)] += 200
    return pixels


@pytest.fixture
def data() -> BaselineData:
    labels = np.array([0] * 50 + [1] * 30 + [2] * 20)
    splits = np.array((["train"] * 7 + ["validation"] + ["test"] * 2) * 10)
    features = np.eye(3, dtype=np.float32)[labels] + 0.01
    return BaselineData(coloured(labels), labels, splits, features)


def test_every_baseline_gives_an_interval_or_a_reason(data: BaselineData) -> None:
    outcomes = run_baselines(data)
    assert list(outcomes) == list(BASELINES)
    found = [one for one in outcomes.values() if isinstance(one, Estimate)]
    assert len(found) == len(BASELINES)
    assert all(0 <= e.low <= e.value <= e.high <= 1 and e.n == 20 for e in found)


def test_chance_is_one_of_the_classes(data: BaselineData) -> None:
    chance = estimate(data, "chance")
    # Of 20 guesses at 1 in 3, from 3 to 11 are right in 95 cases of 100 (binomial distribution).
    assert (chance.value, chance.low, chance.high) == pytest.approx((1 / 3, 3 / 20, 11 / 20))


def test_majority_answers_the_training_splits_commonest_class(data: BaselineData) -> None:
    assert estimate(data, "majority").value == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["histogram_neighbours", "linear_probe"])
def test_what_can_be_told_is_told(data: BaselineData, name: str) -> None:
    assert estimate(data, name).value == 1


def test_without_frozen_features_there_is_no_probe(data: BaselineData) -> None:
    bare = BaselineData(data.pixels, data.labels, data.splits, None)
    assert run_baselines(bare)["linear_probe"] == NotRun(
        "there are no features of a frozen backbone"
    )


def test_histograms_are_counted_once(data: BaselineData) -> None:
    assert data.histograms is data.histograms
    assert data.histograms == pytest.approx(hsv_histograms(data.pixels))


def test_without_xgboost_the_row_says_so(
    data: BaselineData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    outcome = run_baselines(data)["boosted_histograms"]
    assert isinstance(outcome, NotRun)
    assert "xgboost is not installed" in outcome.reason


def test_boosted_trees_tell_what_can_be_told_and_again_the_same(data: BaselineData) -> None:
    first, again = (estimate(data, "boosted_histograms") for _ in range(2))
    assert first.value == 1
    assert first == again


def test_boosted_trees_survive_a_class_without_training_rows(data: BaselineData) -> None:
    splits = data.splits.copy()
    splits[(data.labels == 1) & (splits == "train")] = "validation"
    gap = BaselineData(data.pixels, data.labels, splits, None)
    assert estimate(gap, "boosted_histograms").value == pytest.approx(0.7)  # all but class 1

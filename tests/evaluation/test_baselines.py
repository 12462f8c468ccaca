"""Baselines: each row of the table on a task it can and one it cannot solve."""

import importlib.util

import numpy as np
import pytest

from albumart.evaluation.baselines import (
    BASELINES,
    BaselineData,
    NotRun,
    evaluate_baselines,
    run_baselines,
)
from albumart.evaluation.intervals import Estimate
from albumart.features.hsv import hsv_histograms

BOOSTED = importlib.util.find_spec("xgboost") is not None


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
    found = evaluate_baselines(data)
    assert found == {n: one for n, one in outcomes.items() if isinstance(one, Estimate)}
    assert all(0 <= e.low <= e.value <= e.high <= 1 and e.n == 20 for e in found.values())
    assert set(outcomes) - set(found) <= {"boosted_histograms"}


def test_chance_is_one_of_the_classes(data: BaselineData) -> None:
    chance = evaluate_baselines(data)["chance"]
    # Of 20 guesses at 1 in 3, from 3 to 11 are right in 95 cases of 100 (binomial distribution).
    assert (chance.value, chance.low, chance.high) == pytest.approx((1 / 3, 3 / 20, 11 / 20))


def test_majority_answers_the_training_splits_commonest_class(data: BaselineData) -> None:
    assert evaluate_baselines(data)["majority"].value == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["histogram_neighbours", "linear_probe"])
def test_what_can_be_told_is_told(data: BaselineData, name: str) -> None:
    assert evaluate_baselines(data)[name].value == 1


def test_without_frozen_features_there_is_no_probe(
    data: BaselineData, caplog: pytest.LogCaptureFixture
) -> None:
    bare = BaselineData(data.pixels, data.labels, data.splits, None)
    assert run_baselines(bare)["linear_probe"] == NotRun(
        "there are no features of a frozen backbone"
    )
    with caplog.at_level("INFO"):
        assert "linear_probe" not in evaluate_baselines(bare)
    assert "linear_probe was not run: there are no features" in caplog.text


def test_histograms_are_counted_once(data: BaselineData) -> None:
    assert data.histograms is data.histograms
    assert data.histograms == pytest.approx(hsv_histograms(data.pixels))


@pytest.mark.skipif(BOOSTED, reason="xgboost is installed: its absence cannot be tested")
def test_without_xgboost_the_row_says_so(data: BaselineData) -> None:
    outcome = run_baselines(data)["boosted_histograms"]
    assert isinstance(outcome, NotRun)
    assert "xgboost is not installed" in outcome.reason


@pytest.mark.skipif(not BOOSTED, reason="xgboost is not installed (extra: boost)")
def test_boosted_trees_tell_what_can_be_told_and_again_the_same(data: BaselineData) -> None:
    first, again = (run_baselines(data)["boosted_histograms"] for _ in range(2))
    assert isinstance(first, Estimate)
    assert first.value == 1
    assert first == again


@pytest.mark.skipif(not BOOSTED, reason="xgboost is not installed (extra: boost)")
def test_boosted_trees_survive_a_class_without_training_rows(data: BaselineData) -> None:
    splits = data.splits.copy()
    splits[(data.labels == 1) & (splits == "train")] = "validation"
    gap = BaselineData(data.pixels, data.labels, splits, None)
    outcome = run_baselines(gap)["boosted_histograms"]
    assert isinstance(outcome, Estimate)
    assert outcome.value == pytest.approx(0.7)  # all but class 1

"""Baselines: each row of the table on a task it can and one it cannot solve."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from albumart.evaluation.baselines import (
    BASELINES,
    BaselineData,
    NotRun,
    run_baselines,
)
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.multi_metrics import MULTI_METRICS, estimate_multi_metric
from albumart.evaluation.multi_scores import by_popularity, check_multi_scores, label_shares
from albumart.features.hsv import hsv_histograms


def figures(data: BaselineData) -> dict[str, Estimate | NotRun]:
    return run_baselines(data, data.truth[data.rows("test")].astype(float)).figures


def estimate(data: BaselineData, name: str) -> Estimate:
    outcome = figures(data)[name]
    assert isinstance(outcome, Estimate)
    return outcome


def coloured(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Covers whose hue tells their class."""
    noise = np.random.default_rng(seed).integers(0, 40, (len(labels), 8, 8, 3), dtype=np.uint8)
    pixels = noise.copy()
    for number, label in enumerate(labels):
        pixels[number, ..., int(label)] += 200
    return pixels


def made(labels: np.ndarray, splits: np.ndarray, features: np.ndarray | None) -> BaselineData:
    groups = np.array([f"group {number}" for number in range(len(labels))])
    truth = np.eye(3, dtype=bool)[labels]
    return BaselineData(coloured(labels), truth, splits, groups, features)


@pytest.fixture
def data() -> BaselineData:
    labels = np.array([0] * 50 + [1] * 30 + [2] * 20)
    splits = np.array((["train"] * 7 + ["validation"] + ["test"] * 2) * 10)
    features = np.eye(3, dtype=np.float32)[labels] + 0.01
    return made(labels, splits, features)


def test_every_baseline_gives_an_interval_or_a_reason(data: BaselineData) -> None:
    outcomes = figures(data)
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
    bare = made(data.labels, data.splits, None)
    assert figures(bare)["linear_probe"] == NotRun("there are no features of a frozen backbone")


def test_histograms_are_counted_once(data: BaselineData) -> None:
    assert data.histograms is data.histograms
    assert data.histograms == pytest.approx(hsv_histograms(data.pixels))


def test_without_xgboost_the_row_says_so(
    data: BaselineData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    outcome = figures(data)["boosted_histograms"]
    assert isinstance(outcome, NotRun)
    assert "xgboost is not installed" in outcome.reason


def test_boosted_trees_tell_what_can_be_told_and_again_the_same(data: BaselineData) -> None:
    first, again = (estimate(data, "boosted_histograms") for _ in range(2))
    assert first.value == 1
    assert first == again


def test_boosted_trees_survive_a_class_without_training_rows(data: BaselineData) -> None:
    splits = data.splits.copy()
    splits[(data.labels == 1) & (splits == "train")] = "validation"
    gap = made(data.labels, splits, None)
    assert estimate(gap, "boosted_histograms").value == pytest.approx(0.7)  # all but class 1


@pytest.fixture
def several(data: BaselineData) -> BaselineData:
    """Covers whose hue tells their first class; the second is one of the others by lot."""
    rng = np.random.default_rng(5)
    truth = data.truth.copy()
    truth[np.arange(100), (data.labels + rng.integers(1, 3, 100)) % 3] |= rng.random(100) < 0.3
    return replace(data, truth=truth, several=True)


def test_of_several_labels_each_row_is_judged_by_its_ranking(several: BaselineData) -> None:
    outcomes = figures(replace(several, features=data_features(several)))
    found = {name: one.value for name, one in outcomes.items() if isinstance(one, Estimate)}
    assert list(found) == list(BASELINES)
    # Who says all labels alike is right as often as a label is there.
    assert found["chance"] == pytest.approx(several.truth[several.rows("test")].mean())
    seeing = ("histogram_neighbours", "boosted_histograms", "linear_probe")
    assert found["chance"] < found["majority"] < min(found[name] for name in seeing)


def test_boosted_trees_for_many_labels_are_not_waited_for(several: BaselineData) -> None:
    many = replace(several, truth=np.tile(several.truth, 7))
    outcome = BASELINES["boosted_histograms"](many)
    assert outcome == NotRun("boosted trees for more than 20 labels take hours")


def data_features(data: BaselineData) -> np.ndarray:
    noise = np.random.default_rng(6).normal(0, 0.3, (len(data.splits), 3))
    return (data.truth + noise).astype(np.float32)


def test_knowing_the_shares_is_the_popularity_baseline(several: BaselineData) -> None:
    test, train = several.rows("test"), several.rows("train")
    scores = check_multi_scores(several.truth[test], np.full((len(test), 3), 0.5))
    known = by_popularity(scores, label_shares(several.truth[train]))
    metric = MULTI_METRICS["micro_pr_auc"]
    expected = estimate_multi_metric(metric, known, several.groups[test])
    assert figures(several)["majority"] == expected


def test_the_gain_over_a_baseline_is_paired(data: BaselineData, several: BaselineData) -> None:
    """Whoever knows the truth gains what the baseline misses, and nothing over one who knows it."""
    for each in (data, several):
        found = run_baselines(each, each.truth[each.rows("test")].astype(float))
        majority = found.figures["majority"]
        assert isinstance(majority, Estimate)
        assert found.gains["majority"].value == pytest.approx(1 - majority.value)
        assert found.gains["majority"].low > 0
        assert ("chance" in found.gains) is each.several
    assert run_baselines(data, data.truth[data.rows("test")]).gains["linear_probe"].value == 0

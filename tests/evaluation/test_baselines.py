"""Baselines: each row of the table on a task it can and one it cannot solve."""

import numpy as np
import pytest

from albumart.evaluation.baselines import BASELINES, BaselineData, evaluate_baselines


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


def test_every_baseline_gives_an_interval(data: BaselineData) -> None:
    found = evaluate_baselines(data)
    assert list(found) == list(BASELINES)
    assert all(0 <= e.low <= e.value <= e.high <= 1 and e.n == 20 for e in found.values())


def test_majority_answers_the_training_splits_commonest_class(data: BaselineData) -> None:
    assert evaluate_baselines(data)["majority"].value == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["histogram_neighbours", "linear_probe"])
def test_what_can_be_told_is_told(data: BaselineData, name: str) -> None:
    assert evaluate_baselines(data)[name].value == 1


def test_without_frozen_features_there_is_no_probe(data: BaselineData) -> None:
    found = evaluate_baselines(BaselineData(data.pixels, data.labels, data.splits, None))
    assert "linear_probe" not in found

"""Trials: what other seeds and another split say, summed up."""

import math

import numpy as np
import pytest

from albumart.evaluation.intervals import wilson
from albumart.evaluation.scores import Scores, check_scores
from albumart.evaluation.trials import (
    Trials,
    estimate_crossed,
    estimate_leakage,
    summarize_scores,
)


def scored(right: list[int]) -> Scores:
    """Two classes, the truth is always the first; 1 is a right answer."""
    sure = np.where(right, 0.9, 0.1)
    return check_scores(np.zeros(len(right), dtype=int), np.column_stack([sure, 1 - sure]))


def names(n: int) -> list[str]:
    return [f"group {number}" for number in range(n)]


def test_seeds_are_summed_up_for_each_metric() -> None:
    found = summarize_scores([scored([1, 1, 1, 0]), scored([1, 0, 1, 0])], names(4))
    assert found["accuracy"].values == (0.75, 0.5)
    assert found["accuracy"].mean == 0.625
    assert found["accuracy"].spread == pytest.approx(0.25 / math.sqrt(2))
    assert {"macro_f1", "log_loss", "ece"} <= set(found)


def test_leakage_is_the_difference_of_the_means_over_seeds() -> None:
    random = [scored([1] * 80 + [0] * 20), scored([1] * 60 + [0] * 40)]
    grouped = [scored([1] * 50 + [0] * 50), scored([1] * 40 + [0] * 60)]
    found = estimate_leakage(
        random, grouped, random_groups=names(100), grouped_groups=[f"b{i}" for i in range(100)]
    )
    assert found.value == pytest.approx(0.70 - 0.45)
    assert 0.1 < found.low < found.value < found.high < 0.4
    assert found.n == 200


def test_the_same_answers_on_the_same_rows_leak_nothing() -> None:
    one = [scored([1, 0] * 30)]
    found = estimate_leakage(one, one, random_groups=names(60), grouped_groups=names(60))
    assert found.value == 0
    assert found.low <= 0 <= found.high


def test_a_group_of_many_rows_widens_the_interval() -> None:
    hits, other = [scored([1] * 50 + [0] * 50)], [scored([1, 0] * 50)]
    alone = estimate_leakage(hits, other, random_groups=names(100), grouped_groups=names(100))
    tens = [f"group {i // 10}" for i in range(100)]
    whole = estimate_leakage(hits, other, random_groups=tens, grouped_groups=tens)
    assert whole.high - whole.low > alone.high - alone.low


def test_the_leakage_interval_covers_at_the_stated_rate() -> None:
    """True accuracies 0.6 and 0.5 on rows in groups of two that answer alike."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        sides = [np.repeat(rng.random(60) < rate, 2).astype(int).tolist() for rate in (0.6, 0.5)]
        found = estimate_leakage(
            [scored(sides[0])],
            [scored(sides[1])],
            random_groups=np.repeat(names(60), 2),
            grouped_groups=np.repeat([f"b{i}" for i in range(60)], 2),
        )
        covered += found.low <= 0.1 <= found.high
    assert covered >= 182  # of 200 at 95 %: fewer would be seen once in 170 such tests


def test_folds_give_one_accuracy_over_all_rows() -> None:
    found = estimate_crossed(scored([1] * 60 + [0] * 40), names(100))
    assert found.value == pytest.approx(0.6)
    assert found.low == pytest.approx(wilson(60, 100).low, abs=0.02)


def test_trials_are_written_and_read() -> None:
    one = summarize_scores([scored([1, 0, 1])], names(3))
    leakage = estimate_leakage(
        [scored([1, 0])], [scored([1, 1])], random_groups=names(2), grouped_groups=names(2)
    )
    trials = Trials((0,), one, one, leakage, folds=0, crossed=None)
    assert Trials.from_dict(trials.to_dict()) == trials

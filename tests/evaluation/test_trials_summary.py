"""Trials: what other seeds and another split say, summed up."""

import math

import numpy as np
import pytest

from albumart.evaluation.heads import HeadAnswers, compare_heads
from albumart.evaluation.intervals import FloatArray, Statistic
from albumart.evaluation.metrics import estimate_metrics
from albumart.evaluation.scores import Scores, check_scores
from albumart.evaluation.trials import Side, Trials, estimate_leakage, summarize_figures


def scored(right: list[int]) -> Scores:
    """Two classes, the truth is always the first; 1 is a right answer."""
    sure = np.where(right, 0.9, 0.1)
    return check_scores(np.zeros(len(right), dtype=int), np.column_stack([sure, 1 - sure]))


def accuracy(right: list[int]) -> Statistic:
    hits = np.array(right, dtype=float)

    def of_drawn(weights: FloatArray) -> FloatArray:
        return np.asarray(weights @ hits / np.maximum(weights.sum(axis=1), 1))

    return of_drawn


def side(*answers: list[int], groups: list[str]) -> Side:
    return Side([accuracy(right) for right in answers], groups)


def names(n: int) -> list[str]:
    return [f"group {number}" for number in range(n)]


def test_seeds_are_summed_up_for_each_metric() -> None:
    by_seed = [estimate_metrics(scored(right), names(4)) for right in ([1, 1, 1, 0], [1, 0, 1, 0])]
    found = summarize_figures(by_seed)
    assert found["accuracy"].values == (0.75, 0.5)
    assert found["accuracy"].mean == 0.625
    assert found["accuracy"].spread == pytest.approx(0.25 / math.sqrt(2))
    assert {"macro_f1", "log_loss", "ece"} <= set(found)


def test_leakage_is_the_difference_of_the_means_over_seeds() -> None:
    random = side([1] * 80 + [0] * 20, [1] * 60 + [0] * 40, groups=names(100))
    others = [f"b{number}" for number in range(100)]
    grouped = side([1] * 50 + [0] * 50, [1] * 40 + [0] * 60, groups=others)
    found = estimate_leakage(random, grouped)
    assert found.value == pytest.approx(0.70 - 0.45)
    assert 0.1 < found.low < found.value < found.high < 0.4
    assert found.n == 200


def test_the_same_answers_on_the_same_rows_leak_nothing() -> None:
    one = side([1, 0] * 30, groups=names(60))
    found = estimate_leakage(one, one)
    assert found.value == 0
    assert found.low <= 0 <= found.high


def test_a_group_of_many_rows_widens_the_interval() -> None:
    tens = [f"group {number // 10}" for number in range(100)]
    widths = []
    for groups in (names(100), tens):
        random = side([1] * 50 + [0] * 50, groups=groups)
        found = estimate_leakage(random, side([1, 0] * 50, groups=groups))
        widths.append(found.high - found.low)
    assert widths[1] > widths[0]


def test_the_leakage_interval_covers_at_the_stated_rate() -> None:
    """True accuracies 0.6 and 0.5 on rows in groups of two that answer alike."""
    rng = np.random.default_rng(7)
    groups = [[f"{name}{number // 2}" for number in range(120)] for name in "ab"]
    covered = 0
    for _ in range(200):
        sides = [
            side(np.repeat(rng.random(60) < rate, 2).astype(int).tolist(), groups=names_of)
            for rate, names_of in zip((0.6, 0.5), groups, strict=True)
        ]
        found = estimate_leakage(*sides)
        covered += found.low <= 0.1 <= found.high
    assert covered >= 182  # of 200 at 95 %: fewer would be seen once in 170 such tests


HITS = {"own": [1, 0, 1], "other": [1, 1, 0]}


def test_trials_are_written_and_read() -> None:
    figures = estimate_metrics(scored([1, 0, 1]), names(3))
    one = summarize_figures([figures])
    leakage = estimate_leakage(side([1, 0], groups=names(2)), side([1, 1], groups=names(2)))
    heads = [HeadAnswers(title, scored(hits)) for title, hits in HITS.items()]
    compared = compare_heads(heads, names(3))
    trials = Trials((0,), one, one, leakage, folds=0, crossed=None, compared=compared)
    assert Trials.from_dict(trials.to_dict()) == trials

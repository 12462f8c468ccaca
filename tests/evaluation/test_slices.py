"""Each slice has its own number, or is said to be too small for one."""

import numpy as np
import pytest

from albumart.evaluation.intervals import wilson
from albumart.evaluation.metrics import METRICS, estimate_metric
from albumart.evaluation.multi_metrics import MULTI_METRICS, estimate_multi_metric
from albumart.evaluation.multi_scores import check_multi_scores
from albumart.evaluation.scores import check_scores
from albumart.evaluation.slices import (
    LEAST_GROUPS,
    LEAST_ROWS,
    decade_of,
    duplicate_free,
    evaluate_slices,
    is_monochrome,
    size_class,
)


def made_scores(n=100):
    """Right for the first 60 rows, wrong after."""
    return check_scores(
        np.zeros(n, dtype=int), np.where(np.arange(n)[:, None] < 60, (0.9, 0.1), (0.2, 0.8))
    )


def test_slices_by_hand():
    sources = ["bandcamp"] * 60 + ["itunes"] * 40
    decades = ["1990s"] * 10 + ["2000s"] * 45 + ["1980s"] * 45
    got = evaluate_slices(made_scores(), range(100), {"source": sources, "decade": decades})
    assert [(one.column, one.name, one.n) for one in got] == [
        ("source", "bandcamp", 60),
        ("source", "itunes", 40),
        ("decade", "1980s", 45),
        ("decade", "2000s", 45),
        ("decade", "1990s", 10),
    ]
    assert [one.estimate for one in got] == [
        wilson(60, 60),
        wilson(0, 40),
        wilson(5, 45),
        wilson(45, 45),
        None,
    ]


@pytest.mark.parametrize(
    ("rows", "groups", "is_told"),
    [
        (LEAST_ROWS, LEAST_GROUPS, True),
        (LEAST_ROWS - 1, LEAST_GROUPS, False),
        (LEAST_ROWS, LEAST_GROUPS - 1, False),
    ],
)
def test_too_few_rows_or_groups_get_no_number(rows, groups, is_told):
    column = ["few"] * rows + ["rest"] * (100 - rows)
    (few,) = [
        one
        for one in evaluate_slices(made_scores(), np.arange(100) % groups, {"which": column})
        if one.name == "few"
    ]
    assert (few.estimate is not None) is is_told
    assert few.n == rows


def test_another_metric():
    scores, groups = made_scores(), np.arange(100) // 2
    (whole,) = evaluate_slices(scores, groups, {"all": ["yes"] * 100}, metric="brier")
    assert whole.estimate == estimate_metric(METRICS["brier"], scores, groups)


@pytest.mark.parametrize("metric", [None, "macro_roc_auc"])
def test_labels_are_sliced_too(metric):
    rng = np.random.default_rng(0)
    truth = rng.random((80, 3)) < 0.4
    scores = check_multi_scores(truth, rng.random((80, 3)) / 2 + truth / 3)
    column = ["old"] * 50 + ["new"] * 30
    old, new = evaluate_slices(scores, range(80), {"age": column}, metric=metric)
    row = MULTI_METRICS[metric or "micro_pr_auc"]
    assert old.estimate == estimate_multi_metric(row, scores.take(np.arange(50)), range(50))
    assert (new.name, new.n) == ("new", 30)


@pytest.mark.parametrize(
    ("groups", "columns", "said"),
    [(99, {}, "groups: .*100 rows; got 99"), (100, {"decade": ["1990s"]}, "decade: .*got 1")],
)
def test_lengths_must_fit(groups, columns, said):
    with pytest.raises(ValueError, match=said):
        evaluate_slices(made_scores(), range(groups), columns)


@pytest.mark.parametrize(
    ("year", "decade"),
    [(1990, "1990s"), (1999, "1990s"), (2000, "2000s"), (None, "unknown"), (0, "unknown")],
)
def test_decade_of(year, decade):
    assert decade_of(year) == decade


@pytest.mark.parametrize(
    ("width", "height", "name"),
    [
        (299, 900, "< 300 px"),
        (300, 300, "300–599 px"),
        (700, 600, "600–999 px"),
        (1000, 1000, "1000 px and more"),
        (3000, 999, "600–999 px"),
    ],
)
def test_size_class_is_of_the_shorter_side(width, height, name):
    assert size_class(width, height) == name


def test_is_monochrome():
    grey = np.repeat(np.random.default_rng(0).integers(0, 255, (20, 20, 1)), 3, axis=2)
    noisy = grey + np.random.default_rng(1).integers(0, 8, (20, 20, 3))
    speck, patch, sepia = noisy.copy(), noisy.copy(), noisy.copy()
    speck[0, :4] = (255, 0, 0)  # 4 of 400
    patch[0, :5] = (255, 0, 0)
    sepia[...] = (112, 66, 20)
    pixels = np.clip(np.stack([grey, noisy, speck, patch, sepia]), 0, 255).astype(np.uint8)
    assert is_monochrome(pixels).tolist() == [True, True, True, False, False]


def test_is_monochrome_of_many_and_of_none():
    pixels = np.zeros((150, 4, 4, 3), np.uint8)
    pixels[::3] = (200, 10, 10)
    assert is_monochrome(pixels).tolist() == [number % 3 != 0 for number in range(150)]
    assert is_monochrome(pixels[:0]).tolist() == []


def test_duplicate_free():
    assert duplicate_free(["a", "b", "a"]) == ("has a duplicate", "no duplicate", "has a duplicate")

"""Mean and spread by hand."""

import math

import pytest

from albumart.evaluation.intervals import Estimate, wilson
from albumart.evaluation.seeds import summarize_seeds


def test_three_seeds_by_hand():
    got = summarize_seeds([wilson(30, 100), wilson(36, 100), wilson(33, 100)])
    assert got.values == (0.30, 0.36, 0.33)
    assert got.mean == pytest.approx(0.33)
    assert got.spread == pytest.approx(0.03)
    assert (got.low, got.high) == (wilson(30, 100).low, wilson(36, 100).high)
    assert got.n == 100


def test_one_seed_has_no_spread():
    got = summarize_seeds([wilson(1, 2)])
    assert got.mean == 0.5
    assert math.isnan(got.spread)


def test_a_seed_without_a_value_is_not_hidden():
    got = summarize_seeds([wilson(1, 2), Estimate(math.nan, math.nan, math.nan, 2)])
    assert all(math.isnan(number) for number in (got.mean, got.spread, got.low, got.high))


@pytest.mark.parametrize("estimates", [[], [wilson(1, 2), wilson(1, 3)]])
def test_other_rows_are_refused(estimates):
    with pytest.raises(ValueError, match="on the same rows"):
        summarize_seeds(estimates)

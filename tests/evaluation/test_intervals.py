"""Wilson by hand, the bootstrap by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.evaluation import intervals
from albumart.evaluation.intervals import (
    Estimate,
    bootstrap_by_group,
    paired_difference,
    wilson,
    wilson_by_group,
)


def mean_of(values):
    return lambda weights: weights @ values / weights.sum(axis=1)


def test_wilson_by_hand():
    # centre = (p + z²/2n) / (1 + z²/n), half = z/(1 + z²/n) · √(p(1-p)/n + z²/4n²); p = .2, n = 50
    z, p, n = 1.959963984540054, 0.2, 50
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    got = wilson(10, 50)
    assert (got.value, got.n) == (0.2, 50)
    assert got.low == pytest.approx(centre - half, abs=1e-12)
    assert got.high == pytest.approx(centre + half, abs=1e-12)
    assert round(got.low, 3) == 0.112
    assert round(got.high, 3) == 0.330


def test_wilson_of_nothing_is_the_whole_range():
    got = wilson(0, 0)
    assert math.isnan(got.value)
    assert (got.low, got.high, got.n) == (0.0, 1.0, 0)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_its_value_and_stays_within_0_and_1(case):
    got = wilson(*case)
    assert 0 <= got.low <= got.value <= got.high <= 1
    assert got.low < got.high


def test_estimate_to_dict_has_no_nan():
    assert Estimate(math.nan, 0.0, 1.0, 0).to_dict() == {
        "value": None,
        "low": 0.0,
        "high": 1.0,
        "n": 0,
    }


def grouped_sample(rng, groups=60):
    """Answers of 1–6 rows a group that all share their group's luck; true accuracy 0.5."""
    sizes = rng.integers(1, 7, groups)
    names = np.repeat(np.arange(groups), sizes)
    return (rng.random(groups) < 0.5)[names].astype(float), names


def coverage(*, by_group):
    rng = np.random.default_rng(7)
    held = 0
    for seed in range(200):
        values, names = grouped_sample(rng)
        groups = names if by_group else np.arange(len(names))
        got = bootstrap_by_group(mean_of(values), groups, resamples=300, seed=seed)
        held += got.low <= 0.5 <= got.high
    return held / 200


def test_interval_by_group_covers_at_its_rate():
    assert 0.90 <= coverage(by_group=True) <= 0.99


def test_interval_by_row_would_promise_too_much():
    assert coverage(by_group=False) < 0.85


def test_equal_seeds_give_equal_intervals_and_others_do_not():
    values, names = grouped_sample(np.random.default_rng(0))
    first, again, other = (
        bootstrap_by_group(mean_of(values), names, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)


def test_blocks_do_not_change_the_answer_much_and_cover_all_resamples(monkeypatch):
    values, names = grouped_sample(np.random.default_rng(0))
    seen = []
    monkeypatch.setattr(intervals, "BLOCK_CELLS", 7 * len(names))

    def statistic(weights):
        seen.append(len(weights))
        return mean_of(values)(weights)

    bootstrap_by_group(statistic, names, resamples=100)
    assert seen[0] == 1  # the sample itself
    assert sum(seen[1:]) == 100
    assert max(seen[1:]) == 7


def test_names_of_groups_do_not_matter():
    values, names = grouped_sample(np.random.default_rng(0))
    as_words = [f"g{name:03}" for name in names]
    statistic = mean_of(values)
    assert bootstrap_by_group(statistic, names) == bootstrap_by_group(statistic, as_words)


def test_one_group_says_nothing_about_others():
    got = bootstrap_by_group(mean_of(np.array([1.0, 0.0])), ["a", "a"])
    assert got.value == 0.5
    assert math.isnan(got.low)
    assert math.isnan(got.high)


def test_undefined_statistic_has_no_interval():
    got = bootstrap_by_group(lambda weights: np.full(len(weights), math.nan), ["a", "b"])
    assert math.isnan(got.value)
    assert math.isnan(got.low)


def test_resamples_without_a_value_are_left_out():
    values = np.array([1.0, 0.0, 1.0, 0.0])

    def undefined_where_row_0_is_missing(weights):
        return np.where(weights[:, 0] > 0, mean_of(values)(weights), math.nan)

    got = bootstrap_by_group(undefined_where_row_0_is_missing, range(4))
    assert got.low <= 0.5 <= got.high


def test_a_statistic_that_never_moves_has_an_interval_of_one_point():
    got = bootstrap_by_group(mean_of(np.ones(5)), range(5))
    assert (got.low, got.value, got.high) == (1.0, 1.0, 1.0)


def test_interval_is_widened_to_its_value_where_all_draws_miss_it():
    def far_off_unless_all_ones(weights):
        return np.where((weights == 1).all(axis=1), 5.0, weights[:, 0])

    got = bootstrap_by_group(far_off_unless_all_ones, range(50))
    assert got.high == 5.0


@pytest.mark.parametrize("groups", [[], [["a"]]])
def test_groups_of_another_shape_are_refused(groups):
    with pytest.raises(ValueError, match="one group for each"):
        bootstrap_by_group(mean_of(np.ones(1)), groups)


def test_paired_difference_is_narrower_than_two_separate_intervals():
    rng = np.random.default_rng(3)
    hard = rng.random(400)
    a, b = hard < 0.55, hard < 0.50  # b is right only where a is
    paired = paired_difference(a, b, range(400))
    apart = [bootstrap_by_group(mean_of(x.astype(float)), range(400)) for x in (a, b)]
    assert paired.value == pytest.approx(a.mean() - b.mean())
    assert 0 < paired.low < paired.value < paired.high
    assert paired.high - paired.low < max(x.high - x.low for x in apart)


def test_paired_difference_of_equals_is_nought():
    assert paired_difference([1, 0, 1], [1, 0, 1], list("abc")) == (Estimate(0.0, 0.0, 0.0, 3))


def test_paired_difference_wants_equal_lengths():
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        paired_difference([1, 0], [1, 0, 1], list("abc"))


def test_wilson_by_group_is_wilson_of_rows_that_stand_alone() -> None:
    hits = np.arange(50) % 3 == 0
    own = wilson(17, 50)
    assert wilson_by_group(hits, np.arange(50)) == own
    assert wilson_by_group([True, False] * 10, np.repeat(range(10), 2)) == wilson(10, 20)


@pytest.mark.parametrize("hits", [[True] * 30, [True] * 20 + [False] * 10])
def test_all_covers_of_one_artist_are_no_more_evidence_than_one(hits: list[bool]) -> None:
    got = wilson_by_group(hits, ["artist:a"] * 30)
    assert (got.value, got.n) == (sum(hits) / 30, 30)
    assert got.high - got.low > 0.7
    if all(hits):
        alone = wilson(1, 1)
        assert (got.low, got.high) == pytest.approx((alone.low, alone.high))


@pytest.mark.parametrize("share", [0.3, 0.0, 1.0])
def test_covers_that_are_told_twice_count_once(share: float) -> None:
    once = np.arange(200) < 200 * share
    twice = wilson_by_group(np.repeat(once, 2), np.repeat(np.arange(200), 2))
    alone = wilson(int(once.sum()), 200)
    assert (twice.value, twice.n) == (alone.value, 400)
    # By hand: the design effect is 2, but for the 200 / 199 of a variance that is estimated.
    assert [twice.low, twice.high] == pytest.approx([alone.low, alone.high], abs=3e-4)
    if share in (0, 1):
        assert [twice.low, twice.high] == pytest.approx([alone.low, alone.high], abs=1e-12)

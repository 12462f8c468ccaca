"""The lowest threshold that keeps its promise, by hand and by search."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.evaluation.intervals import wilson, wilson_by_group
from albumart.evaluation.not_sure import (
    LEAST_ANSWERS,
    choose_threshold,
    give_answers,
    measure_threshold,
)


def answers(confidences, hits):
    """Two classes; the first is said with this confidence, and is right where hits say so."""
    top = np.asarray(confidences, dtype=float)
    return np.column_stack([top, 1 - top]), np.where(hits, 0, 1)


def choose(shares, truth, wanted):
    """Each cover is a group of its own."""
    return choose_threshold(shares, truth, wanted, groups=range(len(truth)))


def measure(chosen, shares, truth):
    return measure_threshold(chosen, shares, truth, groups=range(len(truth)))


def test_by_hand():
    # 40 at .9, all right; 40 at .8, half right; 40 at .6, a quarter right.
    confidences = [0.9] * 40 + [0.8] * 40 + [0.6] * 40
    hits = [True] * 40 + [True, False] * 20 + [True, False, False, False] * 10
    shares, truth = answers(confidences, hits)
    got = choose(shares, truth, 0.75)
    assert got is not None
    assert (got.confidence, got.wanted_precision) == (0.8, 0.75)
    assert got.coverage == wilson(80, 120)
    assert got.precision == wilson(60, 80)
    everything = choose(shares, truth, 0.5)
    assert everything is not None
    assert (everything.confidence, everything.coverage.value) == (0.6, 1)
    best = choose(shares, truth, 1)
    assert best is not None
    assert (best.confidence, best.precision.value) == (0.9, 1)


@pytest.mark.parametrize("hundredths", range(30, 101))
def test_a_share_that_is_just_what_is_wanted_is_enough(hundredths):
    shares, truth = answers([0.9] * 100, np.arange(100) < hundredths)
    assert choose(shares, truth, hundredths / 100) is not None


def test_a_few_sure_answers_are_no_precision():
    shares, truth = answers([0.99] * 29 + [0.7] * 100, [True] * 29 + [False] * 100)
    assert choose(shares, truth, 0.9) is None


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.3, 1))
def test_no_lower_threshold_would_do(seed, wanted):
    rng = np.random.default_rng(seed)
    shares, truth = answers(rng.integers(50, 100, 90) / 100, rng.random(90) < 0.7)
    confidence, hit = shares.max(axis=1), shares.argmax(axis=1) == truth
    fits = [
        value
        for value in np.unique(confidence)
        if (chosen := confidence >= value).sum() >= LEAST_ANSWERS and hit[chosen].mean() >= wanted
    ]
    got = choose(shares, truth, wanted)
    assert (got.confidence if got else None) == (fits[0] if fits else None)


def test_another_split_has_its_own_coverage_and_precision():
    shares, truth = answers([0.9] * 40 + [0.6] * 40, [True] * 40 + [False] * 40)
    chosen = choose(shares, truth, 0.9)
    assert chosen is not None
    other = measure(chosen, *answers([0.95, 0.9, 0.89], [True, False, True]))
    assert (other.confidence, other.wanted_precision) == (0.9, 0.9)
    assert other.coverage == wilson(2, 3)
    assert other.precision == wilson(1, 2)
    nobody = measure(chosen, *answers([0.6], [True]))
    assert (nobody.coverage, nobody.precision) == (wilson(0, 1), wilson(0, 0))


def test_covers_of_one_group_are_no_more_evidence_than_one():
    once = answers([0.9] * 40 + [0.6] * 40, [True] * 30 + [False] * 10 + [True] * 40)
    shares, truth = (np.repeat(part, 3, axis=0) for part in once)
    groups = np.repeat(range(80), 3)
    chosen = choose_threshold(shares, truth, 0.7, groups=groups)
    assert chosen is not None
    thrice = measure_threshold(replace(chosen, confidence=0.9), shares, truth, groups=groups)
    single = measure(replace(chosen, confidence=0.9), *once)
    for name in ("coverage", "precision"):
        found, alone = getattr(thrice, name), getattr(single, name)
        assert (found.value, found.n) == (alone.value, 3 * alone.n)
        assert found.low == pytest.approx(alone.low, abs=0.01)
        assert found.low < wilson(round(found.value * found.n), found.n).low - 0.03
    assert thrice.coverage == wilson_by_group([True] * 120 + [False] * 120, groups)


def test_below_the_threshold_nothing_is_said():
    shares = [[0.7, 0.3], [0.45, 0.55], [0.2, 0.8]]
    assert give_answers(shares, ("jazz", "pop"), 0.7) == ("jazz", None, "pop")
    assert give_answers(shares, ("jazz", "pop")) == ("jazz", "pop", "pop")


@pytest.mark.parametrize("wanted", [0, -0.1, 1.1, float("nan")])
def test_impossible_precisions_are_refused(wanted):
    with pytest.raises(ValueError, match="above 0, at most 1"):
        choose([[0.9, 0.1]], [0], wanted)

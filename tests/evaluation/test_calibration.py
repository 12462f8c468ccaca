"""A known temperature is found again; bins add up."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.evaluation.calibration import (
    apply_temperature,
    bin_index,
    calibration_error,
    calibration_floor,
    fit_temperature,
    reliability_bins,
)


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def sure_of_itself(temperature, n=20_000, k=4, seed=0):
    """Labels drawn from the honest probabilities, and probabilities sharpened by temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, k)) * 1.5
    honest = softmax(logits)
    labels = (honest.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return softmax(logits * temperature), labels, honest


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_temperature_is_recovered(temperature):
    shares, labels, honest = sure_of_itself(temperature)
    found = fit_temperature(shares, labels)
    assert found == pytest.approx(temperature, rel=0.05)
    assert apply_temperature(shares, temperature) == pytest.approx(honest, abs=1e-9)


def test_temperature_mends_the_calibration_error():
    shares, labels, _ = sure_of_itself(3.0)
    mended = apply_temperature(shares, fit_temperature(shares, labels))

    def error(values):
        return calibration_error(values.max(axis=1), values.argmax(axis=1) == labels)

    assert error(shares) > 0.15
    assert error(mended) < 0.02


def test_probabilities_of_exactly_0_and_1_are_survived():
    shares = np.eye(3)[[0, 1, 2, 0]]
    found = fit_temperature(shares, [0, 1, 2, 1])
    assert found > 1
    assert np.isfinite(apply_temperature(shares, found)).all()


@given(st.floats(0.1, 10), st.integers(0, 1000))
def test_temperature_changes_no_rank_and_sums_to_1(temperature, seed):
    shares = softmax(np.random.default_rng(seed).normal(size=(5, 6)))
    warmed = apply_temperature(shares, temperature)
    assert (warmed.argsort(axis=1) == shares.argsort(axis=1)).all()
    assert warmed.sum(axis=1) == pytest.approx(np.ones(5))


@pytest.mark.parametrize("temperature", [0, -1, math.nan, math.inf])
def test_impossible_temperatures_are_refused(temperature):
    with pytest.raises(ValueError, match="above 0"):
        apply_temperature([[0.5, 0.5]], temperature)


def test_bins_are_closed_above():
    edges = np.array([0.0, 0.1, 0.100001, 0.5, 0.95, 1.0])
    assert bin_index(edges, 10).tolist() == [0, 0, 1, 4, 9, 9]


def test_reliability_bins_by_hand():
    confidence = np.array([0.15, 0.95, 0.95, 0.99])
    right = np.array([False, True, True, False])
    bins = reliability_bins(confidence, right, range(4), bins=10)
    assert [b.accuracy.n for b in bins] == [0, 1, 0, 0, 0, 0, 0, 0, 0, 3]
    assert bins[9].accuracy.value == pytest.approx(2 / 3)
    assert bins[9].confidence == pytest.approx((0.95 + 0.95 + 0.99) / 3)
    assert (bins[9].low, bins[9].high) == (0.9, 1.0)
    assert math.isnan(bins[0].confidence)


def test_reliability_bins_have_intervals_by_group():
    confidence, right = np.repeat([0.3, 0.9], 40), np.tile([True, False, False, False], 20)
    by_row = reliability_bins(confidence, right, range(80), bins=2)
    twice = np.repeat(np.arange(80), 2)
    by_group = reliability_bins(confidence.repeat(2), right.repeat(2), twice, bins=2)
    for row, group in zip(by_row, by_group, strict=True):
        assert (group.accuracy.value, group.accuracy.n) == (row.accuracy.value, 80)
        assert group.accuracy.low == pytest.approx(row.accuracy.low, abs=0.01)
        assert group.accuracy.high == pytest.approx(row.accuracy.high, abs=0.01)


def test_floor_is_what_honest_models_show():
    shares, labels, honest = sure_of_itself(1.0, n=400)
    floor = calibration_floor(honest.max(axis=1))
    error = calibration_error(shares.max(axis=1), shares.argmax(axis=1) == labels)
    assert 0.01 < floor < 0.08
    assert error == pytest.approx(floor, abs=0.03)

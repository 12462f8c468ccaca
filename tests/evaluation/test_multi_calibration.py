"""Calibration of labels asked one by one: against scikit-learn, and on made margins."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from albumart.evaluation.calibration import calibration_error, calibration_floor
from albumart.evaluation.multi_calibration import (
    Platt,
    apply_binary_temperature,
    binary_loss,
    fit_binary_temperature,
    fit_platt,
    logits,
    sigmoid,
)

SHIFTS = np.array([-3.0, -1.0, 0.0, 1.0])


def made(n=6000, seed=0):
    """Margins, and truth that follows ``sigmoid(margin + shift)`` of each label."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(size=(n, len(SHIFTS)))
    return margins, rng.random(margins.shape) < sigmoid(margins + SHIFTS)


def test_the_temperature_that_was_made_is_found():
    margins, truth = made()
    said = sigmoid(3 * (margins + SHIFTS))
    temperature = fit_binary_temperature(said, truth)
    assert temperature == pytest.approx(3, rel=0.05)
    mended = apply_binary_temperature(said, temperature)
    floor = calibration_floor(mended.ravel())  # what a perfect one would show
    assert calibration_error(mended.ravel(), truth.ravel()) < 2 * floor
    assert calibration_error(said.ravel(), truth.ravel()) > 5 * floor


def test_a_temperature_by_hand():
    # Of four said to be 90 % sure, three are right: log-odds log 9 must become log 3.
    found = fit_binary_temperature([[0.9]] * 4, [[1], [1], [1], [0]])
    assert found == pytest.approx(math.log(9) / math.log(3), rel=1e-3)


def test_temperature_changes_no_rank_and_one_changes_nothing():
    said = np.array([[0.0, 0.2, 0.5, 0.9, 1.0]])
    assert apply_binary_temperature(said, 1) == pytest.approx(said, abs=1e-7)
    assert (np.diff(apply_binary_temperature(said, 3)) > 0).all()
    assert apply_binary_temperature(said, 2)[0, 2] == 0.5


@pytest.mark.parametrize("temperature", [0, -1, math.nan, math.inf])
def test_an_impossible_temperature_is_refused(temperature):
    with pytest.raises(ValueError, match="above 0"):
        apply_binary_temperature([[0.5]], temperature)


def test_each_label_s_line_is_found():
    margins, truth = made()
    line = fit_platt(margins / 2, truth, per_label=True)
    assert line.slopes == pytest.approx(np.full(4, 2.0), rel=0.15)
    assert line.intercepts == pytest.approx(SHIFTS, abs=0.15)
    mended = line.apply(margins / 2)
    for label in range(4):
        assert calibration_error(mended[:, label], truth[:, label]) < 0.03


def test_a_line_is_logistic_regression_on_platt_s_targets():
    margins, truth = made(n=300)
    yes, no = truth.sum(axis=0), (~truth).sum(axis=0)
    line = fit_platt(margins, truth, per_label=True)
    for label in range(4):
        high, low = (yes[label] + 1) / (yes[label] + 2), 1 / (no[label] + 2)
        share = np.where(truth[:, label], high, low)
        peer = LogisticRegression(C=np.inf, tol=1e-10).fit(
            np.tile(margins[:, label], 2)[:, None],
            np.repeat([1, 0], len(share)),
            sample_weight=np.concatenate([share, 1 - share]),
        )
        assert line.slopes[label] == pytest.approx(peer.coef_[0, 0], rel=1e-4)
        assert line.intercepts[label] == pytest.approx(peer.intercept_[0], rel=1e-4, abs=1e-4)


def test_one_line_for_all_keeps_each_cover_s_ranking():
    margins, truth = made()
    line = fit_platt(0.1 * margins, truth, per_label=False)
    assert len(set(line.slopes)) == len(set(line.intercepts)) == 1
    order = np.argsort(margins, axis=1)
    assert (np.argsort(line.apply(0.1 * margins), axis=1) == order).all()
    assert line.apply(0.1 * margins).mean() == pytest.approx(truth.mean(), abs=0.01)


def test_a_label_that_validation_never_carries_is_rare_and_not_impossible():
    margins, truth = made(n=98)
    truth[:, 0] = False
    said = fit_platt(margins, truth, per_label=True).apply(margins)[:, 0]
    assert said == pytest.approx(np.full(98, 0.01), abs=1e-3)


def test_margins_against_the_truth_are_not_turned_about():
    margins, truth = made()
    line = fit_platt(-margins, truth, per_label=True)
    assert (line.slopes >= 0).all()
    assert line.apply(-margins).mean(axis=0) == pytest.approx(truth.mean(axis=0), abs=0.01)


def test_margins_that_are_all_the_same_give_the_label_s_share():
    line = fit_platt(np.zeros((8, 1)), [[1]] * 4 + [[0]] * 4, per_label=True)
    assert line.apply([[0.0]]) == pytest.approx(np.array([[0.5]]), abs=1e-6)


def test_cosines_far_from_zero_are_no_trouble():
    margins, truth = made()
    moved = 0.9 + 1e-3 * margins
    line = fit_platt(moved, truth, per_label=True)
    straight = fit_platt(margins, truth, per_label=True)
    assert line.apply(moved) == pytest.approx(straight.apply(margins), abs=1e-4)


@pytest.mark.parametrize(
    ("margins", "truth"),
    [([[1.0, 2.0]], [[1]]), ([1.0], [1]), ([[np.nan]], [[1]])],
)
def test_margins_that_do_not_fit_are_refused(margins, truth):
    with pytest.raises(ValueError, match="finite margins"):
        fit_platt(margins, truth, per_label=True)


def test_log_odds_and_back():
    said = np.array([[0.0, 1e-9, 0.25, 0.5, 1.0]])
    assert sigmoid(logits(said)) == pytest.approx(said, abs=1e-7)
    assert np.isfinite(logits(said)).all()
    assert logits([[0.75]])[0, 0] == pytest.approx(math.log(3))


def test_loss_by_hand():
    found = binary_loss(logits([[0.8, 0.4]]), np.array([[1.0, 0.0]]))
    assert found == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)


def test_a_line_by_hand():
    assert Platt(np.array([2.0]), np.array([-1.0])).apply([[0.5]]) == pytest.approx(
        np.array([[0.5]])
    )

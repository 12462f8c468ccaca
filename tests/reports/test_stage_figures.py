"""What the figures about stages say, read from their own axes."""

import math

import pytest

from albumart.evaluation.intervals import Estimate, wilson
from albumart.reports import stage_figures
from albumart.reports.wording import number
from albumart.training.lr_finder import RateSearch


def texts(axes):
    return [text.get_text().replace("\u00a0", " ") for text in axes.texts]


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def searched(losses, suggestion=1e-3):
    return RateSearch(tuple(10.0 ** (step - 5) for step in range(len(losses))), losses, suggestion)


def test_a_step_for_each_stage_with_its_value_and_its_interval():
    reached = [wilson(213, 1000), wilson(187, 1000), wilson(169, 1000)]
    axes = stage_figures.plot_stages(["one", "two", "three"], reached).axes[0]
    assert texts(axes) == ["21.3 %", "18.7 %", "16.9 %"]
    assert tick_labels(axes.xaxis) == ["one", "two", "three"]
    assert list(axes.patches[0].get_data().values) == [one.value for one in reached]
    assert len(axes.lines) == 3 * 2
    low, high = axes.get_ylim()
    assert 0 < low < min(one.low for one in reached)
    assert max(one.high for one in reached) < high


def test_steps_of_a_loss_are_no_per_cent():
    reached = [Estimate(value, math.nan, math.nan, 0) for value in (0.7, 0.5)]
    axes = stage_figures.plot_stages(["1", "2"], reached, number).axes[0]
    assert texts(axes) == ["0.700", "0.500"]
    assert "%" not in "".join(tick_labels(axes.yaxis))


def test_a_search_is_drawn_by_the_logarithm_of_the_rate_with_a_mark():
    axes = stage_figures.plot_rate_search(searched((2.0, 1.9, 1.2, 1.0, 90.0))).axes[0]
    curve, upright, mark = axes.lines
    assert axes.get_xscale() == "log"
    assert list(curve.get_ydata()) == [2.0, 1.9, 1.2, 1.0, 90.0]
    assert upright.get_xdata()[0] == 1e-3
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (1e-3, pytest.approx(1.2))
    assert texts(axes) == ["suggested: 0.001"]
    assert {"1e−5", "1e−4", "0.001", "0.01"} <= set(tick_labels(axes.xaxis))


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ((2.0, 1.0, 90.0), (0.8, 3.0)),  # the explosion is cut off
        ((2.0, 1.0, 1.1), (0.8, 2.2)),  # nothing is
        ((-0.2, -0.6, 0.9), (-0.68, 0.2)),  # a loss below zero
        ((0.0, 0.0, 0.0), (-0.1, 0.1)),
        ((1.0, 1.2, 4.0), (0.975, 1.25)),  # it only rises
    ],
)
def test_the_frame_shows_the_fall(losses, ends):
    assert stage_figures.frame(losses) == pytest.approx(ends)


def test_the_fall_is_down_to_the_lowest():
    assert stage_figures.fall((1.0, 2.0, 0.5, 9.0)) == 1.5
    assert stage_figures.fall((1.0, 2.0)) == 0

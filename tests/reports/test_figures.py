"""What the figures say, read from their own axes; how they become SVG and PNG."""

import math
import re

import pytest

from albumart.evaluation.calibration import ReliabilityBin
from albumart.evaluation.evaluate import ClassScore
from albumart.evaluation.intervals import Estimate, wilson
from albumart.reports import figures
from albumart.reports.drawing import THEME, WIDTH, figure_to_png, figure_to_svg
from albumart.reports.figures import Contender
from albumart.reports.marks import KINDS


def texts(axes):
    return [text.get_text() for text in axes.texts]


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_comparison_keeps_the_order_and_shows_every_kind():
    contenders = [Contender(kind, Estimate(0.4, 0.3, 0.5, 9), kind) for kind in KINDS]
    contenders.append(Contender("no interval", Estimate(0.1, math.nan, math.nan, 0), "published"))
    axes = figures.plot_comparison(contenders).axes[0]
    assert [t for t in texts(axes) if t[0] not in "0123456789"] == [*KINDS, "no interval"]
    assert len(axes.lines) == 4 + 3  # a mark each, and an interval where there is one
    assert axes.get_xlim()[0] == 0


def test_comparison_wraps_what_is_long():
    axes = figures.plot_comparison([Contender("word " * 30, wilson(4, 9), "ours")]).axes[0]
    assert max(len(line) for line in texts(axes)[0].splitlines()) <= 52


def test_trials_draw_each_value_and_begin_near_the_least():
    contenders = [
        Contender("three seeds", Estimate(0.4, 0.35, 0.46, 9), "ours", (0.39, 0.4, 0.41)),
        Contender("a failed one", Estimate(math.nan, math.nan, math.nan, 9), "published"),
    ]
    axes = figures.plot_trials(contenders).axes[0]
    assert len(axes.lines) == 2 + 3 + 1
    assert axes.get_xlim()[0] == pytest.approx(0.33)
    assert texts(axes)[-1] == "–"


def test_recall_is_sorted_best_first_and_survives_an_empty_class():
    scores = [
        ClassScore("worse", 10, wilson(1, 4), wilson(2, 10)),
        ClassScore("empty", 0, wilson(0, 0), wilson(0, 0)),
        ClassScore("better", 10, wilson(1, 4), wilson(9, 10)),
    ]
    axes = figures.plot_recall(scores).axes[0]
    assert tick_labels(axes.yaxis) == ["better", "worse", "empty"]
    assert texts(axes) == ["90\u00a0% of 10", "20\u00a0% of 10", "– of 0"]
    assert axes.yaxis_inverted()


def test_confusion_is_normalised_by_row_and_names_its_axes():
    axes = figures.plot_confusion([[3, 1], [0, 8]], ["a", "b"]).axes[0]
    assert texts(axes) == ["75", "25", "100"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        "predicted by the model",
        "true, by the label",
    )
    assert len(axes.patches) == 4


def test_confusion_by_prediction_is_normalised_by_column():
    axes = figures.plot_confusion([[3, 1], [0, 9]], ["a", "b"], by_prediction=True).axes[0]
    assert texts(axes) == ["100", "10", "90"]


def test_confusion_of_a_class_without_covers_and_of_many_classes():
    assert texts(figures.plot_confusion([[0, 0], [0, 1]], ["a", "b"]).axes[0]) == ["100"]
    many = [[int(row == column) for column in range(36)] for row in range(36)]
    figure = figures.plot_confusion(many, [f"genre {number}" for number in range(36)])
    assert texts(figure.axes[0]) == []
    assert figure.get_figwidth() * 72 > 2 * WIDTH


def test_long_names_leave_room_for_the_figure():
    axes = figures.plot_confusion([[1, 0], [0, 1]], ["a" * 20, "b" * 21]).axes[0]
    assert tick_labels(axes.yaxis) == ["a" * 20, "b" * 19 + "…"]


def test_reliability_leaves_out_empty_bins():
    bins = [
        ReliabilityBin(0, 0.5, math.nan, wilson(0, 0)),
        ReliabilityBin(0.5, 1, 0.7, wilson(3, 4)),
    ]
    above, below = figures.plot_reliability(bins).axes
    assert len(above.lines) == 1 + 2  # the diagonal; one interval and one dot
    assert [bar.get_height() for bar in below.patches] == [0, 4]


@pytest.mark.parametrize(
    ("history", "lines"),
    [
        ([{"loss": 2.0}], 1),
        ([{"loss": 2.0, "val_loss": 3.0}, {"loss": 1.0, "val_loss": 2.0}], 2),
        ([{"loss": 2.0, "accuracy": 0.1, "stage": 0}, {"loss": 1.0, "stage": 1}], 2 + 2),
        ([{"learning_rate": 0.1}], 0),
    ],
)
def test_history_draws_what_is_known(history, lines):
    figure = figures.plot_history(history)
    assert sum(len(axes.lines) for axes in figure.axes) == lines


def test_balance_sorts_by_size_and_adds_up():
    axes = figures.plot_balance({"train": {"a": 1, "b": 1000}, "test": {"a": 2, "c": 2}}).axes[0]
    assert tick_labels(axes.yaxis) == ["b", "a", "c"]
    assert texts(axes) == ["1,000", "3", "2"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["train", "test"]


@pytest.fixture
def plotted():
    names = ["<b>$x_1$</b>", "pop & folk"]
    return lambda: figures.plot_confusion([[3, 1], [0, 8]], names)


def test_svg_is_one_element_that_takes_the_page_s_colours_and_font(plotted):
    svg = figure_to_svg(plotted())
    assert svg.startswith("<svg")
    assert svg.endswith("</svg>")
    assert "var(--heat)" in svg
    assert "font-family" not in svg
    assert "DejaVu" not in svg
    assert not re.search(r"http|xmlns|<style|<metadata|<!--|<image", svg)
    assert not any(colour in svg for colour in THEME)


def test_svg_escapes_labels_and_takes_no_dollar_for_a_formula(plotted):
    svg = figure_to_svg(plotted())
    assert "&lt;b&gt;$x_1$&lt;/b&gt;" in svg
    assert "pop &amp; folk" in svg


def test_equal_figures_are_equal_bytes_and_their_ids_are_their_own(plotted):
    svg = figure_to_svg(plotted())
    other = figure_to_svg(figures.plot_history([{"loss": 2.0}, {"loss": 1.0}]))
    assert svg == figure_to_svg(plotted())

    def ids(text):
        return set(re.findall(r' id="([^"]+)"', text))

    assert ids(other)
    assert not ids(svg) & ids(other)
    assert set(re.findall(r"url\(#([^)]+)\)", other)) <= ids(other)


def test_figures_that_look_alike_have_their_own_ids_by_their_name(plotted):
    first, second = (figure_to_svg(plotted(), name) for name in ("by row", "by column"))
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_png(plotted):
    data = figure_to_png(plotted(), scale=1)
    assert data.startswith(b"\x89PNG")

"""What the figures about trust say, read from their own axes."""

from albumart.evaluation.intervals import Estimate, wilson
from albumart.evaluation.multi_evaluate import LabelScore
from albumart.evaluation.slices import Slice
from albumart.reports import trust_figures
from albumart.reports.trust_figures import MOST_LABELS, ThresholdStep
from albumart.reports.wording import number


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def texts(axes):
    return [text.get_text().replace("\u00a0", " ") for text in axes.texts]


def test_slices_stand_under_their_column():
    slices = [
        Slice("decade", "1990s", 50, wilson(20, 50)),
        Slice("decade", "unknown", 9, None),
        Slice("size", "< 300 px", 59, wilson(22, 59)),
    ]
    axes = trust_figures.plot_slices(slices, wilson(22, 59)).axes[0]
    rows = ["decade", "1990s", "unknown", "size", "< 300 px"]
    assert tick_labels(axes.yaxis) == rows
    weights = [label.get_weight() for label in axes.get_yticklabels()]
    assert [row for row, weight in zip(rows, weights, strict=True) if weight == "bold"] == [
        "decade",
        "size",
    ]
    assert texts(axes) == ["40.0 %, n = 50", "too few, n = 9", "37.3 %, n = 59"]


def test_slices_of_another_figure_are_no_per_cent():
    one = Slice("decade", "1990s", 50, Estimate(0.2, 0.1, 0.3, 50))
    axes = trust_figures.plot_slices([one], Estimate(0.2, 0.1, 0.3, 50), number).axes[0]
    assert texts(axes) == ["0.200, n = 50"]
    assert "%" not in "".join(tick_labels(axes.xaxis))


def test_thresholds_leave_out_where_nothing_is_answered():
    steps = [
        ThresholdStep(0.0, wilson(10, 10), wilson(4, 10)),
        ThresholdStep(0.5, wilson(5, 10), wilson(3, 5)),
        ThresholdStep(0.9, wilson(0, 10), wilson(0, 0)),
    ]
    axes = trust_figures.plot_thresholds(steps, None).axes[0]
    answered, right = axes.lines
    assert list(answered.get_ydata()) == [1.0, 0.5, 0.0]
    assert list(right.get_xdata()) == [0.0, 0.5]
    assert len(trust_figures.plot_thresholds(steps, 0.7).axes[0].lines) == 3


def made_label(name, support, precision):
    return LabelScore(
        name,
        support,
        Estimate(precision, precision - 0.1, precision + 0.1, 100),
        Estimate(0.5, 0.4, 0.6, 100),
        wilson(1, 2),
        wilson(1, 2),
    )


def test_labels_are_sorted_and_stand_beside_guessing():
    axes = trust_figures.plot_labels([made_label("a", 10, 0.2), made_label("b", 50, 0.7)], 100)
    axes = axes.axes[0]
    assert tick_labels(axes.yaxis) == ["b", "a"]
    assert texts(axes) == ["0.70, n = 50", "0.20, n = 10"]
    squares = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "s"]
    assert squares == [0.5, 0.1]


def test_only_the_commonest_labels_are_drawn():
    labels = [made_label(str(number), number, 0.5) for number in range(MOST_LABELS + 5)]
    shown = trust_figures.commonest(labels)
    assert len(shown) == MOST_LABELS
    assert min(one.support for one in shown) == 5

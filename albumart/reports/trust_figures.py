"""Figures about how far a result can be trusted: slices, thresholds, and labels beside guessing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from albumart.evaluation.intervals import Estimate
from albumart.evaluation.multi_evaluate import LabelScore
from albumart.evaluation.slices import Slice
from albumart.reports.drawing import BLUE, MUTED, ORANGE, canvas, percent_ticks, styled
from albumart.reports.marks import (
    DASHED,
    QUARTERS,
    ROW,
    class_rows,
    dot,
    high,
    legend,
    note,
    or_zero,
)
from albumart.reports.wording import count, number, percent

MOST_LABELS: Final = 40


@dataclass(frozen=True, slots=True)
class ThresholdStep:
    """What is answered, and how much of it is right, from one confidence on."""

    confidence: float
    coverage: Estimate
    precision: Estimate


@styled
def plot_slices(
    slices: Sequence[Slice], overall: Estimate, value: Callable[[float], str] = percent
) -> Figure:
    """The figure of each slice under the heading of its column; dashed, that of all covers."""
    rows: list[str | Slice] = []
    for column, members in groupby(slices, key=lambda one: one.column):
        rows += [column, *members]
    figure, axes = canvas(ROW * len(rows) + 64)
    known = [one.estimate for one in slices if one.estimate is not None]
    right = min(1.0, 1.1 * max(or_zero(high(estimate)) for estimate in (overall, *known)))
    axes.axvline(overall.value, color=MUTED, linewidth=1.2, linestyle=DASHED, label="all covers")
    for row, one in enumerate(rows):
        if isinstance(one, Slice):
            _slice_row(axes, one, (right, row), value)
    axes.set(xlim=(0, right))
    class_rows(axes, [one.name if isinstance(one, Slice) else one for one in rows])
    for label, one in zip(axes.get_yticklabels(), rows, strict=True):
        label.set(weight="normal" if isinstance(one, Slice) else "bold")
    legend(axes)
    if value is percent:
        percent_ticks(axes, "x")
    return figure


@styled
def plot_thresholds(steps: Sequence[ThresholdStep], chosen: float | None) -> Figure:
    """How much is answered and how much of that is right, by the confidence that is asked for."""
    figure, axes = canvas(290)
    places = [step.confidence for step in steps]
    answered = [step.coverage.value for step in steps]
    axes.plot(places, answered, color=MUTED, linewidth=2, linestyle=DASHED, label="covers answered")
    some = [step for step in steps if step.precision.n]
    places = [step.confidence for step in some]
    ends = [step.precision.low for step in some], [step.precision.high for step in some]
    axes.fill_between(places, *ends, color=BLUE, alpha=0.18, linewidth=0)
    right = [step.precision.value for step in some]
    axes.plot(places, right, color=BLUE, linewidth=2, label="answers right")
    if chosen is not None:
        axes.axvline(chosen, color=ORANGE, linewidth=1.6)
    axes.set(xlim=(0, 1), ylim=(0, 1.03), xticks=QUARTERS, yticks=QUARTERS)
    axes.set(xlabel="answers only when at least so sure")
    axes.tick_params(axis="x", pad=8)  # or the two zeros touch
    percent_ticks(axes, "x")
    percent_ticks(axes, "y")
    legend(axes)
    return figure


@styled
def plot_labels(scores: Sequence[LabelScore], n: int) -> Figure:
    """Average precision of each label beside what guessing gets, best first."""
    order = sorted(scores, key=lambda one: (-or_zero(one.average_precision.value), one.name))
    figure, axes = canvas(ROW * len(order) + 44)
    for row, score in enumerate(order):
        share = score.support / n
        dot(axes, Estimate(share, share, share, n), row, kind="baseline")
        dot(axes, score.average_precision, row, kind="ours")
        text = f"{number(score.average_precision.value, 2)}, n = {count(score.support)}"
        note(axes, text, at=(1, row))
    axes.set(xlim=(0, 1), xticks=QUARTERS, xlabel="average precision, with its 95 % interval")
    class_rows(axes, [score.name for score in order])
    return figure


def commonest(scores: Sequence[LabelScore]) -> tuple[LabelScore, ...]:
    """The labels that a figure has room for."""
    return tuple(sorted(scores, key=lambda one: -one.support)[:MOST_LABELS])


def _slice_row(
    axes: Axes, one: Slice, at: tuple[float, float], value: Callable[[float], str]
) -> None:
    if one.estimate is None:
        note(axes, f"too few, n = {count(one.n)}", at=at)
        return
    dot(axes, one.estimate, at[1], kind="ours")
    note(axes, f"{value(one.estimate.value)}, n = {count(one.n)}", at=at)

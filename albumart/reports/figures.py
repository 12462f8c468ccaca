"""Figures: plain numbers in, a matplotlib Figure out, about as wide as a phone."""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from albumart.evaluation.calibration import ReliabilityBin
from albumart.evaluation.evaluate import ClassScore
from albumart.evaluation.intervals import Estimate
from albumart.reports.drawing import (
    BLUE,
    HEAT,
    INK,
    MUTED,
    ON_HEAT,
    ORANGE,
    SKY,
    canvas,
    percent_ticks,
    styled,
    two_panels,
)
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
    short,
)
from albumart.reports.wording import count, percent


@dataclass(frozen=True, slots=True)
class Contender:
    """One line of a comparison.

    Attributes:
        label: stands above the line, however long it is.
        estimate: ends of ``nan`` draw no interval.
        kind: a key of KINDS.
        values: of which the estimate is the mean, drawn small; none where it is of one alone.
    """

    label: str
    estimate: Estimate
    kind: str
    values: tuple[float, ...] = ()


@styled
def plot_comparison(
    contenders: Sequence[Contender], value: Callable[[float], str] = percent
) -> Figure:
    """Shares as dots on lines that begin at 0; ``value`` writes one in words."""
    figure, axes = _labelled_lines(contenders, value, least=0)
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= 1])
    return figure


@styled
def plot_trials(contenders: Sequence[Contender], value: Callable[[float], str] = percent) -> Figure:
    """The same from near the least end on, with each trial's own value as a small dot."""
    ends = [contender.estimate.low for contender in contenders]
    ends += [value for contender in contenders for value in contender.values]
    known = [end for end in ends if not math.isnan(end)]
    least = max(0, min(known, default=0) - 0.02)
    figure, axes = _labelled_lines(contenders, value, least=least)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    return figure


@styled
def plot_recall(per_class: Sequence[ClassScore]) -> Figure:
    """Recall of each class with its interval, best on top."""
    order = sorted(per_class, key=lambda score: (-or_zero(score.recall.value), score.name))
    figure, axes = canvas(ROW * len(order) + 44)
    for row, score in enumerate(order):
        dot(axes, score.recall, row, kind="ours")
        note(axes, f"{percent(score.recall.value, 0)} of {count(score.support)}", at=(1, row))
    axes.set(xlim=(0, 1), xticks=QUARTERS, xlabel="recall, with its 95 % interval")
    class_rows(axes, [score.name for score in order])
    percent_ticks(axes, "x")
    return figure


@styled
def plot_confusion(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], *, by_prediction: bool = False
) -> Figure:
    """Each row: where the covers of one true class went, in per cent of that class.

    By prediction, each column: what the covers of one predicted class are, in per cent of those.
    """
    counts = np.asarray(confusion, dtype=float)
    totals = counts.sum(axis=0 if by_prediction else 1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    side = max(240, 130 + 27 * len(classes))
    figure, axes = canvas(side, width=side)
    for (row, column), share in np.ndenumerate(shares):
        _cell(axes, (column, row), float(share), numbered=len(classes) <= 16)
    places, names = range(len(classes)), [short(name) for name in classes]
    axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(len(classes) - 0.5, -0.5), aspect="equal")
    axes.set(xlabel="predicted by the model", ylabel="true, by the label")
    axes.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor", color=INK)
    axes.set_yticks(places, names)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    return figure


@styled
def plot_reliability(bins: Sequence[ReliabilityBin]) -> Figure:
    """How often the top answer is right by how sure the model said it was, and how many of each."""
    figure, above, below = two_panels(430, heights=(3.2, 1))
    above.plot(
        [0, 1], [0, 1], color=MUTED, linewidth=1.2, linestyle=DASHED, label="as often right as sure"
    )
    for box in bins:
        if box.accuracy.n:
            ends = [box.accuracy.low, box.accuracy.high]
            above.plot([box.confidence] * 2, ends, color=BLUE, linewidth=2, alpha=0.5)
            above.plot(
                box.confidence, box.accuracy.value, "o", color=BLUE, markersize=6, clip_on=False
            )
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel="how often it is right")
    legend(above)
    percent_ticks(above, "y")
    middles = [(box.low + box.high) / 2 for box in bins]
    below.bar(middles, [box.accuracy.n for box in bins], width=0.85 / len(bins), color=SKY)
    below.set(xlabel="how sure the model says it is", ylabel="covers")
    below.yaxis.set_major_locator(MaxNLocator(2, integer=True, prune="lower"))
    percent_ticks(below, "x")
    return figure


@styled
def plot_history(history: Sequence[Mapping[str, float]]) -> Figure:
    """Loss and accuracy by epoch, on the training and on the validation split."""
    figure, above, below = two_panels(430, heights=(1, 1))
    for axes, name in ((above, "loss"), (below, "accuracy")):
        _curve(axes, _column(history, name), "training", dashed=True)
        _curve(axes, _column(history, f"val_{name}"), "validation", dashed=False)
        axes.set_ylabel(name)
        for start in _stage_starts(history):
            axes.axvline(start, color=ORANGE, linewidth=1.2)
    legend(above)
    percent_ticks(below, "y")
    below.set_xlabel("epoch")
    below.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    return figure


@styled
def plot_balance(by_split: Mapping[str, Mapping[str, int]]) -> Figure:
    """Covers per class, most first, stacked by split."""
    names = dict.fromkeys(name for counts in by_split.values() for name in counts)
    totals = {name: sum(counts.get(name, 0) for counts in by_split.values()) for name in names}
    order = sorted(names, key=lambda name: (-totals[name], name))
    figure, axes = canvas(ROW * len(order) + 72)
    start = np.zeros(len(order))
    for (split, counts), colour in zip(by_split.items(), (BLUE, SKY, ORANGE), strict=False):
        width = np.array([counts.get(name, 0) for name in order], dtype=float)
        axes.barh(
            range(len(order)), width, left=start, color=colour, height=0.62, label=short(split)
        )
        start += width
    for row, name in enumerate(order):
        note(axes, count(totals[name]), at=(start[row], row))
    axes.set(xlabel="covers", xlim=(0, 1.12 * max(1, *totals.values())))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    class_rows(axes, order)
    legend(axes)
    return figure


def _labelled_lines(
    contenders: Sequence[Contender], value: Callable[[float], str], *, least: float
) -> tuple[Figure, Axes]:
    labels = [textwrap.wrap(contender.label, 52) for contender in contenders]
    heights = [30 + 14 * len(lines) for lines in labels]
    tops = [sum(heights[:row]) for row in range(len(heights) + 1)]
    figure, axes = canvas(tops[-1] + 32)
    for contender, lines, (top, bottom) in zip(contenders, labels, pairwise(tops), strict=True):
        weight = "bold" if contender.kind == "ours" else "normal"
        axes.text(least, top + 4, "\n".join(lines), va="top", weight=weight)
        dot(axes, contender.estimate, bottom - 14, kind=contender.kind)
        for one in contender.values:
            axes.plot(one, bottom - 14, "o", markersize=4, color=INK, markerfacecolor="none")
        end = max(or_zero(high(contender.estimate)), least)
        note(axes, value(contender.estimate.value), at=(end, bottom - 14))
    reach = max(or_zero(high(contender.estimate)) for contender in contenders)
    right = least + 1.2 * (reach - least or 1)
    axes.set(xlim=(least, min(right, 1 + 0.12 * (1 - least))), ylim=(tops[-1], 0), yticks=[])
    axes.spines["left"].set_visible(False)
    if value is percent:
        percent_ticks(axes, "x")
    return figure, axes


def _cell(axes: Axes, at: tuple[int, int], share: float, *, numbered: bool) -> None:
    # One colour laid on the page by its share: pale is little, in light and in dark alike.
    corner = (at[0] - 0.47, at[1] - 0.47)
    axes.add_patch(Rectangle(corner, 0.94, 0.94, facecolor=HEAT, alpha=0.05 + 0.95 * share))
    if numbered and share >= 0.005:
        ink = ON_HEAT if share > 0.64 else INK
        axes.text(*at, f"{100 * share:.0f}", ha="center", va="center", color=ink)


def _curve(
    axes: Axes, points: tuple[list[float], list[float]], label: str, *, dashed: bool
) -> None:
    if points[0]:
        (line,) = axes.plot(*points, linewidth=2, label=label, color=MUTED if dashed else BLUE)
        line.set_linestyle(DASHED if dashed else "solid")
        line.set_marker("o" if len(points[0]) == 1 else "")


def _column(history: Sequence[Mapping[str, float]], name: str) -> tuple[list[float], list[float]]:
    known = [(epoch, row[name]) for epoch, row in enumerate(history, start=1) if name in row]
    return [float(epoch) for epoch, _ in known], [value for _, value in known]


def _stage_starts(history: Sequence[Mapping[str, float]]) -> list[float]:
    stages = [row.get("stage") for row in history]
    return [epoch + 1.5 for epoch, (old, new) in enumerate(pairwise(stages)) if old != new]

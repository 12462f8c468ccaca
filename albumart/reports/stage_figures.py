"""Figures about the stages of a training: what each came to, and how its rate was found."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from albumart.evaluation.intervals import Estimate
from albumart.reports.drawing import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    SURFACE,
    canvas,
    percent_ticks,
    styled,
)
from albumart.reports.marks import high, or_zero
from albumart.reports.wording import learning_rate, percent
from albumart.training.lr_finder import RateSearch

FALLS_SHOWN: Final = 2.0  # how far above the lowest loss a range test is drawn, in falls


@styled
def plot_stages(
    labels: Sequence[str], reached: Sequence[Estimate], value: Callable[[float], str] = percent
) -> Figure:
    """A step for each stage at what it reached; ends of ``nan`` draw no interval."""
    figure, axes = canvas(280)
    values = [one.value for one in reached]
    axes.stairs(values, np.arange(len(values) + 1) - 0.5, baseline=None, color=MUTED, linewidth=1.4)
    for place, one in enumerate(reached):
        axes.plot([place] * 2, [one.low, one.high], color=BLUE, linewidth=3, alpha=0.45)
        axes.plot(place, one.value, "o", color=BLUE, markersize=8)
        axes.annotate(
            value(one.value),
            (place, or_zero(high(one))),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            color=INK,
        )
    axes.set_xticks(range(len(labels)), labels)
    axes.margins(x=0.02, y=0.14)
    axes.grid(visible=False, axis="x")
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if value is percent:
        percent_ticks(axes, "y", decimals=None)
    return figure


@styled
def plot_rate_search(search: RateSearch) -> Figure:
    """The smoothed loss by the rate it was tried at, with a mark at the suggestion."""
    figure, axes = canvas(280)
    axes.plot(search.rates, search.losses, color=BLUE, linewidth=2)
    at = (search.suggestion, float(np.interp(search.suggestion, search.rates, search.losses)))
    axes.axvline(search.suggestion, color=ORANGE, linewidth=1.2)
    axes.plot(*at, "D", markersize=7, color=ORANGE, markerfacecolor=SURFACE, markeredgewidth=1.6)
    axes.annotate(
        f"suggested: {learning_rate(search.suggestion)}",
        (search.suggestion, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        color=ORANGE,
    )
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss, smoothed")
    axes.set_ylim(*frame(search.losses))
    axes.xaxis.set_major_locator(LogLocator(numticks=9))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: learning_rate(tick)))
    axes.xaxis.set_minor_locator(NullLocator())
    return figure


def frame(losses: Sequence[float]) -> tuple[float, float]:
    """Ends of the axis: the fall is seen, however high the loss explodes behind it."""
    least = min(losses)
    room = max(FALLS_SHOWN * fall(losses), 0.25 * abs(least)) or 1.0
    return least - 0.1 * room, min(least + room, max(losses) + 0.1 * room)


def fall(losses: Sequence[float]) -> float:
    """From the highest loss before the lowest one, down to that."""
    lowest = int(np.argmin(losses))
    return max(losses[: lowest + 1]) - losses[lowest]

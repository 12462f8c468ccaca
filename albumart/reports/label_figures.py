"""The figure of the label map: labels as named squares, covers as dots among them."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from albumart.evaluation.heads import MapFacts
from albumart.reports.drawing import BLUE, INK, MUTED, canvas, styled

SIDE: Final = 560
_INNER: Final = 0.94 * SIDE  # what the axes have of it
_LETTER, _LINE = 6.8, 13.0  # units that a letter is wide, and a line high


@styled
def plot_label_map(shown: MapFacts) -> Figure:
    """Covers as rings, filled where the answer is right; labels as squares, named where it fits."""
    figure, axes = canvas(SIDE, width=SIDE)
    for is_right, face in ((False, "none"), (True, BLUE)):
        some = [(x, y) for x, y, right in shown.covers if right is is_right]
        if some:
            axes.plot(
                *zip(*some, strict=True),
                "o",
                markersize=5,
                color=BLUE,
                markerfacecolor=face,
                alpha=0.45,
                linestyle="none",
            )
    axes.plot(
        [x for _, x, _ in shown.labels],
        [y for _, _, y in shown.labels],
        "s",
        markersize=5,
        color=MUTED,
        linestyle="none",
    )
    _frame(axes, shown)
    for name, x, y in _named(shown):
        axes.annotate(
            name, (x, y), xytext=(0, 5), textcoords="offset points", ha="center", color=INK,
            fontsize=10.5, annotation_clip=False,
        )  # fmt: skip
    return figure


def _frame(axes: Axes, shown: MapFacts) -> None:
    """The places mean nothing by themselves: no ticks, and as much room to each side."""
    (left, bottom), (right, top) = _corners(shown)
    across, up = 0.08 * (right - left), 0.05 * (top - bottom)
    axes.set(xlim=(left - across, right + across), ylim=(bottom - up, top + up))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _corners(shown: MapFacts) -> tuple[tuple[float, float], tuple[float, float]]:
    points = np.array([(x, y) for _, x, y in shown.labels] + [(x, y) for x, y, _ in shown.covers])
    low, high = points.min(axis=0), points.max(axis=0)
    high = np.where(high > low, high, low + 1)
    return (float(low[0]), float(low[1])), (float(high[0]), float(high[1]))


def _named(shown: MapFacts) -> list[tuple[str, float, float]]:
    """The labels whose names do not lie on one that is there already."""
    (left, bottom), (right, top) = _corners(shown)
    taken: list[tuple[float, float, float, float]] = []
    named = []
    for name, x, y in shown.labels:
        at = _INNER * (x - left) / (right - left), _INNER * (y - bottom) / (top - bottom)
        half = _LETTER * len(name) / 2
        box = (at[0] - half, at[1], at[0] + half, at[1] + _LINE)
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            named.append((name, x, y))
    return named


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

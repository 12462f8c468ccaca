"""Figures of the map of covers: the covers themselves, and where each label lies among them."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from albumart.reports.drawing import BLUE, MUTED, ORANGE, RULE, SURFACE, WIDTH, panels, styled
from albumart.reports.inputs import PlacedCover
from albumart.reports.marks import short

COLUMNS: Final = 3
PANEL: Final = 118  # units of height, its name above it included


@styled
def plot_labels_on_plane(covers: Sequence[PlacedCover], labels: Sequence[str]) -> Figure:
    """A small map for each label: its covers, filled where the model names it, among all others."""
    rows = math.ceil(len(labels) / COLUMNS)
    figure, axes = panels(rows, COLUMNS, width=WIDTH, height=PANEL * rows)
    for label, one in zip(labels, axes, strict=False):
        _panel(one, covers, label)
    for unused in axes[len(labels) :]:
        unused.set_visible(False)
    return figure


def _panel(axes: Axes, covers: Sequence[PlacedCover], label: str) -> None:
    mine = [cover for cover in covers if label in cover.labels]
    _specks(axes, covers)
    found = [cover for cover in mine if cover.said == label]
    missed = [cover for cover in mine if cover.said != label]
    _marks(axes, missed, colour=ORANGE, face=SURFACE)
    _marks(axes, found, colour=BLUE, face=BLUE)
    axes.set_title(short(label), fontsize=11.5, pad=3)
    axes.set(xlim=(-0.04, 1.04), ylim=(1.04, -0.04), xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=RULE)


def _specks(axes: Axes, covers: Iterable[PlacedCover]) -> None:
    """All covers as one line of points, which takes a tenth of the room of so many marks."""
    across, down = [], []
    for cover in covers:
        across += [cover.across, cover.across + 1e-4, math.nan]
        down += [cover.down, cover.down, math.nan]
    (line,) = axes.plot(
        across, down, color=MUTED, alpha=0.35, linewidth=1.6, solid_capstyle="round"
    )
    line.get_path().should_simplify = False


def _marks(axes: Axes, covers: Sequence[PlacedCover], *, colour: str, face: str) -> None:
    axes.plot(
        [cover.across for cover in covers],
        [cover.down for cover in covers],
        "o",
        markersize=3.4,
        color=colour,
        markerfacecolor=face,
        markeredgewidth=0.9,
        linestyle="none",
    )

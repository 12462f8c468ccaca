"""The marks that figures are drawn with: a dot with its interval, a row for each name, a legend."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes

from albumart.evaluation.intervals import Estimate
from albumart.reports.drawing import BLUE, MUTED, ORANGE, SURFACE

LONGEST_NAME: Final = 20
ROW: Final = 25  # units of height for one class
DASHED: Final = (0, (4, 3))
QUARTERS: Final = (0, 0.25, 0.5, 0.75, 1)


@dataclass(frozen=True, slots=True)
class _Mark:
    shape: str
    colour: str
    face: str
    size: float


KINDS: Final[dict[str, _Mark]] = {
    "ours": _Mark("o", BLUE, BLUE, 9),
    "baseline": _Mark("s", MUTED, MUTED, 6.5),
    "published": _Mark("D", ORANGE, SURFACE, 6.5),
}


def dot(axes: Axes, estimate: Estimate, row: float, *, kind: str) -> None:
    """A mark at the value, on a line over its interval where there is one."""
    mark = KINDS[kind]
    if not math.isnan(estimate.low):
        ends = [estimate.low, estimate.high]
        axes.plot(ends, [row, row], color=mark.colour, linewidth=3, alpha=0.45)
    axes.plot(
        estimate.value,
        row,
        mark.shape,
        markersize=mark.size,
        color=mark.colour,
        markerfacecolor=mark.face,
        markeredgewidth=1.6,
        clip_on=False,
    )


def note(axes: Axes, text: str, *, at: tuple[float, float]) -> None:
    """Text to the right of a mark; it takes room from the axes where it stands outside."""
    axes.annotate(
        text,
        at,
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=MUTED,
        annotation_clip=False,
    )


def class_rows(axes: Axes, names: Sequence[str]) -> None:
    """A row for each name, the first on top."""
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")


def legend(axes: Axes) -> None:
    """What the labelled lines are, above the axes."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)


def short(name: str) -> str:
    """A name that leaves room for the figure; tables show it whole."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def high(estimate: Estimate) -> float:
    """The upper end, or the value where there is none."""
    return estimate.value if math.isnan(estimate.high) else estimate.high


def or_zero(value: float) -> float:
    """Where something must stand though its value is not known."""
    return 0.0 if math.isnan(value) else value

"""How figures look, and how they become SVG for a page or PNG for everything else.

Figures are drawn in the colours of THEME. ``figure_to_png`` keeps those; ``figure_to_svg`` hands
them to the page as CSS variables, so that one drawing is right in light and in dark. Blue and
orange differ for every kind of colour vision, and the shapes of marks differ with them.
"""

import hashlib
import io
import re
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

INK, MUTED, RULE, SURFACE = "#1c2230", "#5b6472", "#d8dce3", "#fffffe"
BLUE, SKY, ORANGE = "#0b5fa5", "#4f97cc", "#ad4a06"
HEAT, ON_HEAT = "#084c8a", "#fffffd"  # cells of a matrix, and the numbers on the dark ones
# Colour in the drawing → CSS variable of the page.
THEME: Final[dict[str, str]] = {
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    SURFACE: "--surface",
    BLUE: "--blue",
    SKY: "--sky",
    ORANGE: "--orange",
    HEAT: "--heat",
    ON_HEAT: "--on-heat",
}
WIDTH: Final = 400  # units of a drawing: CSS pixels at its natural size, about a phone's width
UNITS_PER_INCH: Final = 72
STYLE: Final = mpl.RcParams(
    {
        "font.size": 12,
        "text.color": INK,
        "axes.edgecolor": RULE,
        "axes.labelcolor": MUTED,
        "axes.labelsize": 12,
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": RULE,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "xtick.labelcolor": MUTED,
        "xtick.labelsize": 11.5,
        "xtick.major.size": 0,
        "ytick.color": MUTED,
        "ytick.labelcolor": INK,
        "ytick.labelsize": 12,
        "ytick.major.size": 0,
        "figure.facecolor": SURFACE,
        "legend.frameon": False,
        "lines.solid_capstyle": "round",
        "text.parse_math": False,  # a label with $ in it is a label, no formula
        "svg.fonttype": "none",  # text stays text: it takes the page's font and can be searched
        "svg.hashsalt": "albumart",  # equal figures are equal bytes
    }
)
P = ParamSpec("P")


def styled(plot: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw under STYLE, whatever matplotlib was told elsewhere."""

    @wraps(plot)
    def styled_plot(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return plot(*args, **kwargs)

    return styled_plot


def canvas(height: float, *, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure of that many units with one set of axes."""
    figure = _figure(width, height)
    return figure, figure.add_subplot()


def two_panels(height: float, *, heights: tuple[float, float]) -> tuple[Figure, Axes, Axes]:
    """A figure with one panel above another; they share the x axis."""
    figure = _figure(WIDTH, height)
    grid = figure.add_gridspec(2, 1, height_ratios=heights)
    above = figure.add_subplot(grid[0])
    below = figure.add_subplot(grid[1], sharex=above)
    above.tick_params(labelbottom=False)
    return figure, above, below


def panels(rows: int, columns: int, *, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with so many equal panels, row by row, without grids."""
    figure = _figure(width, height)
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for one in axes:
        one.grid(visible=False)
    return figure, axes


def percent_ticks(axes: Axes, which: str, *, decimals: int | None = 0) -> None:
    """Write the ticks of axis ``x`` or ``y`` as per cent; ``None``: as many decimals as needed."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals, symbol=" %"))


def figure_to_png(figure: Figure, *, scale: float = 2.0) -> bytes:
    """PNG on the light background, ``scale`` pixels a unit."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=UNITS_PER_INCH * scale)
    return buffer.getvalue()


def figure_to_svg(figure: Figure, name: str = "") -> str:
    """One ``<svg>`` element for a page that defines the variables of THEME.

    It takes the page's font and the width that it is given, loads nothing, and its ids clash with
    no other figure's on the page; of two figures that look alike, if they have different names.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    for pattern, replacement in _TO_PAGE:
        svg = pattern.sub(replacement, svg)
    return _own_ids(svg, name).strip()


def _figure(width: float, height: float) -> Figure:
    size = (width / UNITS_PER_INCH, height / UNITS_PER_INCH)
    return Figure(figsize=size, layout="constrained")


# What matplotlib writes for a file of its own → what is right inside a page.
_TO_PAGE: Final = (
    (re.compile(r"<metadata>.*?</metadata>", re.DOTALL), ""),
    (re.compile(r"<style[^>]*>.*?</style>", re.DOTALL), ""),  # it would style the whole page
    (re.compile(r'(<svg[^>]*?) width="[^"]*pt" height="[^"]*pt"'), r"\1"),
    (re.compile(r"(<svg[^>]*?) height=\"[^\"]*pt\"([^>]*?) width=\"[^\"]*pt\""), r"\1\2"),
    (re.compile(r' xmlns(:\w+)?="[^"]*"'), ""),
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"font: ([\d.]+px)[^;\"]*"), r"font-size: \1"),
    (re.compile(r" ?font-family: [^;\"]*;?"), ""),
    *((re.compile(colour), f"var({name})") for colour, name in THEME.items()),
    (re.compile(r"\n\s*"), "\n"),
)


def _own_ids(svg: str, name: str) -> str:
    """Drop the ids that nothing refers to; make the others this figure's own."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    prefix = hashlib.sha256((name + svg).encode()).hexdigest()[:8]

    def renamed(match: re.Match[str]) -> str:
        return f' id="{prefix}-{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]+)"', renamed, svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}-", svg)

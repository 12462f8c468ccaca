"""Numbers and results in words, the same in the report, on screen and in artifacts."""

import math
import re
from collections.abc import Sequence
from typing import Final

from albumart.evaluation.intervals import Estimate

UNKNOWN: Final = "–"
# Names of baselines → words. A baseline that is not here is shown by its own name.
BASELINE_TITLES: Final[dict[str, str]] = {
    "chance": "guessing any {noun} at random",
    "majority": "always guessing the most common {noun}",
    "popularity": "knowing only how common each {noun} is",
    "histogram_neighbours": "neighbours by colour histogram",
    "boosted_histograms": "boosted trees on colour histograms",
    "linear_probe": "linear probe on frozen features",
    "zero_shot": "the backbone untaught, told each {noun}'s name",
}


def percent(share: float, digits: int = 1) -> str:
    """0.412 → ``41.2 %``, with a space that does not break."""
    return UNKNOWN if math.isnan(share) else f"{100 * share:.{digits}f}\u00a0%"


def percent_range(estimate: Estimate) -> str:
    """The interval in per cent: ``37.1–45.4``."""
    return _range(100 * estimate.low, 100 * estimate.high, digits=1)


def number(value: float, digits: int = 3) -> str:
    """0.4119 → ``0.412``."""
    # No figure is minus nothing.
    text = f"{round(value, digits) + 0.0:.{digits}f}"
    return UNKNOWN if math.isnan(value) else text.replace("-", "\u2212")


def number_range(estimate: Estimate) -> str:
    """The interval as it is: ``0.371–0.454``."""
    return _range(estimate.low, estimate.high, digits=3)


def learning_rate(value: float) -> str:
    """0.002136 → ``0.0021``, 0.000212 → ``2.1e−4``: two digits of it."""
    return plain(float(f"{value:.2g}"))


def plain(value: float) -> str:
    """0.25 → ``0.25``, 0.0001 → ``1e−4``, with a minus at which no line breaks."""
    small = 0 < abs(value) < 1e-3
    text = re.sub(r"\.?0*e-0?", "e-", f"{value:.5e}") if small else f"{value:g}"
    return text.replace("-", "\u2212")


def signed(value: float, digits: int = 1) -> str:
    """4.04 → ``+4.0``, −0.3 → ``−0.3``."""
    return f"+{number(value, digits)}" if value > 0 else number(value, digits)


def count(n: int) -> str:
    """4444 → ``4,444``."""
    return f"{n:,}"


def covers_word(n: int) -> str:
    """``1 cover``, ``2 covers``."""
    return f"{n:,}\u00a0{'cover' if n == 1 else 'covers'}"


def capital(text: str) -> str:
    """``micro PR-AUC`` → ``Micro PR-AUC``."""
    return text[:1].upper() + text[1:]


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def baseline_title(name: str, noun: str) -> str:
    """``majority`` → ``always guessing the most common genre``."""
    return BASELINE_TITLES.get(name, name.replace("_", " ")).replace("{noun}", noun)


def plural(noun: str) -> str:
    """``genre`` → ``genres``."""
    return f"{noun}s"


def _range(low: float, high: float, *, digits: int) -> str:
    if math.isnan(low) or math.isnan(high):
        return UNKNOWN
    joint = "–" if low >= 0 else " to "
    return f"{number(low, digits)}{joint}{number(high, digits)}"

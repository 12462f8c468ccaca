"""SECTIONS: what a report is made of, in order. A new section is one function and one row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from albumart.reports import materials, results
from albumart.reports.inputs import ReportInput


@dataclass(frozen=True, slots=True)
class Section:
    """``body`` makes the escaped HTML under the title, or ``None`` to be left out."""

    title: str
    body: Callable[[ReportInput], Markup | None]


SECTIONS: Final[dict[str, Section]] = {
    "comparison": Section("Against guessing", results.comparison),
    "classes": Section("Class by class", results.per_class),
    "confusion": Section("What is taken for what", results.confusion),
    "mistakes": Section("Worst mistakes", results.mistakes),
    "calibration": Section("How sure it is", results.calibration),
    "metrics": Section("All figures", results.metrics),
    "covers": Section("Covers by class", materials.covers),
    "dataset": Section("The data", materials.dataset),
    "validation": Section("Checks of the data", materials.validation),
    "training": Section("Training", materials.training),
    "reproduce": Section("Do it again", materials.reproduce),
}

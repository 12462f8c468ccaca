"""Sections about where the result holds: slices, and whether covers tell their source."""

import math
from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from albumart.evaluation.intervals import Estimate
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.evaluation.shortcut import LEAST_OF_CELL, SourceProbe
from albumart.evaluation.skin import SKIN_COLOUR
from albumart.evaluation.slices import LEAST_GROUPS, LEAST_ROWS, Slice
from albumart.reports import blocks, figures, trust_figures
from albumart.reports.figures import Contender
from albumart.reports.headline import headline_estimate, headline_figure
from albumart.reports.inputs import ReportInput
from albumart.reports.wording import (
    UNKNOWN,
    capital,
    count,
    covers_word,
    listed,
    percent,
    percent_range,
)


def slices(report: ReportInput) -> Markup | None:
    """The headline figure again, by source, decade, size and kind of cover."""
    sizes = Counter(one.column for one in report.slices)
    several = [one for one in report.slices if sizes[one.column] > 1]
    alone = [f"{one.column}: {one.name}" for one in report.slices if sizes[one.column] == 1]
    if not report.slices:
        return None
    return blocks.join(
        _slices_figure(report, several) if several else None,
        blocks.paragraph(f"All test covers are alike in {'; '.join(alone)}.") if alone else None,
        blocks.paragraph(_slices_caveat(report)) if several else None,
    )


def source(report: ReportInput) -> Markup | None:
    """Whether a cover tells its source, which a classifier could use as a short cut."""
    if report.probe is not None:
        return _probed(report.probe)
    sources = list(report.dataset.by_source)
    if not sources:
        return None
    if len(sources) == 1:
        return blocks.paragraph(
            f"All covers are from one source, {sources[0]}: there is none to tell it from."
        )
    return blocks.missing(
        f"The covers are from {listed(sources)}, but whether they can be told apart was not asked: "
        f"it takes {LEAST_OF_CELL} covers or more of two sources in one class."
    )


def _slices_figure(report: ReportInput, several: Sequence[Slice]) -> Markup:
    figure, overall = headline_figure(report), headline_estimate(report)
    return blocks.join(
        blocks.figure(
            trust_figures.plot_slices(several, overall, figure.value),
            alt=f"{capital(figure.title)} by slice: "
            + "; ".join(f"{one.column} {one.name} {_slice_value(report, one)}" for one in several),
            shows=f"The {figure.title} again, for parts of the test covers.",
            reading="A dot is one part with its 95\u00a0% interval; the dashed line is all covers. "
            f"A part of fewer than {LEAST_ROWS} covers, or of fewer than {LEAST_GROUPS} groups, is "
            "too small for a number. Of twenty intervals, one misses by chance.",
        ),
        blocks.details(
            "Numbers behind this figure",
            blocks.table(
                f"{capital(figure.title)} by slice",
                ("by", "slice", "covers", figure.title, "95 % interval"),
                [_slice_row(report, one) for one in several],
                text_columns=(0, 1),
            ),
        ),
    )


def _slice_row(report: ReportInput, one: Slice) -> tuple[str, ...]:
    interval = headline_figure(report).interval(one.estimate) if one.estimate else UNKNOWN
    return one.column, one.name, count(one.n), _slice_value(report, one), interval


def _slice_value(report: ReportInput, one: Slice) -> str:
    return headline_figure(report).value(one.estimate.value) if one.estimate else "too few"


def _slices_caveat(report: ReportInput) -> str:
    text = (
        "Slices differ in their mix of classes too: one that does worse may hold harder classes, "
        "and need not be harder to see."
    )
    if any(one.column == SKIN_COLOUR and one.name != "none" for one in report.slices):
        text += (
            " Skin colour is told by pixels alone: wood, sand and sepia look like it, and a face "
            "in black and white does not. It is asked because a model may lean on it, and says "
            "nothing about anybody."
        )
    if isinstance(report.evaluation, MultiEvaluation):
        text += (
            f" And {headline_figure(report).title} is higher where more of the labels are true, "
            "or where covers are few."
        )
    return text


def _probed(probe: SourceProbe) -> Markup:
    contenders = [
        Contender("a simple model that sees the cover", probe.accuracy, "ours"),
        Contender(
            "knowing only its class", Estimate(probe.majority, math.nan, math.nan, 0), "baseline"
        ),
    ]
    rows = [
        (one.label, percent(one.estimate.value), percent_range(one.estimate)) for one in contenders
    ]
    caption = f"Told the source of {covers_word(probe.accuracy.n)}"
    return blocks.join(
        blocks.paragraph(_probe_told(probe)),
        blocks.figure(
            figures.plot_comparison(contenders),
            alt="; ".join(f"{who} {right}" for who, right, _ in rows),
            shows="How often the source of a cover is told right.",
            reading=f"The covers are from {listed(probe.sources)}; their classes are "
            f"{listed(probe.classes)}. Of each class as many were drawn from each of its sources. "
            "The line is a 95\u00a0% interval.",
        ),
        blocks.details(
            "Numbers behind this figure",
            blocks.table(caption, ("who", "right", "95 % interval"), rows),
        ),
    )


def _probe_told(probe: SourceProbe) -> str:
    accuracy = probe.accuracy
    found = (
        f"A simple model tells the source of {percent(accuracy.value)} of covers that it did not "
        f"learn from (95\u00a0% interval {percent_range(accuracy)}, "
        f"n\u00a0=\u00a0{count(accuracy.n)}); whoever knows only their class gets "
        f"{percent(probe.majority)}."
    )
    if accuracy.low > probe.majority:
        return (
            f"{found} So a cover does tell where it was collected, by its size, crop or "
            "compression perhaps, and a classifier may take that as a short cut: “looks like this "
            "source, so rather that class”. Read the figures by source with this in mind."
        )
    return f"{found} So no trace of the source was found that a classifier could use."

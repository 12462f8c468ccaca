"""The section about the same training again: seeds, what leaks, and folds."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from albumart.evaluation.intervals import Estimate
from albumart.evaluation.metrics import METRICS
from albumart.evaluation.multi_metrics import MULTI_METRICS
from albumart.evaluation.seeds import SeedSummary
from albumart.evaluation.trials import Trials
from albumart.reports import blocks, figures
from albumart.reports.figures import Contender
from albumart.reports.headline import headline_figure
from albumart.reports.inputs import ReportInput
from albumart.reports.wording import (
    covers_word,
    number,
)

TITLES: Final[dict[str, str]] = {
    **{name: metric.title for name, metric in METRICS.items()},
    **{name: metric.title for name, metric in MULTI_METRICS.items()},
}


def trials(report: ReportInput) -> Markup:
    """The same training again: other seeds, a random split, folds."""
    found, metric = report.trials, headline_figure(report).metric
    if found is None or metric not in found.grouped:
        return blocks.missing(
            "The model was trained once: this report cannot say how much of its figures is luck of "
            "one seed, nor what a random split would have shown."
        )
    return blocks.join(
        blocks.paragraph(_seeds_told(report, found)),
        _trials_figure(report, found),
        _seeds_table("Figures over the seeds, groups kept whole", found.seeds, found.grouped),
        _leakage(report, found),
        _crossed(report, found),
    )


def _seeds_told(report: ReportInput, found: Trials) -> str:
    figure = headline_figure(report)
    own = found.grouped[figure.metric]
    if len(own.values) == 1:
        return "Trained with one seed only, so that the luck of the seed is not known."
    name, size = figure.unit
    spread = number(size * own.spread, 1 if size > 1 else 3)
    return (
        f"Trained with {len(own.values)} seeds, the model reaches a mean {figure.title} of "
        f"{figure.value(own.mean)}, with a standard deviation of {spread}{name}. That is the luck "
        "of training alone. The luck of the covers is in the 95\u00a0% interval."
        + ("" if not math.isnan(own.mean) else " A seed whose training failed has no figure.")
    )


def _trials_figure(report: ReportInput, found: Trials) -> Markup:
    contenders, figure = _trial_contenders(report, found), headline_figure(report)
    told = "; ".join(f"{one.label} {figure.value(one.estimate.value)}" for one in contenders)
    rows = [
        (one.label, figure.value(one.estimate.value), figure.interval(one.estimate))
        for one in contenders
    ]
    return blocks.join(
        blocks.figure(
            figures.plot_trials(contenders, figure.value),
            alt=f"Mean {figure.title}: {told}",
            shows="How much the seed and the split matter.",
            reading=_trials_reading(report, found),
        ),
        blocks.details(
            "Numbers behind this figure",
            blocks.table(
                f"Mean {figure.title} with the interval drawn",
                ("trained and tested on", f"mean {figure.title}", "interval"),
                rows,
            ),
        ),
    )


def _trial_contenders(report: ReportInput, found: Trials) -> list[Contender]:
    metric = headline_figure(report).metric
    rows = [("groups kept whole, as in this report", "ours", found.grouped)]
    rows += [("a random split, groups parted", "published", found.random)] if found.random else []
    contenders = [
        Contender(label, _enclosing(summary[metric]), kind, summary[metric].values)
        for label, kind, summary in rows
    ]
    if found.crossed is not None:
        label = f"every cover tested once, in {found.folds} folds by group"
        contenders.append(Contender(label, found.crossed, "baseline"))
    return contenders


def _trials_reading(report: ReportInput, found: Trials) -> str:
    reading = (
        "Each small ring is one training; the mark is their mean. The line holds the 95\u00a0% "
        "intervals of all of them. The scale does not begin at 0."
    )
    if found.random and report.dataset.artists_known:
        reading += (
            " On the random split (diamond) covers of one artist, and near-duplicates, lie in "
            "training and in test: the model is asked about what it has seen."
        )
    elif found.random:
        reading += (
            " On the random split (diamond) near-duplicates lie in training and in test. No artist "
            "is known, so that covers of one artist may lie on both sides of either split: what "
            "they leak, this comparison cannot show."
        )
    return reading


def _seeds_table(caption: str, seeds: Sequence[int], found: Mapping[str, SeedSummary]) -> Markup:
    return blocks.table(
        caption,
        ("figure", "mean", "± spread", *(f"seed {seed}" for seed in seeds)),
        [
            (
                TITLES.get(name, name),
                number(summary.mean),
                number(summary.spread),
                *map(number, summary.values),
            )
            for name, summary in found.items()
        ],
    )


def _leakage(report: ReportInput, found: Trials) -> Markup | None:
    if found.leakage is None:
        return None
    figure = headline_figure(report)
    own, random = found.grouped[figure.metric], found.random[figure.metric]
    rows = [
        ("a random split", figure.value(random.mean), figure.interval(_enclosing(random))),
        ("groups kept whole", figure.value(own.mean), figure.interval(_enclosing(own))),
        ("difference", *figure.change(found.leakage)),
    ]
    return blocks.join(
        blocks.subtitle("What leaks where the split is random"),
        blocks.paragraph(
            f"A random split moves the {figure.title} by {figure.difference(found.leakage)}. "
            f"{_leak_told(found.leakage)} Below, the interval of a split holds those of its seeds. "
            "All of it is about these trained models and this one random split: another draw would "
            "move it, too."
        ),
        blocks.table(
            "Leakage: mean of the seeds on both splits",
            ("split", figure.title, "95 % interval"),
            rows,
        ),
        blocks.details(
            "All figures on the random split",
            _seeds_table("Figures over the seeds, random split", found.seeds, found.random),
        ),
    )


def _leak_told(leakage: Estimate) -> str:
    if leakage.low > 0:
        return (
            "The whole interval lies above zero: part of what a random split shows is that the "
            "model knows an artist or a picture again. Figures from random splits, published ones "
            "among them, may be too high by as much."
        )
    if leakage.high < 0:
        return "The whole interval lies below zero: nothing leaks that would help the model."
    return "The interval holds zero: on these covers no leak can be told from chance."


def _crossed(report: ReportInput, found: Trials) -> Markup | None:
    if found.crossed is None:
        return None
    figure = headline_figure(report)
    return blocks.join(
        blocks.subtitle(f"Every cover tested once, in {found.folds} folds"),
        blocks.paragraph(
            f"The data were dealt into {found.folds} parts, groups kept whole; each part was "
            "tested by a model that learned from others. Over all "
            f"{covers_word(found.crossed.n)} the {figure.title} is "
            f"{figure.value(found.crossed.value)} (95\u00a0% interval "
            f"{figure.interval(found.crossed)}, bootstrapped by group)."
        ),
    )


def _enclosing(summary: SeedSummary) -> Estimate:
    """The mean with the ends that hold every seed's interval."""
    return Estimate(summary.mean, summary.low, summary.high, summary.n)

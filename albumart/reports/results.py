"""Sections about how well the model does, and what it takes for what."""

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from albumart.evaluation.baselines import NotRun
from albumart.evaluation.evaluate import ClassScore, Evaluation, most_confused
from albumart.evaluation.intervals import Estimate, wilson
from albumart.reports import blocks, figures
from albumart.reports.figures import Contender
from albumart.reports.headline import baseline_estimates, headline_estimate, headline_figure
from albumart.reports.inputs import PublishedResult, ReportInput
from albumart.reports.wording import (
    UNKNOWN,
    baseline_title,
    capital,
    count,
    percent,
    percent_range,
)

PAIRS: Final = 10


def comparison(report: ReportInput) -> Markup:
    """Our headline figure beside what guessing, simple methods and other people reach."""
    found, figure = contenders(report), headline_figure(report)
    return blocks.join(
        blocks.figure(
            figures.plot_comparison(found, figure.value),
            alt=f"{capital(figure.title)} of each: "
            + "; ".join(f"{c.label} {figure.value(c.estimate.value)}" for c in found),
            shows=f"Who reaches which {figure.title}, best first.",
            reading=_comparison_reading(report),
        ),
        None if len(found) > 1 else blocks.missing("No baseline was run beside this model."),
        blocks.details(
            "Numbers behind this figure",
            blocks.table(
                f"{capital(figure.title)} with 95 % interval",
                ("who", figure.title, "95 % interval", "covers"),
                [_contender_row(report, contender) for contender in found],
            ),
        ),
        _gains(report),
        _not_run(report),
    )


def per_class(report: ReportInput, evaluation: Evaluation) -> Markup:
    """Recall and precision of each class."""
    scores = evaluation.per_class
    return blocks.join(
        blocks.figure(
            figures.plot_recall(scores),
            alt="Recall by class: "
            + "; ".join(f"{score.name} {percent(score.recall.value, 0)}" for score in scores),
            shows=f"Of the covers of one {report.study.label_noun}, how many the model finds.",
            reading="The dot is the recall; the line is where it may lie for other covers of the "
            "same kind (95 % interval). The fewer covers, the longer the line. "
            + _easiest_and_hardest(scores),
        ),
        blocks.table(
            "Precision and recall by class, with 95 % intervals",
            ("class", "test covers", "recall", "95 % interval", "precision", "95 % interval"),
            [_class_row(score) for score in scores],
        ),
        blocks.paragraph(
            "Recall: of the covers that are of this class, the share that the model calls so. "
            "Precision: of the covers that the model calls so, the share that are.",
            "aside",
        ),
    )


def confusion(report: ReportInput, evaluation: Evaluation) -> Markup:
    """Which class is taken for which."""
    matrix, classes = evaluation.confusion, evaluation.classes
    return blocks.join(
        blocks.figure(
            figures.plot_confusion(matrix, classes),
            alt=f"Confusion matrix by true class. {_commonest_mistakes(evaluation)}",
            shows="What the model takes for what.",
            reading="A row holds the test covers of one true class, a column what the model called "
            "them. Numbers are per cent of the row, so that each row adds up to 100 and the "
            f"diagonal is the recall. {_commonest_mistakes(evaluation)}",
        ),
        _confused_pairs(evaluation),
        blocks.details("The same by what the model said", _by_prediction(evaluation)),
        blocks.details(
            "Covers counted",
            blocks.table(
                "Covers by true class (rows) and predicted class (columns)",
                ("true ↓ predicted →", *classes),
                [
                    (name, *(count(cell) for cell in row))
                    for name, row in zip(classes, matrix, strict=True)
                ],
            ),
        ),
    )


def _gains(report: ReportInput) -> Markup | None:
    """The model against each simple method, cover by cover."""
    if not report.gains:
        return None
    figure, noun = headline_figure(report), report.study.label_noun
    rows = [
        (baseline_title(name, noun), *figure.change(gain)) for name, gain in report.gains.items()
    ]
    even = [baseline_title(name, noun) for name, gain in report.gains.items() if gain.low <= 0]
    told = f" Not told from this model by these covers: {', '.join(even)}." if even else ""
    return blocks.join(
        blocks.table(
            f"This model's {figure.title} minus each simple method's",
            ("simple method", "difference", "95 % interval"),
            rows,
        ),
        blocks.paragraph(
            "Both answered the same covers, so the difference is known better than either figure: "
            f"an interval above zero is a model that does better.{told}",
            "aside",
        ),
    )


def contenders(report: ReportInput) -> list[Contender]:
    """The model and whoever it is to be read beside, best first."""
    ours = Contender("this model", headline_estimate(report), "ours")
    baselines = [
        Contender(baseline_title(name, report.study.label_noun), estimate, "baseline")
        for name, estimate in baseline_estimates(report).items()
    ]
    published = [_published(result) for result in report.published]
    everybody = [ours, *baselines, *_people(report), *published]
    return sorted(everybody, key=lambda one: -one.estimate.value)


def _people(report: ReportInput) -> list[Contender]:
    """People, where what they are asked is what the headline counts."""
    pooled = report.people.pooled if report.people else None
    if pooled is None or not isinstance(report.evaluation, Evaluation):
        return []
    return [Contender(f"people, on {count(pooled.covers)} of them", pooled.people, "baseline")]


def _published(result: PublishedResult) -> Contender:
    of = f"{result.classes} classes" if result.classes else ""
    told = ", ".join(filter(None, (result.source, of)))
    source = f" ({told})" if told else ""
    low, high = (math.nan if end is None else end for end in (result.low, result.high))
    return Contender(
        f"{result.what}{source}", Estimate(result.value, low, high, 0), kind="published"
    )


def _comparison_reading(report: ReportInput) -> str:
    reading = "The circle is this model"
    if baseline_estimates(report):
        reading += "; squares are guesses and simple methods, scored on the same test covers"
    if _people(report):
        reading += "; people labelled some of these covers blind, a fair sample of them"
    if report.published:
        reading += (
            "; diamonds are published results, scored on other covers, so that they compare in "
            "kind and not to the digit"
        )
    own = len(report.evaluation.classes) if isinstance(report.evaluation, Evaluation) else None
    if own and any(result.classes not in (None, own) for result in report.published):
        reading += (
            f". This model tells {own} classes apart, which is easier the fewer they are: a figure "
            "of another number of classes does not stand level with it"
        )
    return f"{reading}. A line through a mark is its 95 % interval."


def _contender_row(report: ReportInput, contender: Contender) -> tuple[str, str, str, str]:
    estimate, figure = contender.estimate, headline_figure(report)
    covers = count(estimate.n) if estimate.n else UNKNOWN
    return contender.label, figure.value(estimate.value), figure.interval(estimate), covers


def _not_run(report: ReportInput) -> Markup | None:
    rows = [
        (baseline_title(name, report.study.label_noun), outcome.reason)
        for name, outcome in report.baselines.items()
        if isinstance(outcome, NotRun)
    ]
    if not rows:
        return None
    return blocks.table("Baselines that were not run", ("who", "why"), rows, text_columns=(0, 1))


def _class_row(score: ClassScore) -> tuple[str, ...]:
    return (
        score.name,
        count(score.support),
        percent(score.recall.value),
        percent_range(score.recall),
        percent(score.precision.value),
        percent_range(score.precision),
    )


def _easiest_and_hardest(scores: Sequence[ClassScore]) -> str:
    known = sorted((s for s in scores if s.support), key=lambda score: score.recall.value)
    if len(known) < 2:
        return ""
    hardest, easiest = known[0], known[-1]
    return (
        f"Easiest here: {easiest.name} ({percent(easiest.recall.value, 0)}); "
        f"hardest: {hardest.name} ({percent(hardest.recall.value, 0)})."
    )


def _commonest_mistakes(evaluation: Evaluation) -> str:
    pairs = most_confused(evaluation, 3)
    if not pairs:
        return "No cover was called wrongly."
    told = "; ".join(f"{truth} called {call}: {count(covers)}" for truth, call, covers in pairs)
    return f"The commonest mistakes, in covers: {told}."


def _confused_pairs(evaluation: Evaluation) -> Markup | None:
    support = {score.name: score.support for score in evaluation.per_class}
    rows = [
        (truth, call, count(covers), percent(share.value), percent_range(share))
        for truth, call, covers in most_confused(evaluation, PAIRS)
        for share in [wilson(covers, support[truth])]
    ]
    if not rows:
        return None
    return blocks.table(
        "Most-confused pairs, by covers",
        ("of the covers that are", "called", "covers", "share", "95 % interval"),
        rows,
        text_columns=(0, 1),
    )


def _by_prediction(evaluation: Evaluation) -> Markup:
    return blocks.figure(
        figures.plot_confusion(evaluation.confusion, evaluation.classes, by_prediction=True),
        alt="Confusion matrix by predicted class",
        shows="What the covers are that the model calls by one name.",
        reading="Rows and columns are as above, but numbers are per cent of the column, so that "
        "each column adds up to 100 and the diagonal is the precision.",
    )

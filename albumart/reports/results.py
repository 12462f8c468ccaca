"""Sections about how well the model does."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from albumart.evaluation.evaluate import ClassScore, most_confused
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.metrics import METRICS
from albumart.reports import blocks, figures
from albumart.reports.figures import Contender
from albumart.reports.inputs import PublishedResult, ReportInput
from albumart.reports.wording import (
    UNKNOWN,
    baseline_title,
    count,
    covers_word,
    number,
    number_range,
    percent,
    percent_range,
)


def comparison(report: ReportInput) -> Markup:
    """Our accuracy beside what guessing, simple methods and other people reach."""
    contenders = _contenders(report)
    return blocks.join(
        blocks.figure(
            figures.plot_comparison(contenders),
            alt="Accuracy of each: "
            + "; ".join(f"{c.label} {percent(c.estimate.value)}" for c in contenders),
            shows="Who gets how many covers right, best first.",
            reading=_comparison_reading(report),
        ),
        None if report.baselines else blocks.missing("No baseline was run beside this model."),
        blocks.details(
            "Numbers behind this figure",
            blocks.table(
                "Accuracy with 95 % interval",
                ("who", "accuracy", "95 % interval", "covers"),
                [_contender_row(contender) for contender in contenders],
            ),
        ),
    )


def metrics(report: ReportInput) -> Markup:
    """Every figure of METRICS with its interval and its meaning."""
    rows = [
        (
            METRICS[name].title,
            number(estimate.value),
            number_range(estimate),
            "higher" if METRICS[name].higher_is_better else "lower",
            METRICS[name].meaning,
        )
        for name, estimate in report.evaluation.metrics.items()
    ]
    return blocks.join(
        blocks.paragraph(
            f"All of them are of the same {covers_word(report.evaluation.n)}, which the model "
            "never saw in training. Accuracies have Wilson's interval; the others are bootstrapped "
            "by group, so that covers that belong together are drawn together."
        ),
        blocks.table(
            "Figures on the test split",
            ("figure", "value", "95 % interval", "better", "what it says"),
            rows,
            text_columns=(0, 3, 4),
        ),
    )


def per_class(report: ReportInput) -> Markup:
    """Recall and precision of each class."""
    scores = report.evaluation.per_class
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


def confusion(report: ReportInput) -> Markup:
    """Which class is taken for which."""
    evaluation = report.evaluation
    return blocks.join(
        blocks.figure(
            figures.plot_confusion(evaluation.confusion, evaluation.classes),
            alt=f"Confusion matrix. {_commonest_mistakes(report)}",
            shows="What the model takes for what.",
            reading="A row holds the test covers of one true class, a column what the model called "
            "them. Numbers are per cent of the row, so that each row adds up to 100 and the "
            f"diagonal is the recall. {_commonest_mistakes(report)}",
        ),
        blocks.details(
            "Covers counted",
            blocks.table(
                "Covers by true class (rows) and predicted class (columns)",
                ("true ↓ predicted →", *evaluation.classes),
                [
                    (name, *(count(cell) for cell in row))
                    for name, row in zip(evaluation.classes, evaluation.confusion, strict=True)
                ],
            ),
        ),
    )


def calibration(report: ReportInput) -> Markup:
    """Whether the model is as often right as it says."""
    evaluation = report.evaluation
    return blocks.join(
        blocks.figure(
            figures.plot_reliability(evaluation.reliability),
            alt="Reliability plot: "
            + "; ".join(
                f"{percent(box.confidence, 0)} sure, {percent(box.accuracy.value, 0)} right"
                for box in evaluation.reliability
                if box.accuracy.n
            ),
            shows="Whether “70 % sure” is right seven times in ten.",
            reading="Each dot gathers the covers of which the model was about equally sure. On the "
            "dashed line it is as often right as it says; below, it is too sure of itself. The "
            "bars count the covers of each dot.",
        ),
        blocks.paragraph(_calibration_error(report)),
        blocks.details(
            "Numbers behind this figure",
            blocks.table(
                "Reliability of the top answer",
                ("sure between", "covers", "mean confidence", "right", "95 % interval"),
                [
                    (
                        f"{percent(box.low, 0)} and {percent(box.high, 0)}",
                        count(box.accuracy.n),
                        percent(box.confidence),
                        percent(box.accuracy.value),
                        percent_range(box.accuracy),
                    )
                    for box in evaluation.reliability
                    if box.accuracy.n
                ],
            ),
        ),
    )


def mistakes(report: ReportInput) -> Markup:
    """The covers on which the model was surest and wrong."""
    if not report.top_losses:
        return blocks.missing("No mistake was kept for this report.")
    return blocks.join(
        blocks.paragraph(
            "The worst first: the covers to whose own label the model gave the least probability. "
            "In bold what it said, and how sure it was. Some are mistakes of the model; some are "
            "covers that nobody would guess, or labels that are wrong."
        ),
        blocks.mistake_cards(report.top_losses),
    )


def _contenders(report: ReportInput) -> list[Contender]:
    ours = Contender("this model", report.evaluation.metrics["accuracy"], "ours")
    baselines = [
        Contender(baseline_title(name, report.study.label_noun), estimate, "baseline")
        for name, estimate in report.baselines.items()
    ]
    published = [_published(result) for result in report.published]
    return sorted([ours, *baselines, *published], key=lambda one: -one.estimate.value)


def _published(result: PublishedResult) -> Contender:
    source = f" ({result.source})" if result.source else ""
    low, high = (math.nan if end is None else end for end in (result.low, result.high))
    return Contender(
        f"{result.what}{source}", Estimate(result.value, low, high, 0), kind="published"
    )


def _comparison_reading(report: ReportInput) -> str:
    reading = "The circle is this model"
    if report.baselines:
        reading += "; squares are simple methods, scored on the same test covers"
    if report.published:
        reading += (
            "; diamonds are published results, scored on other covers, so that they compare in "
            "kind and not to the digit"
        )
    return f"{reading}. A line through a mark is its 95 % interval."


def _contender_row(contender: Contender) -> tuple[str, str, str, str]:
    estimate = contender.estimate
    covers = count(estimate.n) if estimate.n else UNKNOWN
    return contender.label, percent(estimate.value), percent_range(estimate), covers


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


def _commonest_mistakes(report: ReportInput) -> str:
    pairs = most_confused(report.evaluation, 3)
    if not pairs:
        return "No cover was called wrongly."
    told = "; ".join(f"{truth} called {call}: {count(covers)}" for truth, call, covers in pairs)
    return f"The commonest mistakes, in covers: {told}."


def _calibration_error(report: ReportInput) -> str:
    error, floor = report.evaluation.metrics["ece"], report.evaluation.ece_floor
    text = (
        f"The mean gap between confidence and accuracy is {percent(error.value)} "
        f"(95\u00a0% interval {percent_range(error)}). A perfectly calibrated model would show "
        f"about {percent(floor)} on as few covers, by chance alone."
    )
    if report.temperature is None:
        return text
    direction = "softened" if report.temperature > 1 else "sharpened"
    return (
        f"{text} Probabilities were {direction} by a temperature of "
        f"{number(report.temperature, 2)}, fitted on the validation split."
    )

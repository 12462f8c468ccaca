"""Sections about how well the model does where a cover has several labels."""

from typing import Final

from markupsafe import Markup

from albumart.evaluation.multi_evaluate import LabelScore, MultiEvaluation
from albumart.reports import blocks, trust_figures
from albumart.reports.inputs import ReportInput
from albumart.reports.wording import (
    count,
    number,
    number_range,
    percent,
    percent_range,
    plural,
)

COLUMNS: Final = (
    *("label", "covers", "average precision", "95 % interval", "guessing", "ROC-AUC"),
    *("precision", "95 % interval", "recall", "95 % interval"),
)


def per_label(report: ReportInput, evaluation: MultiEvaluation) -> Markup:
    """Average precision of each label beside guessing; precision and recall at the threshold."""
    shown = trust_figures.commonest(evaluation.per_label)
    nouns = plural(report.study.label_noun)
    return blocks.join(
        blocks.figure(
            trust_figures.plot_labels(shown, evaluation.n),
            alt="Average precision by label: "
            + "; ".join(f"{one.name} {number(one.average_precision.value, 2)}" for one in shown),
            shows=f"How well the covers of each {report.study.label_noun} are found.",
            reading="All test covers are ranked by how probable the model holds the label. Average "
            "precision is 1 where those that have it come first. The square is about what ranking "
            "at random gets: the share of the covers that have the label; n is their number. "
            + _above_guessing(evaluation)
            + (f" Shown are the {len(shown)} commonest {nouns}." if _cut(evaluation) else ""),
        ),
        blocks.details(
            "Numbers behind this figure",
            blocks.table(
                f"By label, on {count(evaluation.n)} test covers",
                COLUMNS,
                [_label_row(one, evaluation.n) for one in evaluation.per_label],
            ),
        ),
        blocks.paragraph(
            f"In the table, precision and recall are at a threshold of "
            f"{percent(evaluation.threshold, 0)}: a cover is said to have a label from that "
            "probability on. Precision: of the covers said to have it, the share that do. Recall: "
            "of the covers that have it, the share that are said to.",
            "aside",
        ),
    )


def confused(report: ReportInput, evaluation: MultiEvaluation) -> Markup | None:
    """Which label is said in the stead of which."""
    if not report.confused:
        return None
    rows = [(missed, said, count(covers)) for missed, said, covers in report.confused]
    return blocks.join(
        blocks.paragraph(
            "Each cover is taken to be told as many labels as it has, the most probable ones. A "
            "true label that is not among them is missed; a false one that is, is said in its "
            "stead."
        ),
        blocks.table(
            "Most-confused labels, by covers",
            ("missed", "said in its stead", "covers"),
            rows,
            text_columns=(0, 1),
        ),
    )


def _label_row(score: LabelScore, n: int) -> tuple[str, ...]:
    return (
        score.name,
        count(score.support),
        number(score.average_precision.value),
        number_range(score.average_precision),
        number(score.support / n),
        number(score.roc_auc.value),
        percent(score.precision.value),
        percent_range(score.precision),
        percent(score.recall.value),
        percent_range(score.recall),
    )


def _above_guessing(evaluation: MultiEvaluation) -> str:
    above = [
        one
        for one in evaluation.per_label
        if one.average_precision.low > one.support / evaluation.n
    ]
    text = (
        f"For {count(len(above))} of {count(len(evaluation.labels))} the whole interval lies above "
        "that."
    )
    if not above:
        return text
    best = max(above, key=lambda one: one.average_precision.value - one.support / evaluation.n)
    return f"{text} Furthest above: {best.name}."


def _cut(evaluation: MultiEvaluation) -> bool:
    return len(evaluation.labels) > trust_figures.MOST_LABELS

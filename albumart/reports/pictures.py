"""Sections that show covers: a few of each class, the most typical ones, the worst mistakes."""

from typing import Final

from markupsafe import Markup

from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.reports import blocks
from albumart.reports.inputs import ReportInput

WORST_FIRST: Final[dict[type, str]] = {
    Evaluation: "The worst first: the covers to whose own label the model gave the least "
    "probability. In bold what it said, and how sure it was.",
    MultiEvaluation: "The worst first: the covers whose labels surprised the model most, taken "
    "over all labels. In bold the label of which it was surest.",
}


def covers(report: ReportInput) -> Markup | None:
    """A few random covers of each class, so that one sees what the labels mean."""
    shown = {name: pictures for name, pictures in report.covers.items() if pictures}
    if not shown:
        return None
    rows = [
        blocks.join(blocks.subtitle(name), blocks.cover_row(name, pictures))
        for name, pictures in shown.items()
    ]
    intro = "Drawn at random. Try it yourself: would you have guessed?"
    return blocks.join(blocks.paragraph(intro), *rows)


def typical(report: ReportInput) -> Markup | None:
    """The covers that look most like each class to the model."""
    shown = {name: examples for name, examples in report.typical.items() if examples}
    if not shown:
        return None
    rows = [
        blocks.join(blocks.subtitle(f"Most {name}"), blocks.typical_cards(examples))
        for name, examples in shown.items()
    ]
    intro = (
        f"Of the test covers, those that look most like each {report.study.label_noun} to the "
        "model, the surest first. They show what it looks for. Where the label says something "
        "else, it stands below."
    )
    return blocks.join(blocks.paragraph(intro), *rows)


def mistakes(report: ReportInput) -> Markup:
    """The covers on which the model was surest and wrong."""
    if not report.top_losses:
        return blocks.missing("No mistake was kept for this report.")
    return blocks.join(
        blocks.paragraph(
            f"{WORST_FIRST[type(report.evaluation)]} Some are mistakes of the model; some are "
            "covers that nobody would guess, or labels that are wrong."
        ),
        blocks.example_cards(report.top_losses),
    )

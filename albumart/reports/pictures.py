"""Sections that show covers: a few of each class, the most typical, a map, the worst mistakes."""

from collections import Counter
from typing import Final

from markupsafe import Markup

from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.reports import blocks, plane_figures
from albumart.reports.inputs import CoverPlane, ReportInput
from albumart.reports.wording import count, covers_word

MOST_PANELS: Final = 12  # labels that have a small map; of more, the commonest

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


def plane(report: ReportInput) -> Markup | None:
    """The test covers on a map, and where each label lies on it."""
    found, noun = report.plane, report.study.label_noun
    if found is None:
        return None
    labels = _shown_labels(report, found)
    drawn = plane_figures.plot_labels_on_plane(found.covers, labels)
    right = sum(cover.right for cover in found.covers)
    of = count(len(found.covers))
    return blocks.join(
        blocks.cover_plane(
            found.covers,
            alt=f"A map of {covers_word(len(found.covers))}, some of them shown as pictures.",
            shows="Covers that look alike to the model lie near each other.",
            reading=_plane_reading(found),
        ),
        blocks.figure(
            drawn,
            alt=f"The same map for each {noun}; {count(right)} of {of} covers are named right.",
            shows=f"Where the covers of each {noun} lie on that map.",
            reading=f"A mark is a cover with that {noun}: filled where the model names the {noun} "
            "first, a ring where it names another. Specks are all the others. Marks that lie "
            f"together are a {noun} with a look of its own; where they lie everywhere, its covers "
            "look like anything.",
        ),
    )


def _shown_labels(report: ReportInput, found: CoverPlane) -> list[str]:
    """The commonest on the map, in the order of the report."""
    counts = Counter(label for cover in found.covers for label in cover.labels)
    commonest = {name for name, _ in counts.most_common(MOST_PANELS)}
    names = [score.name for score in report.scores]
    return [name for name in names if name in commonest]


def _plane_reading(found: CoverPlane) -> str:
    shown, n = len(found.covers), found.n
    which = f"a sample of {count(shown)} of the {count(n)}" if shown < n else f"the {count(n)}"
    how = "near covers are alike; far distances mean nothing"
    if found.method == "PCA":
        how = "it is the plane in which they differ most"
    return (
        f"These are {which} test covers, placed by what the network sees in them before it decides "
        f"({found.method}: {how}). In each part of the map one cover is shown; dots are the "
        "others. Up, down, left and right mean nothing by themselves."
    )


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

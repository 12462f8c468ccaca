"""The model's card and the dataset's: what they are for, what not, and what is known to be weak."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from markupsafe import Markup

from albumart.dataset.card import (
    HOLDS,
    LICENCE,
    NOT_FOR,
    ORIGINS,
    SOURCE_NOTES,
    UNKNOWN_SOURCE,
    Card,
)
from albumart.evaluation.evaluate import Evaluation
from albumart.models.backbones import BACKBONES, Backbone
from albumart.reports import blocks
from albumart.reports.headline import headline, verdict
from albumart.reports.inputs import ReportInput
from albumart.reports.wording import count, covers_word, listed, plural

FEW: Final = 20  # test covers of a class, below which its figures say little
PURPOSE: Final = (
    "To tell how a cover reads to somebody who has only ever seen covers: to compare drafts, to "
    "look through a collection, to study what the covers of a {noun} share. It judges pictures and "
    "never heard the music; that a cover does not read as its {noun} is no fault of the cover."
)
ELSEWHERE: Final = (
    "Its probabilities are calibrated for covers like those of its dataset. For others, of another "
    "time, country or kind of source, they may be wrong by more than the intervals say."
)


def cards(report: ReportInput) -> Markup:
    """Both cards, in that order."""
    return blocks.join(
        blocks.subtitle("The model"),
        blocks.paragraph(_what(report)),
        blocks.statement("What it is for.", PURPOSE.format(noun=report.study.label_noun)),
        blocks.statement("What it must not be used for.", NOT_FOR),
        blocks.statement("How good it is.", f"{headline(report)} {verdict(report)}".rstrip()),
        blocks.statement("What is known to be weak."),
        blocks.bullets(_limits(report)),
        blocks.subtitle("The dataset"),
        *_dataset(report.card),
    )


def _what(report: ReportInput) -> str:
    plan, noun = report.plan, report.study.label_noun
    version = f"Version {report.decision.version}" if report.decision else "A model"
    learned = sum(report.dataset.by_split.get("train", {}).values())
    told = f"{version} of the study {report.study.name}: pixels of a cover in, a probability for "
    told += f"each of {count(len(report.scores))} {plural(noun)} out."
    if isinstance(report.evaluation, Evaluation) and learned:
        told += f" It learned from {covers_word(learned)}."
    row = BACKBONES.get(str(plan.get("backbone")))
    if row is not None:
        told += f" Its backbone is {row.name}, begun with {_weights(str(plan['weights']), row)}."
    return told


def _weights(named: str, row: Backbone) -> str:
    """Of another file than Keras's own, whose it is only its owner knows."""
    if named == "imagenet":
        return f"ImageNet weights ({row.licence})"
    return "random weights" if named == "random" else f"the weights of {PurePath(named).name}"


def _limits(report: ReportInput) -> Iterator[str]:
    if report.headline_note:
        yield report.headline_note
    few = [score.name for score in report.scores if score.support < FEW]
    if few:
        yield f"Fewer than {FEW} test covers, so that their figures say little: {listed(few)}."
    if report.wanted_precision is not None and report.threshold is None:
        yield "No confidence was found from which on its answers are right often enough."
    yield ELSEWHERE


def _dataset(card: Card | None) -> Iterator[Markup]:
    if card is None:
        yield blocks.missing("This dataset version was built without a card.")
        return
    notes = [(name, n, SOURCE_NOTES.get(name, UNKNOWN_SOURCE)) for name, n in card.sources.items()]
    rows = [(name, count(n), note.licence, note.manners) for name, n, note in notes]
    yield blocks.paragraph(f"{HOLDS} {_asked(card)}")
    yield blocks.table(
        "Sources, licences and manners",
        ("source", "albums", "whose it is", "how it is asked"),
        rows,
        text_columns=(0, 2, 3),
    )
    yield blocks.statement("What may be passed on.", LICENCE)
    yield blocks.statement("What is known to be weak.")
    yield blocks.bullets(card.limits)
    yield blocks.statement("The command that builds it again.")
    yield blocks.command(card.reproduce)


def _asked(card: Card) -> str:
    years = "" if card.years is None else " Their albums are of {} to {}.".format(*card.years)
    return (
        f"It was built on {card.built:%-d %B %Y} of {count(card.albums)} albums with "
        f"{covers_word(card.covers)} that differ. Who answered: {ORIGINS[card.origin]}.{years}"
    )

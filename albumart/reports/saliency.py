"""Sections about what the model sees in covers: where it looks, and what its backbone knew."""

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from albumart.reports import blocks
from albumart.reports.inputs import Looks, ReportInput
from albumart.reports.wording import number

ALIKE: Final = 0.5  # rank correlation from which on maps are no longer to be believed


def looks(report: ReportInput) -> Markup | None:
    """Covers beside the same with heat where the model finds what speaks for a label."""
    found = report.looks
    if found is None:
        return None
    typical = [one for few in found.typical.values() for one in few]
    noun = report.study.label_noun
    return blocks.join(
        blocks.paragraph(_what_it_shows(found, noun)),
        blocks.paragraph(_what_it_does_not(noun)),
        blocks.paragraph(_whether_to_believe(found)),
        blocks.subtitle(f"In the covers that look most like each {noun}"),
        blocks.looked_cards(typical),
        *_mistakes(found),
    )


def imagenet(report: ReportInput) -> Markup | None:
    """What the backbone called a few covers before it learnt anything of covers."""
    if not report.sightings:
        return None
    return blocks.join(
        blocks.paragraph(
            "Before it learnt anything of covers, the network told a thousand everyday things "
            "apart: those of ImageNet, animals and tools above all. This is what it takes these "
            f"covers for, most likely first. No {report.study.label_noun} is among those things, "
            "so none of it is right or wrong: it shows what kind of sight the model began with."
        ),
        blocks.seen_cards(report.sightings),
    )


def _what_it_shows(found: Looks, noun: str) -> str:
    return (
        f"Each cover stands beside the same cover with heat, made by {found.method} "
        f"({found.source}). The lighter and yellower a place, the more {found.reading}. The line "
        f"runs about what is above half of the hottest. Below it stand the {noun} that was looked "
        "for and its probability."
    )


def _what_it_does_not(noun: str) -> str:
    return (
        "It shows where, not what the model saw there, and not why; a place that people would call "
        f"telling for the {noun} proves nothing. Each map is as bright as the next at its hottest, "
        "so that covers cannot be compared by brightness. And the maps are coarse: a glow is wider "
        "than what causes it."
    )


def _whether_to_believe(found: Looks) -> str:
    told = (
        "Do the maps come from what the model has learnt, or from the covers alone? All of its "
        f"weights were shuffled and {found.checked} maps made again. Their rank correlation with "
        f"those shown is {number(found.correlation, 2)} on average; 1 would mean that nothing it "
        "learnt matters (Adebayo et al. 2018). "
    )
    if abs(found.correlation) < ALIKE:
        return told + "So the maps pass this check."
    return told + "So the maps fail this check: do not read anything into them."


def _mistakes(found: Looks) -> Iterator[Markup]:
    if found.mistakes:
        yield blocks.subtitle("In the worst mistakes")
        yield blocks.paragraph(
            "First what speaks for what the model said, then what speaks for the label that it "
            "missed."
        )
        yield blocks.looked_cards(found.mistakes)

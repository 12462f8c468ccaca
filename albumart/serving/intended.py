"""When a version is sure enough to answer, and whether a cover reads as what it is meant to be."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from albumart.stores.models import ModelVersion
from albumart.stores.predictions import class_number


@dataclass(frozen=True, slots=True)
class Intended:
    """Whether a cover reads as the genre, or the mood, that it is meant for.

    Attributes:
        intended: the label that was asked about.
        fits: it is the likeliest; where a cover may carry several labels, it is among those that
            are said of it.
        probability: of the intended label.
        rank: its place by probability, from 1.
        labels: how many there are.
        taken_for: the likeliest other label, where it does not fit; None where it does, and where
            no label is said at all.
        not_sure: the version is not sure of any label; ``fits`` is then no more than a leaning.
        sentence: all of it in plain words.
    """

    intended: str
    fits: bool
    probability: float
    rank: int
    labels: int
    taken_for: str | None
    not_sure: bool
    sentence: str


def carries_several(version: ModelVersion) -> bool:
    """Whether its covers may carry several labels, whose probabilities need not sum to 1."""
    return "popularity" in version.evaluation


def least_confidence(version: ModelVersion) -> float:
    """How probable the likeliest label must be; ``inf`` where nothing is enough.

    Of labels of which one is right: the confidence from which on answers are right as often as
    the study asks. Where there may be several: the probability from which on a label is said.
    """
    if carries_several(version):
        return float(version.evaluation["threshold"])
    return math.inf if version.threshold is None else float(version.threshold["confidence"])


def judge_intended(
    version: ModelVersion, probabilities: NDArray[np.float32], intended: str
) -> Intended:
    """What ``version`` says of a cover that is meant to be ``intended``.

    Args:
        version: that gave the probabilities.
        probabilities: ``(k,)``, of its classes in their order.
        intended: one of its classes.

    Raises:
        NotFound: it knows no such label; the message names the nearest, and the choices.
    """
    number = class_number(version, intended)
    least, several = least_confidence(version), carries_several(version)
    # Of equals, the intended one comes first: nothing is likelier.
    rank = 1 + int((probabilities > probabilities[number]).sum())
    others = np.delete(np.arange(len(probabilities)), number)
    rival = int(others[np.argmax(probabilities[others])])
    not_sure = not float(probabilities.max()) >= least
    fits = bool(probabilities[number] >= least) if several else rank == 1
    found = Intended(
        intended=intended,
        fits=fits,
        probability=float(probabilities[number]),
        rank=rank,
        labels=len(probabilities),
        taken_for=None if fits or (several and not_sure) else version.classes[rival],
        not_sure=not_sure,
        sentence="",
    )
    told = _tell_several if several else _tell_one
    sentence = told(found, version.classes[rival], float(probabilities[rival]))
    return replace(found, sentence=sentence)


def _tell_one(found: Intended, rival: str, share: float) -> str:
    mine = f"{in_percent(found.probability)}, {_place(found)}"
    if found.fits and found.not_sure:
        return (
            f"Leans to {found.intended} ({mine}), but the model is not sure: "
            f"next comes {rival}, {in_percent(share)}."
        )
    if found.fits:
        return f"Reads as {found.intended} ({mine})."
    if found.not_sure:
        return (
            f"Does not clearly read as {found.intended} ({mine}): it leans to {rival} "
            f"({in_percent(share)}), but the model is not sure."
        )
    return (
        f"Does not read as {found.intended} ({mine}): "
        f"it would be taken for {rival} ({in_percent(share)})."
    )


def _tell_several(found: Intended, rival: str, share: float) -> str:
    mine = f"{in_percent(found.probability)}, {_place(found)}"
    if found.fits:
        return f"Reads as {found.intended} ({mine})."
    if found.not_sure:
        likeliest = "" if found.rank == 1 else f"; the likeliest is {rival} ({in_percent(share)})"
        return (
            f"Does not clearly read as {found.intended} ({mine}){likeliest}, "
            "but the model is sure of no label."
        )
    return (
        f"Does not read as {found.intended} ({mine}): "
        f"it would be taken for {rival} ({in_percent(share)})."
    )


def _place(found: Intended) -> str:
    if found.rank == 1:
        return f"the likeliest of {found.labels}"
    return f"{_ordinal(found.rank)} of {found.labels}"


def _ordinal(number: int) -> str:
    teens = 10 < number % 100 < 20
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def in_percent(share: float) -> str:
    """A probability for people: whole percents, but never a 0 or a 100 that is none."""
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")

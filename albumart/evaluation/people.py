"""People and a model on the same covers: how often each is right, and how far they agree.

A person names one label for a cover. Where a cover carries several, the person, like the model's
likeliest label, is right if it carries the one that was named; agreement with the truth is then
agreement with its first label.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from statistics import median
from typing import Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from albumart.evaluation.agreement import Agreement, evaluate_agreement
from albumart.evaluation.intervals import Estimate, paired_difference, wilson_by_group

# With fewer answers, nothing is claimed of whoever gave them.
LEAST_ANSWERS: Final = 10
# Kappa and a difference take more. In simulations kappa's interval of 95 % holds the true value in
# 91 to 96 % of cases with 30 covers, and in 79 to 91 % with ten.
LEAST_COMMON: Final = 30

Said: TypeAlias = Mapping[int, str | None]


@dataclass(frozen=True, eq=False)
class Sheet:
    """n covers that raters are asked about.

    Attributes:
        labels: of each cover, the first one first.
        model: the model's likeliest label of each.
        groups: ``(n,)`` group of each; intervals are drawn by it.
        several: whether a cover may carry several labels.
    """

    labels: Sequence[tuple[str, ...]]
    model: Sequence[str]
    groups: NDArray[np.str_]
    several: bool = False


@dataclass(frozen=True, eq=False)
class Player:
    """What one person said: by the number of the row, a label, or None for "not sure"."""

    name: str
    said: Said
    seconds: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class SameCovers:
    """People beside the model on exactly the covers that they answered.

    A cover that several people answered counts for each of them, on both sides. The intervals say
    what these people, and this model, might have got on other covers.

    Attributes:
        answers: how many.
        covers: different ones.
        unsure: covers seen and not answered; they count for nobody.
        people: share of the answers that are right.
        model: the same of the model.
        gain: people minus model, paired; None of fewer than LEAST_COMMON answers.
    """

    answers: int
    covers: int
    unsure: int
    people: Estimate
    model: Estimate
    gain: Estimate | None


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """One person. ``seconds`` is the median of an answer; agreements are None of too few covers."""

    name: str
    scores: SameCovers
    seconds: float | None
    with_model: Agreement | None
    with_truth: Agreement | None


@dataclass(frozen=True, slots=True)
class PairFigures:
    """Two people on the covers that both answered."""

    first: str
    second: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class HumanBaseline:
    """What people reach on the covers that a model version is tested on.

    Attributes:
        study: which.
        version: of the model.
        several: whether a cover may carry several labels.
        people: with LEAST_ANSWERS answers or more, most first.
        others: answers of each who gave fewer.
        pooled: of all of them together; None of fewer than LEAST_ANSWERS answers.
        between: any two of ``people`` who both answered LEAST_COMMON covers or more.
    """

    study: str
    version: int
    several: bool = False
    people: tuple[PersonFigures, ...] = ()
    others: tuple[int, ...] = ()
    pooled: SameCovers | None = None
    between: tuple[PairFigures, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; what is undefined is ``None``."""
        return cast("dict[str, object]", json.loads(_adapter().dump_json(self)))


@cache
def _adapter() -> TypeAdapter[HumanBaseline]:
    return TypeAdapter(HumanBaseline)


def evaluate_people(
    sheet: Sheet, players: Sequence[Player], *, study: str, version: int
) -> HumanBaseline:
    """Accuracy and agreement of everybody who said enough."""
    ordered = sorted(players, key=lambda player: (-_count(player), player.name))
    enough = [player for player in ordered if _count(player) >= LEAST_ANSWERS]
    pairs = [_between(sheet, *pair) for pair in combinations(enough, 2)]
    together = score_answers(sheet, players)
    return HumanBaseline(
        study=study,
        version=version,
        several=sheet.several,
        people=tuple(_figures(sheet, player) for player in enough),
        others=tuple(_count(player) for player in ordered[len(enough) :]),
        pooled=together if together and together.answers >= LEAST_ANSWERS else None,
        between=tuple(pair for pair in pairs if pair is not None),
    )


def score_answers(sheet: Sheet, players: Sequence[Player]) -> SameCovers | None:
    """All the answers of these people beside the model's; None where there is none."""
    said = [each for player in players for each in player.said.items()]
    answers = [(row, label) for row, label in said if label is not None]
    if not answers:
        return None
    rows = np.array([row for row, _ in answers])
    people = np.array([label in sheet.labels[row] for row, label in answers])
    model = np.array([sheet.model[row] in sheet.labels[row] for row in rows])
    groups = sheet.groups[rows]
    return SameCovers(
        answers=len(answers),
        covers=len(Counter(rows.tolist())),
        unsure=len(said) - len(answers),
        people=wilson_by_group(people, groups),
        model=wilson_by_group(model, groups),
        gain=paired_difference(people, model, groups) if len(rows) >= LEAST_COMMON else None,
    )


def agree_on(
    first: Said, second: Said, groups: NDArray[np.str_], *, least: int = LEAST_COMMON
) -> Agreement | None:
    """Two raters on the rows that both saw; None where both answered fewer than ``least``."""
    rows = [row for row in first if row in second]
    answered = sum(first[row] is not None and second[row] is not None for row in rows)
    if answered < max(least, 1):
        return None
    return evaluate_agreement(
        [first[row] for row in rows], [second[row] for row in rows], groups[rows]
    )


def _figures(sheet: Sheet, player: Player) -> PersonFigures:
    scores = score_answers(sheet, [player])
    if scores is None:
        raise ValueError(f"expected somebody who answered; got {player.name!r}")
    model = dict(enumerate(sheet.model))
    truth = {row: labels[0] for row, labels in enumerate(sheet.labels)}
    return PersonFigures(
        name=player.name,
        scores=scores,
        seconds=median(player.seconds) if player.seconds else None,
        with_model=agree_on(player.said, model, sheet.groups),
        with_truth=agree_on(player.said, truth, sheet.groups),
    )


def _between(sheet: Sheet, first: Player, second: Player) -> PairFigures | None:
    found = agree_on(first.said, second.said, sheet.groups)
    return None if found is None else PairFigures(first.name, second.name, found)


def _count(player: Player) -> int:
    return sum(label is not None for label in player.said.values())

"""Promotion: when a candidate replaces the champion, and how it is undone."""

import getpass
import os
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.errors import NotFound
from albumart.evaluation.intervals import Estimate, paired_difference
from albumart.stores.models import Event, ModelStore, ModelVersion
from albumart.study import Promotion

SHRINK_LIMIT: Final = 0.10


@dataclass(frozen=True, slots=True)
class Answers:
    """Two models on the same frozen test split.

    Attributes:
        classes: names of the class numbers.
        truth: ``(n,)`` class numbers.
        candidate: ``(n,)`` predicted class numbers.
        champion: the same of the champion, or None where there is none yet.
        groups: ``(n,)`` group of each row, by which the interval is drawn.
    """

    classes: tuple[str, ...]
    truth: NDArray[np.intp]
    candidate: NDArray[np.intp]
    champion: NDArray[np.intp] | None
    groups: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a candidate is promoted, and the sentence that says why."""

    promoted: bool
    reason: str


def check_size(candidate: int, champion: int) -> Decision | None:
    """Refuse a candidate of a shrunken dataset; the counts are albums. None lets it through."""
    if candidate >= (1 - SHRINK_LIMIT) * champion:
        return None
    return Decision(
        False,
        f"its dataset has {candidate} albums, the champion's {champion}: "
        f"a dataset that shrank by more than {SHRINK_LIMIT:.0%} is never promoted",
    )


def decide_promotion(
    answers: Answers, *, accuracy: Estimate, majority: Estimate, rules: Promotion
) -> Decision:
    """The gate. A first champion must beat the majority class; a later one the champion.

    A later one is promoted when the lower bound of the paired 95 % interval of the difference in
    accuracy lies above ``-rules.delta`` and no class loses more than ``rules.class_delta`` recall.
    """
    if not accuracy.low > majority.value:
        return Decision(
            False,
            f"accuracy {_percent(accuracy)} does not lie above the majority class, "
            f"{majority.value:.1%}",
        )
    if answers.champion is None:
        return Decision(
            True,
            f"first champion: accuracy {_percent(accuracy)} lies above the majority class, "
            f"{majority.value:.1%}",
        )
    return _compare(answers, answers.champion, rules)


def _compare(answers: Answers, champion: NDArray[np.intp], rules: Promotion) -> Decision:
    difference = paired_difference(
        answers.candidate == answers.truth, champion == answers.truth, answers.groups
    )
    said = f"paired difference in accuracy {difference.value:+.1%} ({difference.low:+.1%} to "
    said += f"{difference.high:+.1%}, n = {difference.n})"
    if not difference.low > -rules.delta:
        return Decision(False, f"{said}: the lower bound is not above −{rules.delta:.1%}")
    lost = _recall(answers.truth, champion) - _recall(answers.truth, answers.candidate)
    worst = int(lost.argmax())
    if lost[worst] > rules.class_delta:
        name = answers.classes[np.unique(answers.truth)[worst]]
        return Decision(
            False,
            f"{said}, but {name!r} loses {lost[worst]:.1%} of recall; "
            f"at most {rules.class_delta:.1%} may be lost",
        )
    return Decision(True, f"{said}: no worse than the champion")


def _recall(truth: NDArray[np.intp], predicted: NDArray[np.intp]) -> NDArray[np.float64]:
    """Recall of each class that occurs in ``truth``, in the order of the class numbers."""
    classes = np.unique(truth)
    return np.array([(predicted[truth == number] == number).mean() for number in classes])


def was_rolled_back(store: ModelStore, version: ModelVersion) -> bool:
    """Whether a person took the alias from ``version`` and nobody gave it back by promotion."""
    back = False
    for event in store.history(version.study):
        if event.action == "rollback" and event.replaced == version.version:
            back = True
        elif event.action == "promote" and event.version == version.version:
            back = False
    return back


def promote(store: ModelStore, version: ModelVersion, *, replaced: int | None, reason: str) -> bool:
    """Move the alias from ``replaced`` to ``version``; False if somebody else moved it first."""
    return store.swap_champion(_event(version, "promote", replaced, reason))


def refuse(store: ModelStore, version: ModelVersion, reason: str) -> None:
    """Record that ``version`` was not promoted."""
    store.append_event(_event(version, "refuse", None, reason))


def promote_by_hand(store: ModelStore, study: str, version: int) -> ModelVersion:
    """Make ``version`` champion because the operator says so; recorded as such."""
    chosen = store.find_version(study, version)
    champion = store.champion(study)
    replaced = champion.version if champion else None
    if replaced != version and not promote(
        store, chosen, replaced=replaced, reason="promoted by hand"
    ):
        raise NotFound(f"champion of {study!r} is no longer version {replaced}; look again")
    return chosen


def roll_back(store: ModelStore, study: str) -> ModelVersion:
    """Give the alias back to the version that the present champion replaced.

    Raises:
        NotFound: there is no champion, or it replaced nothing.
    """
    champion = store.champion(study)
    if champion is None:
        raise NotFound(f"study {study!r} has no champion to roll back")
    moves = [event for event in store.history(study) if event.action == "promote"]
    previous = next((e.replaced for e in reversed(moves) if e.version == champion.version), None)
    if previous is None:
        raise NotFound(f"version {champion.version} of {study!r} replaced no other version")
    target = store.find_version(study, previous)
    reason = f"rolled back from version {champion.version}"
    if not store.swap_champion(_event(target, "rollback", champion.version, reason)):
        raise NotFound(f"champion of {study!r} is no longer version {champion.version}; look again")
    return target


def _event(version: ModelVersion, action: str, replaced: int | None, reason: str) -> Event:
    return Event(
        study=version.study,
        action=action,
        version=version.version,
        replaced=replaced,
        reason=reason,
        who=_user(),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"  # a container's user without an entry in passwd


def _percent(estimate: Estimate) -> str:
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%}, n = {estimate.n})"

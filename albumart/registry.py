"""Who is champion: promotion, refusal, a person's word, and how it is undone. All of it recorded.

The history is append-only, and what holds is read from it: an approval counts until the champion
moves, a rejection and a roll-back until somebody promotes the version by hand.
"""

import difflib
import getpass
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from albumart.errors import Diverged, NotFound
from albumart.stores.models import Event, ModelStore, ModelVersion

_MOVES: Final = ("promote", "rollback")
_NEAR: Final = 3  # names that a message guesses were meant


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said when asked to approve a promotion; ``who`` is what they call themselves.

    They may be anybody who reaches the Prefect server: what they typed is made harmless.
    """

    approve: bool
    who: str
    comment: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "who", _printable(self.who) or "unnamed")
        object.__setattr__(self, "comment", _printable(self.comment))


def require_study(store: ModelStore, study: str) -> str:
    """The name, if the study has a version; else NotFound with those that are near."""
    there = store.studies()
    if study in there:
        return study
    near = difflib.get_close_matches(study, there, n=_NEAR) or there
    known = f"did you mean {', '.join(near)}?" if near else "no study has one yet"
    raise NotFound(f"no model of a study {study!r} is registered; {known}")


def promote(
    store: ModelStore,
    version: ModelVersion,
    *,
    replaced: int | None,
    reason: str,
    answer: Answer | None = None,
    evidence: dict[str, Any] | None = None,
) -> bool:
    """Move the alias from ``replaced`` to ``version``; False if somebody else moved it first."""
    event = _event(version, "promote", reason, replaced=replaced, evidence=evidence)
    return store.swap_champion(_signed(event, answer))


def refuse(
    store: ModelStore,
    version: ModelVersion,
    reason: str,
    *,
    evidence: dict[str, Any] | None = None,
) -> None:
    """Record that ``version`` was not promoted, unless that is the last that was said of it."""
    said = [event for event in store.history(version.study) if event.version == version.version]
    if not said or (said[-1].action, said[-1].reason) != ("refuse", reason):
        champion = store.champion(version.study)
        replaced = champion.version if champion else None
        store.append_event(_event(version, "refuse", reason, replaced=replaced, evidence=evidence))


def record_answer(
    store: ModelStore, version: ModelVersion, answer: Answer, *, replaced: int | None
) -> None:
    """Record that a person approves or rejects ``version`` as successor of ``replaced``."""
    action, said = ("approve", "approved") if answer.approve else ("reject", "rejected")
    event = _event(version, action, f"{said} by {answer.who}", replaced=replaced)
    store.append_event(_signed(event, answer))


def standing_approval(
    store: ModelStore, version: ModelVersion, *, replaced: int | None
) -> Answer | None:
    """A person's yes to ``version`` as successor of ``replaced``; void once the champion moves."""
    approval = None
    for event in store.history(version.study):
        if event.action in _MOVES:
            approval = None
        elif event.action == "approve" and _about(event) == (version.version, replaced):
            approval = Answer(approve=True, who=event.who, comment=event.comment)
    return approval


def rejection(store: ModelStore, version: ModelVersion) -> Event | None:
    """A person's no to ``version``, unless it was promoted by hand since."""
    found = None
    for event in store.history(version.study):
        if event.version == version.version and event.action in ("reject", "promote"):
            found = event if event.action == "reject" else None
    return found


def was_rolled_back(store: ModelStore, version: ModelVersion) -> bool:
    """Whether a person took the alias from ``version`` and nobody gave it back by promotion."""
    back = False
    for event in store.history(version.study):
        if event.action == "rollback" and event.replaced == version.version:
            back = True
        elif event.action == "promote" and event.version == version.version:
            back = False
    return back


def promote_by_hand(
    store: ModelStore, study: str, version: int, *, comment: str = ""
) -> ModelVersion:
    """Make ``version`` champion because the operator says so; recorded as such.

    Raises:
        Diverged: one of its figures is not a number, which no word of a person mends.
        NotFound: there is no such version, or the champion was replaced at this moment.
    """
    chosen = store.find_version(study, version)
    _check_figures(chosen)
    champion = store.champion(study)
    replaced = champion.version if champion else None
    answer = Answer(approve=True, who=_user(), comment=comment)
    if replaced != version and not promote(
        store, chosen, replaced=replaced, reason="promoted by hand", answer=answer
    ):
        before = f"version {replaced}" if replaced else "nobody"
        raise NotFound(f"champion of {study!r} is no longer {before}; look again")
    return chosen


def _check_figures(version: ModelVersion) -> None:
    figures = version.evaluation.get("metrics", {})
    if bad := [name for name, found in figures.items() if found["value"] is None]:
        raise Diverged(
            f"version {version.version} of {version.study!r}: expected figures; got NaN for "
            f"{', '.join(bad)}: it is never promoted"
        )


def roll_back(store: ModelStore, study: str) -> ModelVersion:
    """Give the alias back to the version that the present champion replaced.

    Raises:
        NotFound: there is no champion, it replaced nothing, or it was replaced at this moment.
    """
    champion = store.champion(study)
    if champion is None:
        raise NotFound(f"study {study!r} has no champion to roll back")
    *before, last = _succession(store.history(study))
    if not before:
        raise NotFound(f"version {champion.version} of {study!r} replaced no other version")
    target = store.find_version(study, before[-1])
    event = _event(
        target, "rollback", f"rolled back from version {last}", replaced=champion.version
    )
    if last != champion.version or not store.swap_champion(event):
        raise NotFound(f"champion of {study!r} is no longer version {champion.version}; look again")
    return target


def _succession(history: Iterable[Event]) -> list[int]:
    """Versions that were champion and were not rolled back, the present one last."""
    champions: list[int] = []
    for event in history:
        if event.action == "promote":
            champions.append(event.version)
        elif event.action == "rollback":
            champions.pop()
    return champions


def _about(event: Event) -> tuple[int, int | None]:
    return event.version, event.replaced


def _event(
    version: ModelVersion,
    action: str,
    reason: str,
    *,
    replaced: int | None,
    evidence: dict[str, Any] | None = None,
) -> Event:
    return Event(
        study=version.study,
        action=action,
        version=version.version,
        replaced=replaced,
        reason=reason,
        who=_user(),
        evidence=evidence,
    )


def _signed(event: Event, answer: Answer | None) -> Event:
    return event if answer is None else replace(event, who=answer.who, comment=answer.comment)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"  # a container's user without an entry in passwd


def _printable(text: str) -> str:
    """One line that can do nothing to a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

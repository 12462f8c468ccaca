"""A candidate and the champion compared → a Decision, with the evidence that it rests on."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from albumart.evaluation.intervals import Estimate, FloatArray
from albumart.evaluation.rivals import MEASURES, Measure, Rivals
from albumart.gate import Case
from albumart.study import Promotion


@dataclass(frozen=True, slots=True)
class ClassScore:
    """What candidate and champion get of one class; None where there is no champion."""

    name: str
    candidate: float
    champion: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The figures that a promotion or a refusal rests on.

    Attributes:
        metric: a row of MEASURES.
        value: the candidate's figure on the test split.
        floor: what one gets who has seen no cover.
        difference: candidate minus champion, paired; None where there is no champion.
        champion: version that it was compared with.
        dataset: digest of the dataset whose test split was asked.
        left_out: test covers left out of it, for the champion was trained on their group.
        classes: the same figure of each class.
    """

    metric: str
    value: Estimate
    floor: float
    difference: Estimate | None
    champion: int | None
    dataset: str
    left_out: int
    classes: tuple[ClassScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; what is undefined is ``None``."""
        difference = None if self.difference is None else self.difference.to_dict()
        classes = [asdict(score) for score in self.classes]
        plain = {"value": self.value.to_dict(), "difference": difference, "classes": classes}
        return {field: getattr(self, field) for field in self.__slots__} | plain


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a candidate is promoted, and the sentence that says why.

    ``waits``: the gate lets it through, and a person is asked before it is promoted.
    """

    promoted: bool
    reason: str
    evidence: Evidence | None = None
    waits: bool = False


def weigh(rivals: Rivals, rules: Promotion, *, case: Case) -> Decision:
    """Compare the two. Whoever is promoted must beat who has seen no cover.

    That floor holds for all; a candidate that would replace a champion must besides have the lower
    bound of the paired 95 % interval of the difference in the study's metric above
    ``-rules.delta``, and may lose no more than ``rules.class_delta`` of any class.
    """
    evidence = _gather(rivals, rules, case)
    refused = next(filter(None, (rule(evidence, rules) for rule in _RULES)), None)
    reason = refused or _praise(evidence)
    return Decision(promoted=refused is None, reason=reason, evidence=evidence)


def _gather(rivals: Rivals, rules: Promotion, case: Case) -> Evidence:
    measure, theirs = MEASURES[rules.metric], rivals.champion
    return Evidence(
        metric=rules.metric,
        value=measure.value(rivals),
        floor=measure.floor(rivals),
        difference=None if theirs is None else measure.difference(rivals, theirs),
        champion=None if case.champion is None else case.champion.version.version,
        dataset=case.candidate.manifest.digest,
        left_out=len(case.probabilities) - rivals.n,
        classes=_class_scores(rivals, measure, theirs),
    )


def _class_scores(
    rivals: Rivals, measure: Measure, theirs: FloatArray | None
) -> tuple[ClassScore, ...]:
    mine = measure.by_class(rivals.truth, rivals.candidate)
    other = None if theirs is None else measure.by_class(rivals.truth, theirs)
    return tuple(
        ClassScore(
            name=rivals.classes[number],
            candidate=float(mine[number]),
            champion=None if other is None else float(other[number]),
        )
        for number in np.flatnonzero(rivals.truth.any(axis=0))
    )


def _does_not_beat_the_floor(evidence: Evidence, _: Promotion) -> str | None:
    if evidence.value.low > evidence.floor:
        return None
    measure = MEASURES[evidence.metric]
    return (
        f"{measure.title} {_percent(evidence.value)} does not lie above {measure.floor_title}, "
        f"{evidence.floor:.1%}"
    )


def _is_worse_than_the_champion(evidence: Evidence, rules: Promotion) -> str | None:
    difference = evidence.difference
    if difference is None or difference.low > -rules.delta:
        return None
    said = _said(difference, evidence)
    if np.isnan(difference.low):
        return f"{said}: of so few groups no interval can be drawn"
    return f"{said}: the lower bound is not above −{rules.delta:.1%}"


def _loses_a_class(evidence: Evidence, rules: Promotion) -> str | None:
    lost = {
        score.name: score.champion - score.candidate
        for score in evidence.classes
        if score.champion is not None
    }
    if evidence.difference is None or max(lost.values()) <= rules.class_delta:
        return None
    name = max(lost, key=lambda name: lost[name])
    return (
        f"{_said(evidence.difference, evidence)}, but {name!r} loses {lost[name]:.1%} of "
        f"{MEASURES[evidence.metric].class_title}; at most {rules.class_delta:.1%} may be lost"
    )


_RULES: Final = (_does_not_beat_the_floor, _is_worse_than_the_champion, _loses_a_class)


def _praise(evidence: Evidence) -> str:
    if evidence.difference is not None:
        return f"{_said(evidence.difference, evidence)}: no worse than the champion"
    measure = MEASURES[evidence.metric]
    return (
        f"first champion: {measure.title} {_percent(evidence.value)} lies above "
        f"{measure.floor_title}, {evidence.floor:.1%}"
    )


def _said(found: Estimate, evidence: Evidence) -> str:
    title, ends = MEASURES[evidence.metric].title, f"{found.low:+.1%} to {found.high:+.1%}"
    return f"paired difference in {title} {found.value:+.1%} ({ends}, n = {found.n})"


def _percent(estimate: Estimate) -> str:
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%}, n = {estimate.n})"

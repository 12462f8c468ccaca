"""Several heads on the same test split, side by side: their figures, and how near they miss.

A head that is shown metadata knows more than the cover; what it says where that is hidden stands
beside it. Whether a head that answers in label space makes nearer mistakes is asked of it and of
the one that is shown the same and does not.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import TypeAdapter

from albumart.evaluation.intervals import Estimate, FloatArray, paired_difference
from albumart.evaluation.label_distance import (
    LabelDistance,
    compare_label_distance,
    evaluate_label_distance,
)
from albumart.evaluation.label_map import build_label_map
from albumart.evaluation.metrics import estimate_metrics
from albumart.evaluation.multi_metrics import compare_multi_metrics, estimate_multi_metrics
from albumart.evaluation.multi_scores import MultiScores, by_popularity
from albumart.evaluation.scores import Scores
from albumart.models.label_space import LabelSpace, embed_labels, nearest_labels

Judged: TypeAlias = Scores | MultiScores

NAMED: Final = 5  # labels that a cover is said to have, as nDCG@5 looks at them
ON_THE_MAP: Final = 400  # covers; more hide each other
NEIGHBOURS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class HeadAnswers:
    """What one head said of the test split.

    Attributes:
        title: names it.
        judged: its answers beside the truth.
        metadata: whether it is shown genres and year.
        in_label_space: whether it answers there.
        alone: the same where the metadata is hidden.
    """

    title: str
    judged: Judged
    metadata: bool = False
    in_label_space: bool = False
    alone: Judged | None = None


@dataclass(frozen=True, slots=True)
class HeadFigures:
    """One head's figures.

    Attributes:
        title: names it.
        metadata: whether it is shown genres and year.
        in_label_space: whether it answers there.
        metrics: on the test split.
        gain: the same minus the first head's, paired; empty of the first.
        alone: where its metadata is hidden; empty where it is shown none.
        distance: of its wrong answers, where there is a label space.
    """

    title: str
    metadata: bool
    in_label_space: bool
    metrics: dict[str, Estimate]
    gain: dict[str, Estimate]
    alone: dict[str, Estimate]
    distance: LabelDistance | None


@dataclass(frozen=True, slots=True)
class Nearness:
    """Two heads that are shown the same: of which one answers in label space.

    Attributes:
        near: title of the one that does.
        far: title of the other.
        wrong: mean label distance of wrong answers, near minus far, paired: below 0 it is nearer.
        both_wrong: the same over the covers on which both are wrong.
    """

    near: str
    far: str
    wrong: Estimate
    both_wrong: Estimate


@dataclass(frozen=True, slots=True)
class SpaceFacts:
    """A label space in words and numbers, without its vectors.

    ``neighbours``: label → the labels nearest to it, nearest first.
    """

    maker: str
    labels: int
    width: int
    missing: tuple[str, ...]
    composed: dict[str, tuple[str, ...]]
    neighbours: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class MapFacts:
    """A map of the labels, with covers where a head's answers lie.

    Attributes:
        title: of the head.
        method: a name in MAP_METHODS.
        meaning: what may be read off it.
        labels: name, place across, place up.
        covers: place across, place up, and whether the label named first is a true one.
        n: covers of the test split, of which those on the map are a sample.
    """

    title: str
    method: str
    meaning: str
    labels: tuple[tuple[str, float, float], ...]
    covers: tuple[tuple[float, float, bool], ...]
    n: int


@dataclass(frozen=True, slots=True)
class HeadComparison:
    """Every head of a study on its test split; the first is the study's own.

    Attributes:
        heads: in the study's order.
        popularity: figures of who knows only how common each label is; empty where one label is
            told.
        popularity_distance: of that one's wrong answers.
        nearness: a row for each head that answers in label space and has its like.
        space: where the labels lie, where an album may carry several.
        map: of the same.
    """

    heads: tuple[HeadFigures, ...]
    popularity: dict[str, Estimate] = field(default_factory=dict)
    popularity_distance: LabelDistance | None = None
    nearness: tuple[Nearness, ...] = ()
    space: SpaceFacts | None = None
    map: MapFacts | None = None

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; what is undefined is ``None``."""
        return cast("dict[str, object]", json.loads(_adapter().dump_json(self)))

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> "HeadComparison":
        """The comparison that ``to_dict`` wrote. Raises ValueError on another shape."""
        return _adapter().validate_python(fields)


@cache
def _adapter() -> TypeAdapter[HeadComparison]:
    return TypeAdapter(HeadComparison)


def compare_heads(
    answers: Sequence[HeadAnswers],
    groups: ArrayLike,
    *,
    shares: ArrayLike | None = None,
    space: LabelSpace | None = None,
) -> HeadComparison:
    """Every head's figures on the same rows.

    Args:
        answers: of each, the study's own first.
        groups: ``(n,)``; intervals are drawn by it.
        shares: ``(k,)`` how common each label is in the training split, where there are several.
        space: the one in which all heads are measured; None where a cover has one label.
    """
    first = answers[0].judged
    distances = _distances(space, groups)
    found = HeadComparison(
        heads=tuple(
            HeadFigures(
                title=each.title,
                metadata=each.metadata,
                in_label_space=each.in_label_space,
                metrics=_estimate(each.judged, groups),
                gain=_gain(each.judged, first, groups) if each.judged is not first else {},
                alone={} if each.alone is None else _estimate(each.alone, groups),
                distance=distances(each.judged),
            )
            for each in answers
        )
    )
    if space is None or shares is None or not isinstance(first, MultiScores):
        return found
    popular = by_popularity(first, shares)
    return replace(
        found,
        popularity=estimate_multi_metrics(popular, groups),
        popularity_distance=distances(popular),
        nearness=tuple(_nearness(each, answers, groups, space) for each in _embedding(answers)),
        space=describe_space(space),
        map=_map(next(iter(_embedding(answers, metadata=False)), answers[0]), space),
    )


def describe_space(space: LabelSpace) -> SpaceFacts:
    """A label space without its vectors."""
    near = nearest_labels(space.vectors, space.vectors, 1 + NEIGHBOURS)
    return SpaceFacts(
        maker=space.maker,
        labels=len(space.labels),
        width=space.width,
        missing=space.missing,
        composed=dict(space.composed),
        neighbours={
            label: tuple(space.labels[other] for other in row if other != number)[:NEIGHBOURS]
            for number, (label, row) in enumerate(zip(space.labels, near, strict=True))
        },
    )


def named_labels(k: int) -> int:
    """How many of k labels a cover is said to have: five, or half of a few."""
    return min(NAMED, max(1, k // 2))


def _estimate(judged: Judged, groups: ArrayLike) -> dict[str, Estimate]:
    if isinstance(judged, Scores):
        return estimate_metrics(judged, groups)
    return estimate_multi_metrics(judged, groups)


def _gain(judged: Judged, first: Judged, groups: ArrayLike) -> dict[str, Estimate]:
    if isinstance(judged, MultiScores) and isinstance(first, MultiScores):
        return compare_multi_metrics(judged, first, groups).difference
    if isinstance(judged, Scores) and isinstance(first, Scores):
        return {"accuracy": paired_difference(judged.correct, first.correct, groups)}
    raise TypeError("expected heads that are judged alike")


def _distances(
    space: LabelSpace | None, groups: ArrayLike
) -> Callable[[Judged], LabelDistance | None]:
    def distance(judged: Judged) -> LabelDistance | None:
        if space is None or not isinstance(judged, MultiScores):
            return None
        named = named_labels(judged.k)
        return evaluate_label_distance(judged, space.vectors, groups, named=named)

    return distance


def _embedding(
    answers: Sequence[HeadAnswers], *, metadata: bool | None = None
) -> list[HeadAnswers]:
    """Heads that answer in label space and have their like, which does not."""
    return [
        each
        for each in answers
        if each.in_label_space and metadata in (None, each.metadata) and _like(each, answers)
    ]


def _like(head: HeadAnswers, answers: Sequence[HeadAnswers]) -> HeadAnswers | None:
    """The head that is shown the same and does not answer in label space."""
    same = (e for e in answers if e.metadata == head.metadata and not e.in_label_space)
    return next(same, None)


def _nearness(
    near: HeadAnswers, answers: Sequence[HeadAnswers], groups: ArrayLike, space: LabelSpace
) -> Nearness:
    far = cast("HeadAnswers", _like(near, answers))
    mine, theirs = cast("MultiScores", near.judged), cast("MultiScores", far.judged)
    named = named_labels(mine.k)
    found = compare_label_distance(mine, theirs, space.vectors, groups, named=named)
    return Nearness(near.title, far.title, found.difference.wrong, found.both_wrong)


def _map(head: HeadAnswers, space: LabelSpace) -> MapFacts:
    """Labels, and a sample of the covers, the same each time."""
    scores = cast("MultiScores", head.judged)
    chosen = np.random.default_rng(0).permutation(scores.n)[:ON_THE_MAP]
    some = scores.take(np.sort(chosen).astype(np.int64))
    answers = some.answers
    if answers is None:
        answers = embed_labels(some.probabilities, space.vectors)
    drawn = build_label_map(space.vectors, answers, method="tsne")
    right = some.truth[np.arange(some.n), some.probabilities.argmax(axis=1)]
    places = _rounded(drawn.covers)
    return MapFacts(
        title=head.title,
        method=drawn.method,
        meaning=drawn.meaning,
        labels=tuple(
            (name, x, y) for name, (x, y) in zip(space.labels, _rounded(drawn.labels), strict=True)
        ),
        covers=tuple((x, y, bool(is_so)) for (x, y), is_so in zip(places, right, strict=True)),
        n=scores.n,
    )


def _rounded(points: FloatArray | NDArray[np.float32]) -> list[tuple[float, float]]:
    return [(round(float(x), 3), round(float(y), 3)) for x, y in points]

"""Covers to show where a model looks in, and what its backbone saw in them before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from albumart.explain.gradients import Floats
from albumart.explain.imagenet import ImageNetTop, imagenet_size, what_backbone_sees
from albumart.explain.overlay import lay_over
from albumart.explain.saliency import METHODS, Method, default_method, explain_covers, resize_heat
from albumart.explain.sanity import forgetful_copy, mean_correlation
from albumart.reports.examples import HeldOut, shown_classes
from albumart.reports.inputs import Look, LookedAt, Looks, Sighting
from albumart.study import Model

if TYPE_CHECKING:
    from albumart.models.network import Network

MOST_CLASSES: Final = 12  # of more, the commonest
PER_CLASS: Final = 2
MISTAKES: Final = 6
CHECKED: Final = 24  # maps that are made again after the weights are shuffled
SIDE: Final = 160  # of the pictures
SEED: Final = 0
PLACES: Final = (
    ("in the upper left", "at the top", "in the upper right"),
    ("on the left", "in the middle", "on the right"),
    ("in the lower left", "at the bottom", "in the lower right"),
)


Question = tuple[int, int]  # position in the test split, number of the class to look for


def find_looks(network: "Network", held_out: HeldOut) -> Looks:
    """Where it looks in the most typical covers of each class and in its worst mistakes."""
    typical, mistakes = _typical(held_out), _mistakes(held_out)
    questions = [*(one for few in typical.values() for one in few), *chain(*mistakes)]
    answers = _ask(network, held_out, questions)
    return Looks(
        method=answers.method.title,
        reading=answers.method.reading,
        source=answers.method.source,
        typical={
            name: tuple(_looked_at(held_out, answers.heat, one) for one in few)
            for name, few in typical.items()
        },
        mistakes=tuple(_looked_at(held_out, answers.heat, *pair) for pair in mistakes),
        correlation=answers.correlation,
        checked=answers.checked,
    )


def find_sightings(top: ImageNetTop, model: Model, held_out: HeldOut) -> tuple[Sighting, ...]:
    """What ImageNet classes the backbone saw in the most typical cover of each class."""
    asked, size = [few[0] for few in _typical(held_out).values()], imagenet_size(model)
    pixels = np.stack([held_out.pixels(position, size) for position, _ in asked])
    return tuple(
        Sighting(held_out.example(*one), seen)
        for one, seen in zip(asked, what_backbone_sees(top, model, pixels), strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """``(s, s)`` heat of each question; how alike the first ``checked`` are after a shuffling."""

    method: Method
    heat: dict[Question, Floats]
    correlation: float
    checked: int


def _ask(network: "Network", held_out: HeldOut, questions: Sequence[Question]) -> _Answers:
    each, size = list(dict.fromkeys(questions)), network.input_shape[1]
    pixels = np.stack([held_out.pixels(position, size) for position, _ in each])
    classes = np.array([number for _, number in each])
    heat, some = explain_covers(network, pixels, classes), slice(0, CHECKED)
    forgotten = explain_covers(forgetful_copy(network, seed=SEED), pixels[some], classes[some])
    return _Answers(
        method=METHODS[default_method(network)],
        heat=dict(zip(each, heat, strict=True)),
        correlation=mean_correlation(heat[some], forgotten),
        checked=len(forgotten),
    )


def _looked_at(
    held_out: HeldOut, heat: Mapping[Question, Floats], *questions: Question
) -> LookedAt:
    """Questions about one cover, of which the first is about what it is shown as."""
    first = questions[0]
    example = replace(held_out.example(*first), thumbnail=held_out.pixels(first[0], SIDE))
    looks = []
    for position, number in questions:
        found = heat[position, number]
        shown = resize_heat(found[np.newaxis], SIDE)[0]
        look = Look(
            asked=held_out.manifest.classes[number],
            probability=held_out.probability(position, number),
            overlay=lay_over(example.thumbnail, shown) if found.any() else None,
            place=place_of(found),
        )
        looks.append(look)
    return LookedAt(example, tuple(looks))


def place_of(heat: Floats) -> str:
    """Where ``(s, s)`` heat is greatest: the hottest of nine parts, in words."""
    size = len(heat) // 3 * 3
    parts = heat[:size, :size].reshape(3, size // 3, 3, size // 3).mean(axis=(1, 3))
    row, column = np.unravel_index(int(parts.argmax()), parts.shape)
    return PLACES[int(row)][int(column)]


def _typical(held_out: HeldOut) -> dict[str, list[Question]]:
    classes = held_out.manifest.classes
    numbers = [classes.index(name) for name in shown_classes(held_out.manifest, MOST_CLASSES)]
    return {
        classes[number]: [(at, number) for at in held_out.typical(number, PER_CLASS)]
        for number in numbers
    }


def _mistakes(held_out: HeldOut) -> list[list[Question]]:
    """Each asked for what the model said, and for that of its own labels which it held least of.

    Where an album carries several labels, the two may be one.
    """
    found, classes = [], held_out.manifest.classes
    for position in held_out.worst()[:MISTAKES]:
        own = [classes.index(label) for label in held_out.rows.iloc[position]["labels"]]
        least = min(own, key=partial(held_out.probability, position))
        both = dict.fromkeys([held_out.answer(position), least])
        found.append([(position, number) for number in both])
    return found

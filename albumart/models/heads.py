"""HEADS: what a head answers, what it learns from, and how its answer is read.

Whatever a head answers, ``head_scores`` makes of it one score for each label, so that all heads
are judged alike. ``head_network`` builds them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from albumart.errors import BadStudy
from albumart.models.label_space import (
    Floats,
    IntArray,
    LabelSpace,
    embed_labels,
    label_likeness,
)

if TYPE_CHECKING:
    import keras

PROBABILITIES: Final = "probabilities"
LABEL_VECTOR: Final = "label_vector"

Weighting = Literal["mean", "rank"]


@dataclass(frozen=True, slots=True)
class Head:
    """One kind of head.

    Attributes:
        title: for people.
        last: its last layers: what comes before them, their units and their seed → outputs.
        loss: label smoothing → a Keras loss, the less the better.
        targets: ``(n, k)`` order (1 for a row's first label, 0 where it has it not), a label space
            and how its vectors are weighted → ``(n, t) float32`` that the loss is told.
        several: whether a row may have more labels than one.
        in_label_space: whether it answers in a label space, and needs one.
    """

    title: str
    last: "Callable[[keras.KerasTensor, int, int], keras.KerasTensor]"
    loss: "Callable[[float], keras.losses.Loss]"
    targets: Callable[[IntArray, LabelSpace | None, Weighting], Floats]
    several: bool
    in_label_space: bool = False


def find_head(name: str) -> Head:
    """The head called ``name``. Raises BadStudy, with the choices."""
    if name not in HEADS:
        raise BadStudy(f"head: expected one of {', '.join(HEADS)}; got {name!r}")
    return HEADS[name]


def head_targets(
    name: str, order: IntArray, space: LabelSpace | None = None, *, weighting: Weighting = "mean"
) -> Floats:
    """What a head learns from.

    Args:
        name: a row of HEADS.
        order: ``(n, k)`` 1 for a row's first label, 2 for its second, 0 where it has it not.
        space: of the labels, for a head that answers in it.
        weighting: how a row's label vectors are averaged: all alike (``mean``), or each divided
            by its place in the row's order (``rank``), so that the first counts most.
    """
    if not (order > 0).any(axis=1).all():
        row = int(np.argmin((order > 0).any(axis=1)))
        raise ValueError(f"expected a label in each row; got none in row {row}")
    return find_head(name).targets(order, space, weighting)


def head_scores(name: str, outputs: Floats, space: LabelSpace | None = None) -> Floats:
    """A head's outputs → ``(n, k)`` in 0..1, the higher the likelier; the labels are ranked by it.

    A direction in label space becomes its likeness to each label (nearest-label decoding).
    """
    if not find_head(name).in_label_space:
        return outputs
    return np.asarray(label_likeness(outputs, required_space(space).vectors), dtype=np.float32)


def required_space(space: LabelSpace | None) -> LabelSpace:
    """The space of a head that answers in one. Raises ValueError where there is none."""
    if space is None:
        raise ValueError("expected a label space; got none: this head answers in one")
    return space


def seeded_dense(
    units: int, seed: int, *, activation: str | None, name: str
) -> "keras.layers.Dense":
    """A layer whose first weights come from its own seed, not from any global generator."""
    import keras

    return keras.layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        name=name,
    )


def _softmax(x: "keras.KerasTensor", units: int, seed: int) -> "keras.KerasTensor":
    return seeded_dense(units, seed, activation="softmax", name=PROBABILITIES)(x)


def _sigmoid(x: "keras.KerasTensor", units: int, seed: int) -> "keras.KerasTensor":
    return seeded_dense(units, seed, activation="sigmoid", name=PROBABILITIES)(x)


def _direction(x: "keras.KerasTensor", units: int, seed: int) -> "keras.KerasTensor":
    from keras import layers

    x = seeded_dense(units, seed, activation=None, name="label_space")(x)
    return layers.UnitNormalization(name=LABEL_VECTOR)(x)


def _cross_entropy(smoothing: float) -> "keras.losses.Loss":
    import keras

    return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)


def _binary_cross_entropy(smoothing: float) -> "keras.losses.Loss":
    import keras

    return keras.losses.BinaryCrossentropy(label_smoothing=smoothing)


def _cosine_loss(smoothing: float) -> "keras.losses.Loss":
    """Minus the cosine, from -1 to 1. Labels in a space are soft already: nothing to smooth."""
    import keras

    del smoothing
    return keras.losses.CosineSimilarity(axis=-1)


def _one_hot(order: IntArray, space: LabelSpace | None, weighting: Weighting) -> Floats:
    del space, weighting
    return np.asarray(order == 1, dtype=np.float32)


def _multi_hot(order: IntArray, space: LabelSpace | None, weighting: Weighting) -> Floats:
    del space, weighting
    return (order > 0).astype(np.float32)


def _directions(order: IntArray, space: LabelSpace | None, weighting: Weighting) -> Floats:
    weights = LABEL_WEIGHTS[weighting](order)
    return np.asarray(embed_labels(weights, required_space(space).vectors), dtype=np.float32)


def _weigh_alike(order: IntArray) -> NDArray[np.float64]:
    return (order > 0).astype(np.float64)


def _weigh_by_rank(order: IntArray) -> NDArray[np.float64]:
    return np.asarray(np.where(order > 0, 1 / np.maximum(order, 1), 0.0))


LABEL_WEIGHTS: Final[Mapping[str, Callable[[IntArray], NDArray[np.float64]]]] = MappingProxyType(
    {"mean": _weigh_alike, "rank": _weigh_by_rank}
)

HEADS: Final[Mapping[str, Head]] = MappingProxyType(
    {
        "softmax": Head("one class of several", _softmax, _cross_entropy, _one_hot, several=False),
        "sigmoid": Head(
            "each label or not", _sigmoid, _binary_cross_entropy, _multi_hot, several=True
        ),
        "label_embedding": Head(
            "a direction in label space",
            _direction,
            _cosine_loss,
            _directions,
            several=True,
            in_label_space=True,
        ),
    }
)

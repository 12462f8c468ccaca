"""A saved model taken apart: pixels → the last feature map → the score of each class.

The score is the number that the last layer turns into a probability (a logit), for a probability
near 1 hardly changes whatever is done to the cover. A model of another make is explained by the
logit of the probability that it gives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from albumart.images import RGB
from albumart.models.backbones import BACKBONES
from albumart.models.heads import PROBABILITIES
from albumart.models.network import predict_proba

if TYPE_CHECKING:
    import keras

    Tensor: TypeAlias = keras.KerasTensor

Floats = NDArray[np.float32]

BATCH: Final = 8  # covers at once: of more, each takes longer on a CPU
EPSILON: Final = 1e-6  # a float32 probability this near 0 or 1 is taken for no nearer


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a model does, as functions of tensors; the model itself stays as it is.

    Attributes:
        answer: ``(n, s, s, 3) uint8 RGB`` and a class number → ``(n,)`` logits of the probability
            that it gives; quickest, and on every backend.
        score: ``(n, s, s, 3)`` pixels in 0…255 → ``(n, k)`` scores.
        maps: pixels → ``(n, h, w, c)``, the last feature map of the backbone; None where the model
            has no backbone of ours.
        score_maps: ``(n, h, w, c)`` → ``(n, k)`` scores.
        every_depth: the backbone is ours, but the scores are of its maps of every depth: no one of
            them tells it all, and ``maps`` is None.
    """

    answer: Callable[[RGB, int], Floats]
    score: "Callable[[Tensor], Tensor]"
    maps: "Callable[[Tensor], Tensor] | None" = None
    score_maps: "Callable[[Tensor], Tensor] | None" = None
    every_depth: bool = False


def take_apart(model: "keras.Model") -> Parts:
    """The parts of a model from pixels to probabilities, as ``load_model`` gives it.

    Raises:
        ValueError: the model wants more than pixels.
    """
    if len(model.inputs) != 1:
        names = ", ".join(each.name for each in model.inputs)
        raise ValueError(f"expected a model that looks at pixels alone; got one of {names}")

    def answer(pixels: RGB, number: int) -> Floats:
        return _logit_of(predict_proba(model, pixels, batch_size=BATCH), number)

    head = _find_head(model)
    backbone = next((layer for layer in model.layers if layer.name in BACKBONES), None)
    if head is None or backbone is None or backbone is head:
        return Parts(answer, lambda pixels: _logits(model(pixels, training=False)))
    pool = model.layers[model.layers.index(backbone) + 1]
    score_features = _scores(head)
    if len(backbone.outputs) > 1:
        features = _between(model.input, model.get_layer("features").output)
        return Parts(answer, lambda pixels: score_features(features(pixels)), every_depth=True)
    maps = _between(model.input, pool.input)

    def score_maps(found: "Tensor") -> "Tensor":
        return score_features(pool(found))

    return Parts(answer, lambda pixels: score_maps(maps(pixels)), maps, score_maps)


def _find_head(model: "keras.Model") -> "keras.Model | None":
    """The model within ``model`` whose last layer gives the probabilities."""
    import keras

    last = model.layers[-1]
    if isinstance(last, keras.Model) and last.layers[-1].name == PROBABILITIES:
        return last
    return None


def _scores(head: "keras.Model") -> "Callable[[Tensor], Tensor]":
    """Features → what the last layer of ``head`` has before it makes probabilities of it."""
    from keras import ops

    last = head.layers[-1]
    before = _between(head.input, last.input)
    return lambda features: ops.add(ops.matmul(before(features), last.kernel), last.bias)


def _between(start: "Tensor", end: "Tensor") -> "Callable[[Tensor], Tensor]":
    """The layers from one tensor of a model to another, as they are used: none is trained."""
    import keras

    if start is end:  # a head without a layer between its features and its last one
        return lambda values: values
    part = keras.Model(start, end)
    return lambda values: part(values, training=False)


def _logit_of(p: Floats, number: int) -> Floats:
    """``(n, k)`` probabilities → ``(n,)`` logits of one of them.

    Where they add up to 1, the rest is told by the others, which near 0 are far more exact than
    what one of them lacks to 1.
    """
    if np.allclose(p.sum(axis=1), 1, atol=1e-4):
        rest = np.delete(p, number, axis=1).sum(axis=1).clip(np.finfo(np.float32).tiny)
        return np.asarray(np.log(p[:, number].clip(np.finfo(np.float32).tiny)) - np.log(rest))
    own = p[:, number].clip(EPSILON, 1 - EPSILON)
    return np.asarray(np.log(own) - np.log1p(-own))


def _logits(probabilities: "Tensor") -> "Tensor":
    from keras import ops

    p = ops.clip(probabilities, EPSILON, 1 - EPSILON)
    logits: Tensor = ops.subtract(ops.log(p), ops.log(1 - p))
    return logits

"""Whether a saliency map can be believed: two checks that a method has to pass.

A map that stays the same when what the model has learnt is destroyed shows the cover's own edges
and not what the model knows (Adebayo et al. 2018, *Sanity Checks for Saliency Maps*,
arXiv:1810.03292). And where one knows what tells a class, because one has put it there, the map
has to show that place.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.explain.gradients import Floats
from albumart.explain.saliency import explain_covers
from albumart.images import RGB
from albumart.models.groups import layer_groups

if TYPE_CHECKING:
    import keras

HEAD: Final = "head"


def correlation_after_shuffling(
    model: "keras.Model",
    pixels: RGB,
    classes: NDArray[np.intp],
    method: str | None = None,
    *,
    seed: int = 0,
) -> float:
    """How alike the maps of a model are to those of one that has forgotten everything.

    The other has the same weights, each layer's in another order. The figure is the mean over the
    covers of Spearman's rank correlation of the two maps: near 0 where the maps come from what the
    model has learnt, 1 where they do not.

    Args:
        model: which stays as it is.
        pixels: ``(n, s, s, 3) uint8 RGB``.
        classes: ``(n,)`` number of the class to look for in each cover.
        method: a row of METHODS.
        seed: of the order and of the method.
    """
    before = explain_covers(model, pixels, classes, method, seed=seed)
    shuffled = forgetful_copy(model, seed=seed)
    return mean_correlation(before, explain_covers(shuffled, pixels, classes, method, seed=seed))


def forgetful_copy(model: "keras.Model", *, seed: int = 0) -> "keras.Model":
    """A copy of ``model`` that has forgotten everything: its weights are shuffled by ``seed``."""
    copied = _copy(model)
    shuffle_weights([copied], seed=seed)
    return copied


def correlations_by_cascade(
    model: "keras.Model",
    pixels: RGB,
    classes: NDArray[np.intp],
    method: str | None = None,
    *,
    seed: int = 0,
) -> Iterator[tuple[str, float]]:
    """The same, forgetting from the output on: the head, then also each group of the backbone.

    Yields the name of the last group that was shuffled, and the correlation with the model's maps.
    """
    before = explain_covers(model, pixels, classes, method, seed=seed)
    shuffled = _copy(model)
    groups = {**layer_groups(shuffled), HEAD: [shuffled.get_layer(HEAD)]}
    for name, layers in reversed(groups.items()):
        shuffle_weights(layers, seed=seed)
        after = explain_covers(shuffled, pixels, classes, method, seed=seed)
        yield name, mean_correlation(before, after)


def shuffle_weights(layers: "Iterable[keras.layers.Layer]", *, seed: int) -> None:
    """Put the numbers of each weight of ``layers`` into another order, which keeps their scale."""
    draw = np.random.default_rng(seed)
    for layer in layers:
        mixed = [draw.permutation(weight.ravel()) for weight in layer.get_weights()]
        shapes = [weight.shape for weight in layer.get_weights()]
        layer.set_weights([one.reshape(shape) for one, shape in zip(mixed, shapes, strict=True)])


def mean_correlation(before: Floats, after: Floats) -> float:
    """``(n, s, s)`` twice → mean of Spearman's rank correlations, cover by cover.

    Of a map without any heat nothing is left to be alike: its correlation is 0.
    """
    from scipy.stats import spearmanr

    found = [
        spearmanr(one.ravel(), other.ravel()).statistic if np.ptp(one) and np.ptp(other) else 0.0
        for one, other in zip(before, after, strict=True)
    ]
    return float(np.mean(found))


def cue_overlap(heat: Floats, cue: NDArray[np.bool_]) -> float:
    """Intersection over union of a cue with the hottest area of its size; both ``(s, s)``."""
    size = int(cue.sum())
    hottest = np.zeros(cue.size, dtype=bool)
    hottest[np.argsort(-heat.ravel(), kind="stable")[:size]] = True
    shared = int((hottest & cue.ravel()).sum())
    return shared / (2 * size - shared)


def chance_overlap(cue: NDArray[np.bool_]) -> float:
    """What ``cue_overlap`` is for pixels drawn at random: ``share / (2 - share)`` of the cover."""
    share = float(cue.mean())
    return share / (2 - share)


def _copy(model: "keras.Model") -> "keras.Model":
    import keras

    copied = keras.models.clone_model(model)
    copied.set_weights(model.get_weights())
    return copied

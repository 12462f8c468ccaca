"""Feature maps → one row of numbers for each cover, wherever in the cover something was seen."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from albumart.models.groups import layer_groups

if TYPE_CHECKING:
    import keras

WIDEST: Final = 128  # channels of a map whose covariance is kept: 8,256 numbers
LEAST: Final = 1e-6  # where a root would be too steep for a gradient: a blank cover varies nowhere


def pool_average(backbone: "keras.Model", pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """``(n, c)``: the mean over the last map."""
    from keras import layers

    return layers.GlobalAveragePooling2D(dtype="float32", name="features")(backbone(pixels))


def pool_flatten(backbone: "keras.Model", pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """``(n, h · w · c)``: the last map, place by place."""
    from keras import layers

    return layers.Flatten(dtype="float32", name="features")(backbone(pixels))


def pool_moments(backbone: "keras.Model", pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """``(n, d)``: of the last map of each group of layers the mean, and what its channels share.

    The covariance of channels is what paints a picture's style (Gatys et al. 2016, of whose Gram
    matrix the mean is taken off here), and early layers see it best. Its signed square root
    (Lin et al. 2015, arXiv:1504.07889) is kept, of maps of up to WIDEST channels.
    """
    import keras
    from keras import layers

    ends = [group[-1].output for group in layer_groups(backbone).values()]
    tapped = keras.Model(backbone.inputs, ends, name=backbone.name)
    maps = [layers.Activation("linear", dtype="float32")(each) for each in tapped(pixels)]
    narrow = [each for each in maps if each.shape[-1] <= WIDEST]
    moments = [layers.GlobalAveragePooling2D()(each) for each in maps]
    moments += [_covariance(each) for each in narrow]
    return layers.Concatenate(dtype="float32", name="features")(moments)


def _covariance(maps: "keras.KerasTensor") -> "keras.KerasTensor":
    """``(n, h, w, c)`` → ``(n, c (c + 1) / 2)``: signed roots of the covariances of channels."""
    from keras import ops

    _, height, width, channels = maps.shape
    seen = ops.reshape(maps, (-1, height * width, channels))
    apart = ops.subtract(seen, ops.mean(seen, axis=1, keepdims=True))
    shared = ops.matmul(ops.transpose(apart, (0, 2, 1)), apart) / (height * width)
    upper = np.ravel_multi_index(np.triu_indices(channels), (channels, channels)).tolist()
    each = ops.take(ops.reshape(shared, (-1, channels * channels)), upper, axis=1)
    return each / ops.sqrt(ops.abs(each) + LEAST)


POOLINGS: Final[
    Mapping[str, Callable[["keras.Model", "keras.KerasTensor"], "keras.KerasTensor"]]
] = MappingProxyType({"average": pool_average, "flatten": pool_flatten, "moments": pool_moments})

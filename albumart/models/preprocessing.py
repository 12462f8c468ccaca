"""From pixels in 0…255 to what a network was trained on, as layers of the saved model.

They compute in float32 whatever the network does: a bfloat16 knows three digits of a mean.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def to_unit_range(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """0…255 → −1…1, as the networks trained by TensorFlow's slim want it."""
    from keras import layers

    return layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="preprocess")(pixels)


def to_caffe(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """RGB 0…255 → BGR minus the ImageNet means, as the networks trained by Caffe want it."""
    from keras import layers, ops

    means = layers.Normalization(
        mean=[103.939, 116.779, 123.68],
        variance=[1.0, 1.0, 1.0],
        dtype="float32",
        name="preprocess",
    )
    return means(ops.flip(pixels, axis=-1))  # torch takes no step backwards in a slice


def as_is(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """The network carries its own preprocessing."""
    return pixels


def divide_by_255(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """0…255 → 0…1: what no row of BACKBONES wants, and published studies did."""
    from keras import layers

    return layers.Rescaling(1 / 255, dtype="float32", name="preprocess")(pixels)

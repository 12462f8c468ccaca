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


def to_imagenet(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """0…255 → less ImageNet's mean, over its deviation, as DINOv3 wants it."""
    return _standardize(pixels, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def to_clip(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """0…255 → less the mean of what CLIP was taught, over its deviation."""
    means = (0.48145466, 0.4578275, 0.40821073)
    return _standardize(pixels, means, (0.26862954, 0.26130258, 0.27577711))


def as_is(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """The network carries its own preprocessing."""
    return pixels


def divide_by_255(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """0…255 → 0…1: what no row of BACKBONES wants, and published studies did."""
    from keras import layers

    return layers.Rescaling(1 / 255, dtype="float32", name="preprocess")(pixels)


def _standardize(
    pixels: "keras.KerasTensor", means: tuple[float, ...], deviations: tuple[float, ...]
) -> "keras.KerasTensor":
    """0…255 → less ``means``, over ``deviations``, of three channels in 0…1."""
    from keras import layers

    return layers.Normalization(
        mean=[255 * mean for mean in means],
        variance=[(255 * deviation) ** 2 for deviation in deviations],
        dtype="float32",
        name="preprocess",
    )(pixels)

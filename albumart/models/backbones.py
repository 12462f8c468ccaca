"""The table of backbones: uint8 pixels in, one feature map out, preprocessing inside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from albumart.errors import BadStudy

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Backbone:
    """One row of BACKBONES.

    Attributes:
        build: ``(image_size, weights) -> keras.Model`` without a top; ``weights`` is a path,
            ``"imagenet"`` or None.
        preprocess: the layers between ``(n, h, w, 3)`` pixels in 0…255 and the network.
        application: name of the Keras module whose ``preprocess_input`` is the reference,
            or None where there is none.
        pretrained: whether ImageNet weights exist.
    """

    name: str
    build: Callable[[int, str | None], "keras.Model"]
    preprocess: Callable[["keras.KerasTensor"], "keras.KerasTensor"]
    application: str | None
    pretrained: bool = True


def find_backbone(name: str) -> Backbone:
    """The row called ``name``, or BadStudy with the choices."""
    if name not in BACKBONES:
        raise BadStudy(f"no backbone {name!r}; there are: {', '.join(BACKBONES)}")
    return BACKBONES[name]


def _application(name: str) -> Callable[[int, str | None], "keras.Model"]:
    def build(image_size: int, weights: str | None) -> "keras.Model":
        import keras

        constructor = getattr(keras.applications, name)
        return constructor(
            include_top=False, weights=weights, input_shape=(image_size, image_size, 3)
        )

    return build


def _build_small(image_size: int, weights: str | None) -> "keras.Model":
    """Four convolutional blocks, 0.1 M parameters: trains from scratch in a minute."""
    import keras
    from keras import layers

    inputs = keras.Input((image_size, image_size, 3))
    x = inputs
    for block, filters in enumerate((16, 32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"block{block}_conv")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"block{block}_bn")(x)
        x = layers.ReLU(name=f"block{block}_relu")(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    model = keras.Model(inputs, x, name="small")
    if weights is not None:
        model.load_weights(weights)
    return model


def _to_unit_range(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """0…255 → −1…1, as the networks trained by TensorFlow's slim want it."""
    from keras import layers

    return layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocess")(pixels)


def _to_caffe(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """RGB 0…255 → BGR minus the ImageNet means, as the networks trained by Caffe want it."""
    from keras import layers

    means = layers.Normalization(
        mean=[103.939, 116.779, 123.68], variance=[1.0, 1.0, 1.0], name="preprocess"
    )
    return means(pixels[..., ::-1])


def _as_is(pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """The network carries its own preprocessing."""
    return pixels


BACKBONES: Final[Mapping[str, Backbone]] = MappingProxyType(
    {
        row.name: row
        for row in (
            Backbone("small", _build_small, _to_unit_range, None, pretrained=False),
            Backbone("MobileNetV2", _application("MobileNetV2"), _to_unit_range, "mobilenet_v2"),
            Backbone("InceptionV3", _application("InceptionV3"), _to_unit_range, "inception_v3"),
            Backbone(
                "EfficientNetV2B0", _application("EfficientNetV2B0"), _as_is, "efficientnet_v2"
            ),
            Backbone("ResNet50", _application("ResNet50"), _to_caffe, "resnet"),
            Backbone("VGG16", _application("VGG16"), _to_caffe, "vgg16"),
        )
    }
)

"""The table of backbones: uint8 pixels in, one feature map out, preprocessing inside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from albumart.errors import BadStudy
from albumart.models import preprocessing
from albumart.models.hub import CLIP, DINOV3, EXTRA, PRESET, SIGLIP2, Tower, hub_models
from albumart.study import Model

if TYPE_CHECKING:
    import keras

Build = Callable[[Model, str | None], "keras.Model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """One row of BACKBONES.

    Attributes:
        build: ``(model, weights) -> keras.Model`` without a top, called as the row is;
            ``weights`` is the path of an ``.h5`` file, ``"imagenet"``, ``"preset"`` or None.
        preprocess: the layers between ``(n, h, w, 3)`` pixels in 0…255 and the network.
        application: name of the Keras module whose ``preprocess_input`` is the reference,
            or None where there is none.
        width: features after average pooling, with ``alpha`` 1.
        size: side of the pixels that its published weights were trained with.
        least: smallest side that it takes.
        most: largest.
        patch: what a side is a multiple of.
        groups: for staged unfreezing, from input to output: each group's name, and a pattern of
            the name of its last layer.
        licence: of the published weights, and whose they are.
        pretrained: whether published weights exist.
        published: what a study calls them.
        alphas: widths of its layers, as shares, that there are.
        tower: what it is to keras-hub, where that builds it.
    """

    name: str
    build: Build
    preprocess: Callable[["keras.KerasTensor"], "keras.KerasTensor"]
    application: str | None
    width: int
    size: int
    least: int
    groups: Mapping[str, str]
    licence: str
    most: int = 512
    patch: int = 1
    pretrained: bool = True
    published: str = "imagenet"
    alphas: tuple[float, ...] = (1.0,)
    tower: Tower | None = None

    @property
    def extra(self) -> str | None:
        """The extra that it needs."""
        return EXTRA if self.tower else None


def find_backbone(name: str) -> Backbone:
    """The row called ``name``, or BadStudy with the choices."""
    if name not in BACKBONES:
        raise BadStudy(f"no backbone {name!r}; there are: {', '.join(BACKBONES)}")
    return BACKBONES[name]


def check_options(model: Model) -> Backbone:
    """The row of ``model``, or BadStudy where the row cannot be had as ``model`` wants it."""
    row = find_backbone(model.backbone)
    if not row.least <= model.image_size <= row.most or model.image_size % row.patch:
        raise BadStudy(
            f"model.image_size: expected {_sizes(row)} for {row.name}; got {model.image_size}"
        )
    if model.alpha not in row.alphas:
        choices = " or ".join(f"{alpha:g}" for alpha in row.alphas)
        raise BadStudy(f"model.alpha: expected {choices} for {row.name}; got {model.alpha:g}")
    if row.tower:
        _check_tower(row, model)
    return row


def _check_tower(row: Backbone, model: Model) -> None:
    if model.pooling == "moments":  # of maps of every depth, and a transformer has one at most
        raise BadStudy(
            f"model.pooling: expected average or flatten for {row.name}; got {model.pooling}"
        )
    hub_models()


def _sizes(row: Backbone) -> str:
    if row.least == row.most:
        return f"{row.least}"
    return f"{row.least} or more" + (f", a multiple of {row.patch}" if row.patch > 1 else "")


def _application(name: str) -> Build:
    def build(model: Model, weights: str | None) -> "keras.Model":
        import keras

        constructor = getattr(keras.applications, name)
        shape = (model.image_size, model.image_size, 3)
        scaled = {} if model.alpha == 1 else {"alpha": model.alpha}
        network = constructor(include_top=False, weights=weights, input_shape=shape, **scaled)
        network.name = name  # by which a saved model tells what its backbone is
        return network

    return build


def _build_small(model: Model, weights: str | None) -> "keras.Model":
    """Four convolutional blocks, 0.1 M parameters: trains from scratch in a minute."""
    import keras
    from keras import layers

    inputs = keras.Input((model.image_size, model.image_size, 3))
    x = inputs
    for block, filters in enumerate((16, 32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"block{block}_conv")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"block{block}_bn")(x)
        x = layers.ReLU(name=f"block{block}_relu")(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    network = keras.Model(inputs, x, name="small")
    if weights is not None:
        network.load_weights(weights)
    return network


def _blocks(stem: str, block: str) -> dict[str, str]:
    """Groups of a transformer of twelve blocks; its layers' names may carry its own before them."""
    ends = {"stem": stem, **{f"block{n}": f"{block}_{3 * n - 1}" for n in range(1, 5)}}
    return {name: f"(.*_)?{end}" for name, end in ends.items()} | {"top": "map"}


_AUTOML: Final = "Apache-2.0; converted from google/automl"

_ROWS: Final = (
    Backbone(
        name="small",
        build=_build_small,
        preprocess=preprocessing.to_unit_range,
        application=None,
        width=128,
        size=64,
        least=32,
        groups={f"block{n}": f"block{n}_pool" for n in range(1, 5)},
        licence="none: there are no weights of it",
        pretrained=False,
    ),
    Backbone(
        name="MobileNetV2",
        build=_application("MobileNetV2"),
        preprocess=preprocessing.to_unit_range,
        application="mobilenet_v2",
        width=1280,
        size=224,
        least=32,
        groups={
            "stem": "expanded_conv_project_BN",
            "block1": "block_2_add",
            "block2": "block_5_add",
            "block3": "block_9_add",
            "block4": "block_12_add",
            "block5": "block_16_project_BN",
            "top": "out_relu",
        },
        licence="Apache-2.0; Google's, of keras-applications",
        alphas=(0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
    ),
    Backbone(
        name="InceptionV3",
        build=_application("InceptionV3"),
        preprocess=preprocessing.to_unit_range,
        application="inception_v3",
        width=2048,
        size=299,
        least=75,
        # The names of its poolings are numbered anew with each network that is built.
        groups={
            "stem": r"max_pooling2d(_\d+)?",
            "block1": r"max_pooling2d(_\d+)?",
            "block2": "mixed2",
            "block3": "mixed7",
            "block4": "mixed10",
        },
        licence="Apache-2.0; Google's, of keras-applications",
    ),
    Backbone(
        name="EfficientNetV2B0",
        build=_application("EfficientNetV2B0"),
        preprocess=preprocessing.as_is,
        application="efficientnet_v2",
        width=1280,
        size=224,
        least=32,
        groups={
            "stem": "stem_activation",
            "block1": "block1a_project_activation",
            "block2": "block2b_add",
            "block3": "block3b_add",
            "block4": "block4c_add",
            "block5": "block5e_add",
            "block6": "block6h_add",
            "top": "top_activation",
        },
        licence=_AUTOML,
    ),
    Backbone(
        name="EfficientNetV2S",
        build=_application("EfficientNetV2S"),
        preprocess=preprocessing.as_is,
        application="efficientnet_v2",
        width=1280,
        size=384,
        least=32,
        groups={
            "stem": "stem_activation",
            "block1": "block1b_add",
            "block2": "block2d_add",
            "block3": "block3d_add",
            "block4": "block4f_add",
            "block5": "block5i_add",
            "block6": "block6o_add",
            "top": "top_activation",
        },
        licence=_AUTOML,
    ),
    Backbone(
        name="ConvNeXtTiny",
        build=_application("ConvNeXtTiny"),
        preprocess=preprocessing.as_is,
        application="convnext",
        width=768,
        size=224,
        least=32,
        groups={
            "stem": ".*_stem",
            "block1": ".*_stage_0_block_2_identity",
            "block2": ".*_stage_1_block_2_identity",
            "block3": ".*_stage_2_block_8_identity",
            "block4": ".*_stage_3_block_2_identity",
            "top": r"layer_normalization(_\d+)?",
        },
        licence="MIT; converted from facebookresearch/ConvNeXt",
    ),
    Backbone(
        name="ResNet50",
        build=_application("ResNet50"),
        preprocess=preprocessing.to_caffe,
        application="resnet",
        width=2048,
        size=224,
        least=32,
        groups={
            "stem": "pool1_pool",
            "block1": "conv2_block3_out",
            "block2": "conv3_block4_out",
            "block3": "conv4_block6_out",
            "block4": "conv5_block3_out",
        },
        licence="MIT; converted from KaimingHe/deep-residual-networks",
    ),
    Backbone(
        name="VGG16",
        build=_application("VGG16"),
        preprocess=preprocessing.to_caffe,
        application="vgg16",
        width=512,
        size=224,
        least=32,
        groups={f"block{n}": f"block{n}_pool" for n in range(1, 6)},
        licence="CC BY 4.0; converted from the Visual Geometry Group's, Oxford",
    ),
    Backbone(
        name=DINOV3.name,
        build=DINOV3.build,
        application=None,
        size=224,
        published=PRESET,
        tower=DINOV3,
        preprocess=preprocessing.to_imagenet,
        width=384,
        least=32,
        patch=16,
        groups=_blocks("rope_embedding", "layers"),
        licence="DINOv3 License; Meta's, which names what it may not be used for",
    ),
    Backbone(
        name=CLIP.name,
        build=CLIP.build,
        application=None,
        size=224,
        published=PRESET,
        tower=CLIP,
        preprocess=preprocessing.to_clip,
        width=512,
        least=224,
        most=224,
        groups=_blocks("pre_layer_norm", "encoder_block"),
        licence="MIT; converted from openai/CLIP",
    ),
    Backbone(
        name=SIGLIP2.name,
        build=SIGLIP2.build,
        application=None,
        size=224,
        published=PRESET,
        tower=SIGLIP2,
        preprocess=preprocessing.to_unit_range,
        width=768,
        least=224,
        most=224,
        groups=_blocks("embedding", "encoder_block"),
        licence="Apache-2.0; converted from google-research/big_vision",
    ),
)

BACKBONES: Final[Mapping[str, Backbone]] = MappingProxyType({row.name: row for row in _ROWS})

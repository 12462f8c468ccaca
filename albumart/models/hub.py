"""Networks that keras-hub builds: transformers that learnt from far more than ImageNet.

keras-hub is an extra. It is imported where one of its networks is built, and nowhere else. Its
weights are a *preset*: downloaded by its name, or a folder that holds ``config.json`` beside
``model.weights.h5``, whose path is what a study then names.
"""

import importlib.util
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.errors import PlatformError
from albumart.study import Model

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float32]

EXTRA: Final = "hub"
PRESET: Final = "preset"


@dataclass(frozen=True, slots=True)
class Reader:
    """How a text becomes token ids.

    Attributes:
        tokenizer: its class in ``keras_hub.models``.
        length: tokens of a text, shorter ones padded.
        starts: whether a token says where a text starts; one always says where it ends.
    """

    tokenizer: str
    length: int
    starts: bool

    def pack(self, tokenizer: "keras.layers.Layer", text: str) -> list[int]:
        """``length`` ids of ``text``."""
        tokens = [int(token) for token in np.asarray(tokenizer(plain_text(text)))]
        first = [tokenizer.start_token_id] if self.starts else []
        kept = [*first, *tokens][: self.length - 1]
        padding = [tokenizer.pad_token_id] * (self.length - 1 - len(kept))
        return [*kept, tokenizer.end_token_id, *padding]


@dataclass(frozen=True, slots=True)
class Tower:
    """One network of keras-hub.

    Attributes:
        name: of the row that it is.
        preset: name under which keras-hub publishes its weights.
        kind: its class in ``keras_hub.models``.
        draw: that module and a size of image → the network from random weights. Of one that reads
            texts, too, what sees images is as it was published and what reads them is tiny.
        see: the network and pixels → ``(n, h, w, c)``; one place where it answers for the image.
        reader: where it reads texts.
        resizes: whether a preset can be taken at another size of image.
    """

    name: str
    preset: str
    kind: str
    draw: Callable[[ModuleType, int], "keras.Model"]
    see: Callable[["keras.Model", "keras.KerasTensor"], "keras.KerasTensor"]
    reader: Reader | None = None
    resizes: bool = False

    def build(self, model: Model, weights: str | None) -> "keras.Model":
        """Pixels → a map: the layers one by one, so that groups of them can learn."""
        import keras

        size, source = model.image_size, weights and self.source(weights)
        network = self._load(source, size) if source else self.draw(hub_models(), size)
        inputs = keras.Input((size, size, 3))
        tower = keras.Model(inputs, self.see(network, inputs), name=self.name)
        if weights is not None and source is None:
            tower.load_weights(weights)
        return tower

    def read(self, source: str, size: int, texts: Sequence[str]) -> Floats:
        """``(k, d)`` where ``texts`` lie among images, by the preset ``source``."""
        import keras

        if self.reader is None:
            raise ValueError(f"expected a network that reads texts; got {self.name}")
        tokenizer = getattr(hub_models(), self.reader.tokenizer).from_preset(source)
        ids = np.array([self.reader.pack(tokenizer, text) for text in texts], np.int32)
        tokens = keras.ops.convert_to_tensor(ids)
        vectors = self._load(source, size).get_text_embeddings(tokens)
        return np.asarray(keras.ops.convert_to_numpy(vectors), np.float32)

    def source(self, weights: str) -> str | None:
        """What keras-hub loads: a preset's name, or the folder of its file; None of others."""
        if weights == PRESET:
            return self.preset
        folder = Path(weights).parent
        return str(folder) if (folder / "config.json").is_file() else None

    def _load(self, source: str, size: int) -> "keras.Model":
        import keras

        options = {"image_shape": (size, size, 3)} if self.resizes else {}
        constructor = getattr(hub_models(), self.kind)
        return constructor.from_preset(source, dtype=keras.config.dtype_policy().name, **options)


def plain_text(text: str) -> str:
    """As both networks were taught texts: in lower case, without punctuation."""
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split())


def has_hub() -> bool:
    """Whether keras-hub is installed."""
    return importlib.util.find_spec("keras_hub") is not None


def hub_models() -> ModuleType:
    """``keras_hub.models``. Raises PlatformError, with the extra, where it is not installed."""
    if not has_hub():
        raise PlatformError(
            f"expected keras-hub, which builds this network; got none: "
            f"pip install 'albumart[{EXTRA}]'"
        )
    import keras_hub

    models: ModuleType = keras_hub.models
    return models


def _draw_dinov3(models: ModuleType, size: int) -> "keras.Model":
    return models.DINOV3Backbone(
        patch_size=16,
        num_layers=12,
        hidden_dim=384,
        num_heads=6,
        intermediate_dim=1536,
        use_key_bias=False,
        image_shape=(size, size, 3),
    )


def _see_dinov3(network: "keras.Model", pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    """The last layer's patches, each where it lies in the image."""
    from keras import layers

    side = int(pixels.shape[1]) // network.patch_size
    prefix = 1 + network.num_register_tokens
    x, turns = network.embeddings(pixels), network.rope_embedding(pixels)
    for block in network.encoder.layers:
        x = block(x, position_embeddings=turns, num_prefix_tokens=prefix)
    patches = layers.Cropping1D((prefix, 0), name="patches")(network.layernorm(x))
    return layers.Reshape((side, side, network.hidden_dim), name="map")(patches)


def _draw_clip(models: ModuleType, size: int) -> "keras.Model":
    return models.CLIPBackbone(
        vision_encoder=models.CLIPVisionEncoder(
            patch_size=32,
            hidden_dim=768,
            num_layers=12,
            num_heads=12,
            intermediate_dim=3072,
            image_shape=(size, size, 3),
        ),
        text_encoder=models.CLIPTextEncoder(
            vocabulary_size=2,
            embedding_dim=8,
            hidden_dim=8,
            num_layers=1,
            num_heads=1,
            intermediate_dim=8,
        ),
        projection_dim=512,
    )


def _see_clip(network: "keras.Model", pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    seen = network.vision_pooler(_chain(network.vision_encoder, pixels))
    return _one_place(network.vision_projection(seen))


def _draw_siglip2(models: ModuleType, size: int) -> "keras.Model":
    return models.SigLIPBackbone(
        vision_encoder=models.SigLIPVisionEncoder(
            patch_size=16,
            hidden_dim=768,
            num_layers=12,
            num_heads=12,
            intermediate_dim=3072,
            image_shape=(size, size, 3),
        ),
        text_encoder=models.SigLIPTextEncoder(
            vocabulary_size=2,
            embedding_dim=8,
            hidden_dim=8,
            num_layers=1,
            num_heads=1,
            intermediate_dim=8,
            projection_dim=768,
        ),
    )


def _see_siglip2(network: "keras.Model", pixels: "keras.KerasTensor") -> "keras.KerasTensor":
    return _one_place(_chain(network.vision_encoder, pixels))


def _chain(encoder: "keras.Model", x: "keras.KerasTensor") -> "keras.KerasTensor":
    """The layers of an encoder, which follow each other, on inputs of our own."""
    for layer in encoder.layers[1:]:
        x = layer(x)
    return x


def _one_place(vectors: "keras.KerasTensor") -> "keras.KerasTensor":
    from keras import layers

    return layers.Reshape((1, 1, int(vectors.shape[-1])), name="map")(vectors)


DINOV3: Final = Tower(
    "DINOv3Small",
    "dinov3_vit_small_lvd1689m",
    "DINOV3Backbone",
    _draw_dinov3,
    _see_dinov3,
    resizes=True,
)
CLIP: Final = Tower(
    "CLIPBase",
    "clip_vit_base_patch32",
    "CLIPBackbone",
    _draw_clip,
    _see_clip,
    Reader("CLIPTokenizer", 77, starts=True),
)
SIGLIP2: Final = Tower(
    "SigLIP2Base",
    "siglip2_base_patch16_224",
    "SigLIPBackbone",
    _draw_siglip2,
    _see_siglip2,
    Reader("SigLIPTokenizer", 64, starts=False),
)

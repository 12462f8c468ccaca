"""A network of two convolutions and made images: classes are colours. Trains in seconds."""

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from albumart.training.layout import Network
from albumart.training.task import Examples, Task

CLASSES = 3
ROWS = np.arange(96)
TRAIN, VALIDATION = ROWS[:64], ROWS[64:]
LABELS = ROWS % CLASSES
TARGETS = np.eye(CLASSES, dtype=np.float32)[LABELS]


def build_network(size: int, *, flat: bool = False, metadata: int = 0) -> Network:
    images = keras.Input((size, size, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(images)
    x = layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv1", **_seeded(1))(x)
    x = layers.BatchNormalization(momentum=0.8, name="norm1")(x)
    x = layers.MaxPooling2D()(layers.ReLU()(x))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="conv2", **_seeded(2))(x)
    pool = layers.Flatten if flat else layers.GlobalAveragePooling2D
    extractor = keras.Model(images, pool()(x), name="extractor")
    head = build_head(extractor.output_shape[-1], metadata=metadata)
    others = head.inputs[1:]
    answers = head([extractor.output, *others] if others else extractor.output)
    model = keras.Model([extractor.input, *others] if others else extractor.input, answers)
    block1 = [extractor.get_layer("conv1"), extractor.get_layer("norm1")]
    groups = {"block1": block1, "block2": [extractor.get_layer("conv2")], "head": head.layers}
    return Network(model, extractor, head, groups)


def build_head(width: int, *, metadata: int = 0, seed: int = 3) -> keras.Model:
    inputs = [keras.Input((width,), name="feature_vector")]
    x = layers.Dropout(0.2, seed=seed)(inputs[0])
    if metadata:
        inputs.append(keras.Input((metadata,), name="metadata"))
        x = layers.Concatenate()([x, inputs[1]])
    x = layers.Dense(CLASSES, activation="softmax", name="probabilities", **_seeded(seed))(x)
    return keras.Model(inputs if metadata else inputs[0], x, name="head")


def make_pixels(size: int) -> NDArray[np.uint8]:
    """Noise, brighter in the channel of its class."""
    pixels = np.random.default_rng(size).integers(0, 120, (len(ROWS), size, size, 3))
    pixels[ROWS, :, :, LABELS] += 80
    return pixels.astype(np.uint8)


def make_task(**changes: object) -> Task:
    examples = Examples(make_pixels, TARGETS, TRAIN, VALIDATION)
    return Task(**{"build": build_network, "examples": examples, "head": "softmax"} | {  # type: ignore[arg-type]
        "image_size": 16, **changes
    })  # fmt: skip


def _seeded(seed: int) -> dict[str, object]:
    return {"kernel_initializer": keras.initializers.GlorotUniform(seed=seed)}

"""Models to explain: untrained ones with each head, and one that has learnt what was planted."""

import keras
import numpy as np

from albumart.models.head_network import (
    HeadPlan,
    HeadShape,
    build_task_head,
    decode_in_model,
    join_head,
)
from albumart.models.label_space import build_label_space
from albumart.models.network import build_extractor
from albumart.sandbox.planted import made_planted
from albumart.study import Model

SIDE = 64


def made_model(head: str = "softmax", *, backbone: str = "small", **options: object) -> keras.Model:
    """Untrained, from pixels to three probabilities."""
    model = Model(backbone=backbone, weights="random", image_size=SIDE, **options)
    extractor = build_extractor(model)
    shape = HeadShape(extractor.output_shape[-1], 3)
    if head != "label_embedding":
        return join_head(extractor, build_task_head(head, shape, HeadPlan()))
    space = build_label_space(("a", "b", "c"), np.eye(3) + 0.1, maker="made")
    directions = build_task_head(head, shape, HeadPlan(), space=space)
    decoded = decode_in_model(directions, space, np.full(3, 4.0), np.full(3, -1.0))
    return join_head(extractor, decoded)


def trained_model() -> keras.Model:
    """One that tells the classes of planted covers."""
    shown = made_planted(512, side=SIDE, seed=1)
    model = made_model()
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(shown.pixels, shown.labels, batch_size=32, epochs=4, shuffle=False, verbose=0)
    return model


def colour_model() -> keras.Model:
    """Pixels → the shares of blue and of red; of a make of its own."""
    inputs = keras.Input((SIDE, SIDE, 3))
    colour = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(inputs))
    last = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(inputs, last(colour))
    last.set_weights([np.array([[0, 8], [0, 0], [8, 0]], np.float32), np.zeros(2, np.float32)])
    return model

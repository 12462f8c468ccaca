"""Build, join, save and load the networks. A saved model takes pixels and gives probabilities."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from albumart.errors import UnsafeInput
from albumart.models.backbones import check_options
from albumart.models.groups import find_backbone_in
from albumart.models.head_network import predict_outputs
from albumart.models.heads import PROBABILITIES
from albumart.models.pooling import POOLINGS
from albumart.models.preprocessing import divide_by_255
from albumart.models.pretrained import load_backbone
from albumart.study import Model

if TYPE_CHECKING:
    import keras

    Network = keras.Model  # for rooms that hand a network on and never look into Keras

Floats = NDArray[np.float32]


def build_extractor(model: Model, *, seed: int = 0, precision: str = "float32") -> "keras.Model":
    """``(n, s, s, 3)`` pixels in 0…255 → ``(n, d) float32`` features: its maps, pooled.

    The same ``seed`` gives the same random weights, where the model has such. ``precision`` names
    the Keras policy that the layers compute by, such as ``mixed_bfloat16``.

    Raises:
        FetchError, UnsafeInput, NotFound, BadStudy: the weights cannot be had; see
            ``load_backbone`` and ``resolve_weights``.
    """
    import keras

    row = check_options(model)
    preprocess = row.preprocess if model.preprocess == "own" else divide_by_255
    with _computing_in(precision):
        inputs = keras.Input((model.image_size, model.image_size, 3), name="pixels")
        backbone = load_backbone(model, seed=seed)
        features = POOLINGS[model.pooling](backbone, preprocess(inputs))
    return keras.Model(inputs, features, name=f"{row.name}_features")


def at_size(extractor: "keras.Model", model: Model) -> "keras.Model":
    """An extractor of ``model``, as its ``image_size`` says, with the weights of ``extractor``.

    For stages of other sizes; the backbone must be the same. Nothing is shared between the two.
    """
    random = model.model_copy(update={"weights": "random"})
    resized = build_extractor(random, precision=find_backbone_in(extractor).dtype_policy.name)
    resized.set_weights(extractor.get_weights())
    return resized


def feature_network(model: "keras.Model") -> "keras.Model":
    """Of a saved model, ``(n, s, s, 3)`` pixels → ``(n, d)``: the last map of its backbone, pooled.

    It shares the layers of ``model``. Features that a head takes flat, place by place, are averaged
    over the places here. Of a network that was joined otherwise, what its last layer takes.
    """
    import keras
    from keras import layers

    named = {layer.name: layer for layer in model.layers}
    if (pool := named.get("features")) is None:
        return keras.Model(model.inputs[0], model.layers[-1].input, name="feature_network")
    features = pool.output
    if isinstance(pool, layers.Flatten):
        features = layers.GlobalAveragePooling2D(dtype="float32")(pool.input)
    return keras.Model(model.inputs[0], features, name="feature_network")


def network_digest(model: "keras.Model") -> str:
    """16 hex digits that name what ``model`` computes: its layers and weights, not their names."""
    digest = hashlib.sha256()
    for layer in _leaves(model):
        config = {name: value for name, value in layer.get_config().items() if name != "name"}
        told = json.dumps([type(layer).__name__, config], sort_keys=True, default=str)
        digest.update(told.encode())
        for weight in layer.get_weights():
            digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()[:16]


def _leaves(model: "keras.Model") -> "Iterator[keras.layers.Layer]":
    for layer in model.layers:
        yield from _leaves(layer) if hasattr(layer, "layers") else (layer,)


def apply_temperature(head: "keras.Model", temperature: float) -> None:
    """Divide the logits of ``head`` by ``temperature``: calibrated probabilities."""
    layer = head.get_layer(PROBABILITIES)
    layer.set_weights([weight / temperature for weight in layer.get_weights()])


def predict_proba(
    model: "keras.Model",
    inputs: NDArray[np.uint8] | Floats,
    rows: NDArray[np.intp] | None = None,
    *,
    batch_size: int = 64,
) -> Floats:
    """``(n, …)`` pixels or features → ``(n, classes) float32`` probabilities, or features.

    ``rows`` chooses rows of ``inputs``, which may be a mapped cache: only a batch is in memory.
    """
    return predict_outputs(model, (inputs,), rows, batch_size=batch_size)


def to_bytes(model: "keras.Model") -> bytes:
    """The ``.keras`` file of ``model``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def load_model(data: bytes, sha256: str, folder: Path) -> "keras.Model":
    """Load a ``.keras`` file after its digest is checked, by way of ``folder``.

    Raises:
        UnsafeInput: the bytes are not those that the registry knows (``code="digest"``).
    """
    import keras

    came = hashlib.sha256(data).hexdigest()
    if came != sha256:
        raise UnsafeInput("digest", f"expected a model with sha256 {sha256}; got {came}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{sha256}.keras"
    partial = path.with_suffix(f".{os.getpid()}.keras")
    partial.write_bytes(data)
    partial.replace(path)
    return keras.saving.load_model(path, compile=False, safe_mode=True)


@contextmanager
def _computing_in(precision: str) -> Iterator[None]:
    """Build layers under another policy. Keras keeps it for each thread of its own."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)

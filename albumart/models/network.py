"""Build, join, save and load the networks. A saved model takes pixels and gives probabilities."""

import hashlib
import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.errors import FetchError, UnsafeInput
from albumart.models.backbones import find_backbone
from albumart.models.weights import CHOICES, Weights, resolve_weights
from albumart.study import Model, Train

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float32]

PROBABILITIES: Final = "probabilities"


def build_extractor(model: Model, *, seed: int = 0) -> "keras.Model":
    """``(n, s, s, 3)`` pixels in 0…255 → ``(n, d)`` features, by global average pooling.

    The same ``seed`` gives the same random weights, where the model has such.
    """
    import keras
    from keras import layers

    row = find_backbone(model.backbone)
    weights = resolve_weights(model)
    inputs = keras.Input((model.image_size, model.image_size, 3), name="pixels")
    backbone = _load_backbone(model, weights)
    if weights.are_random:
        _seed_weights(backbone, seed)
    features = layers.GlobalAveragePooling2D(name="features")(backbone(row.preprocess(inputs)))
    return keras.Model(inputs, features, name=f"{row.name}_features")


def build_head(
    train: Train, *, classes: int, normalize: Floats | None, width: int
) -> "keras.Model":
    """``(n, width)`` features → ``(n, classes)`` probabilities.

    ``normalize`` holds the training features whose mean and variance the head standardises by.
    Its first weights are those of ``train.seed``.
    """
    import keras
    from keras import layers

    inputs = keras.Input((width,), name="feature_vector")
    x = inputs
    if normalize is not None:
        standardize = layers.Normalization(name="standardize")
        standardize.adapt(normalize)
        x = standardize(x)
    x = layers.Dropout(train.dropout, seed=train.seed, name="dropout")(x)
    outputs = layers.Dense(classes, activation="softmax", name=PROBABILITIES)(x)
    head = keras.Model(inputs, outputs, name="head")
    _seed_weights(head, train.seed)
    return head


def join(extractor: "keras.Model", head: "keras.Model") -> "keras.Model":
    """One model from pixels to probabilities, sharing the weights of both."""
    import keras

    return keras.Model(extractor.input, head(extractor.output), name="classifier")


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
    rows = np.arange(len(inputs)) if rows is None else rows
    blocks: Sequence[Floats] = [
        np.asarray(
            model.predict_on_batch(inputs[rows[start : start + batch_size]]), dtype=np.float32
        )
        for start in range(0, len(rows), batch_size)
    ]
    return np.concatenate(blocks)


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


def _seed_weights(model: "keras.Model", seed: int) -> None:
    """Draw every kernel anew (Glorot uniform), each from a seed of its own.

    ``keras.utils.set_random_seed`` seeds Python's one global generator, from which the threads of
    an orchestrator draw as well: the same seed would give other weights each time.
    """
    import keras

    for number, variable in enumerate(model.trainable_variables):
        if len(variable.shape) > 1:
            draw = keras.initializers.GlorotUniform(seed=10_000 * seed + number)
            variable.assign(draw(variable.shape))


def _load_backbone(model: Model, weights: Weights) -> "keras.Model":
    row = find_backbone(model.backbone)
    try:
        with warnings.catch_warnings():
            # A file that fits in part leaves the rest random, and Keras only warns of it.
            warnings.filterwarnings("error", message=".*freshly-initialized", category=UserWarning)
            return row.build(model.image_size, weights.argument)
    except Exception as error:
        if weights.argument is None:
            raise
        # Keras raises a bare Exception when a download fails, ValueError for a file that does
        # not fit; either way the run must not go on with random weights.
        raise FetchError(
            f"no {weights.argument} weights for {row.name}: {str(error).partition(chr(10))[0]}; "
            f"expected {CHOICES} (--weights)"
        ) from error

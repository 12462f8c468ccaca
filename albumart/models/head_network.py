"""Build, join and ask the heads: image features, and metadata beside them, → a head's answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.models.heads import (
    LABEL_VECTOR,
    PROBABILITIES,
    Head,
    find_head,
    required_space,
    seeded_dense,
)
from albumart.models.label_space import Floats, LabelSpace

if TYPE_CHECKING:
    import keras

METADATA: Final = "metadata"


@dataclass(frozen=True, slots=True)
class HeadShape:
    """What goes in and comes out.

    Attributes:
        features: numbers that the image features have.
        classes: labels.
        metadata: numbers that the metadata has; 0 is a head that looks at the image alone.
    """

    features: int
    classes: int
    metadata: int = 0


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """What the first weights and the layers between are.

    Attributes:
        seed: of the first weights and of what is dropped.
        dropout: share dropped in training of the hidden units, or without such of the image
            features; metadata itself is never thinned.
        hidden: units of a ReLU layer before the last one; 0 is none. Without, image and metadata
            only add up; with it, they can depend on each other.
        hide_metadata: share of the rows whose whole metadata is hidden in training, so that the
            head can do without it where none is known.
    """

    seed: int = 0
    dropout: float = 0.0
    hidden: int = 0
    hide_metadata: float = 0.0


def build_task_head(
    name: str,
    shape: HeadShape,
    plan: HeadPlan,
    *,
    standardize: Floats | None = None,
    space: LabelSpace | None = None,
) -> "keras.Model":
    """Features ``(n, d)``, or features and metadata ``(n, m)``, → ``(n, k)``, or a direction.

    Args:
        name: a row of HEADS.
        shape: what goes in and comes out.
        plan: seed, dropout and hidden layer.
        standardize: the training features ``(n, d)`` whose mean and variance it standardises by.
        space: for a head that answers in it.

    Raises:
        BadStudy: there is no such head.
        ValueError: the head needs a label space of these classes.
    """
    import keras
    from keras import layers

    row = find_head(name)
    units = _units(row, shape, space)
    inputs = [keras.Input((shape.features,), name="feature_vector")]
    x = inputs[0]
    if standardize is not None:
        scaled = layers.Normalization(name="standardize")
        scaled.adapt(standardize)
        x = scaled(x)
    thin = layers.Dropout(plan.dropout, seed=plan.seed, name="dropout")
    x = x if plan.hidden else thin(x)
    if shape.metadata:
        inputs.append(keras.Input((shape.metadata,), name=METADATA))
        x = layers.Concatenate(name="features_and_metadata")([x, _hidden_at_times(inputs[1], plan)])
    if plan.hidden:
        x = thin(seeded_dense(plan.hidden, _seed(plan, 0), activation="relu", name="hidden")(x))
    outputs = row.last(x, units, _seed(plan, 2 if plan.hidden else 0))
    return keras.Model(inputs if shape.metadata else inputs[0], outputs, name="head")


def decode_in_model(
    head: "keras.Model",
    space: LabelSpace,
    slopes: NDArray[np.float64],
    intercepts: NDArray[np.float64],
) -> "keras.Model":
    """A head that answers in label space → one that answers with a probability of each label.

    The last layer holds the label vectors: ``sigmoid(slope × cosine + intercept)``. So the saved
    file needs no label space beside it. With the same numbers for all labels, the nearest label
    stays the most probable one.

    Args:
        head: from ``build_task_head``, trained.
        space: that it was built for.
        slopes: ``(k,)``, fitted on validation.
        intercepts: ``(k,)``, fitted with them.
    """
    import keras
    from keras import layers

    last = layers.Dense(
        len(space.labels),
        activation="sigmoid",
        kernel_initializer="zeros",  # set below; drawn ones would move a global generator
        trainable=False,
        dtype="float32",
        name=PROBABILITIES,
    )
    decoded = keras.Model(head.input, last(head.output), name="head")
    last.set_weights([space.vectors.T * slopes.astype(np.float32), intercepts.astype(np.float32)])
    return decoded


def pointing_head(head: "keras.Model") -> "keras.Model":
    """Of a head that answers in label space, decoded or not, the same up to its direction."""
    import keras

    return keras.Model(head.input, head.get_layer(LABEL_VECTOR).output, name="head")


def pointing_network(model: "keras.Model") -> "keras.Model":
    """The same of a joined model: pixels → a direction in label space."""
    import keras

    features = keras.Model(model.input, model.get_layer("features").output)
    return join_head(features, pointing_head(model.get_layer("head")))


def fold_calibration(
    head: "keras.Model", slopes: NDArray[np.float64], intercepts: NDArray[np.float64]
) -> None:
    """Lay ``slope × logit + intercept`` ``(k,)`` into the last layer: calibrated probabilities."""
    layer = head.get_layer(PROBABILITIES)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * slopes, bias * slopes + intercepts])


def join_head(extractor: "keras.Model", head: "keras.Model") -> "keras.Model":
    """One model from pixels, and metadata where the head takes some, to the head's outputs."""
    import keras

    others = head.inputs[1:]
    features = [extractor.output, *others]
    inputs = [extractor.input, *others]
    outputs = head(features if others else features[0])
    return keras.Model(inputs if others else inputs[0], outputs, name="classifier")


def predict_outputs(
    model: "keras.Model",
    inputs: Sequence[NDArray[np.uint8] | Floats],
    rows: NDArray[np.intp] | None = None,
    *,
    batch_size: int = 64,
) -> Floats:
    """``[(n, …), (n, m)]`` inputs in the model's order → ``(n, t) float32`` outputs.

    ``rows`` chooses rows of the inputs, which may be mapped caches: only a batch is in memory.
    """
    rows = np.arange(len(inputs[0])) if rows is None else rows
    batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    return np.concatenate(
        [_predict_batch(model, [each[batch] for each in inputs]) for batch in batches]
    )


def _predict_batch(model: "keras.Model", inputs: list[NDArray[np.uint8] | Floats]) -> Floats:
    found = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
    return np.asarray(found, dtype=np.float32)


def _units(row: Head, shape: HeadShape, space: LabelSpace | None) -> int:
    if not row.in_label_space:
        return shape.classes
    needed = required_space(space)
    if (told := len(needed.labels)) != shape.classes:
        raise ValueError(f"expected a label space of {shape.classes} classes; got {told}")
    return needed.width


def _hidden_at_times(metadata: "keras.KerasTensor", plan: HeadPlan) -> "keras.KerasTensor":
    """The metadata; in training some rows are zeros, which is what an unknown album's are."""
    from keras import layers

    if not plan.hide_metadata:
        return metadata
    # All numbers of a row stay or go together.
    return layers.Dropout(
        plan.hide_metadata, noise_shape=(None, 1), seed=plan.seed + 1, name="hide_metadata"
    )(metadata)


def _seed(plan: HeadPlan, number: int) -> int:
    """Seed of the kernel that is variable ``number``: as network.py's heads have it."""
    return 10_000 * plan.seed + number

"""The gradient of a class's score, by Keras itself, whatever backend it runs on.

Keras has no call for a gradient; it takes one only when it trains. So the inputs get an offset that
is all zeros and the only thing that learns, and one step of plain gradient descent with a rate of 1
moves it by the gradient, exactly: 0 − 1 × −gradient.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float32]

# Keras runs models on these, and trains none.
WITHOUT_GRADIENTS: Final = ("openvino", "numpy")


def can_take_gradients() -> bool:
    """Whether the backend that Keras runs on takes gradients at all."""
    import keras

    return keras.backend.backend() not in WITHOUT_GRADIENTS


def score_gradient(
    score: "Callable[[keras.KerasTensor], keras.KerasTensor]",
    inputs: Floats,
    classes: NDArray[np.intp],
) -> Floats:
    """How the score of each row's class changes with each number of the row.

    Args:
        score: ``(n, …)`` inputs → ``(n, k)`` scores; a row's own depend on that row alone.
        inputs: ``(n, …)``.
        classes: ``(n,)`` number of the class of each row, below ``k``.

    Returns:
        ``(n, …) float32``, of the shape of ``inputs``.
    """
    import keras
    from keras import ops

    def wanted(classes: "keras.KerasTensor", scores: "keras.KerasTensor") -> "keras.KerasTensor":
        # Keras takes the mean over the rows; each counts as itself.
        mine = ops.take_along_axis(scores, ops.cast(classes, "int32"), axis=-1)
        return -ops.sum(mine, axis=-1) * len(inputs)

    offset = _offset(score, inputs.shape)
    # Eagerly: a graph of a network takes longer to make than to run once.
    offset.compile(
        optimizer=keras.optimizers.SGD(1.0), loss=wanted, run_eagerly=True, jit_compile=False
    )
    offset.train_on_batch(inputs, classes[:, np.newaxis].astype(np.int32))
    return np.asarray(ops.convert_to_numpy(offset.offset.value), dtype=np.float32)


def _offset(
    score: "Callable[[keras.KerasTensor], keras.KerasTensor]", shape: tuple[int, ...]
) -> "keras.Model":
    import keras

    class Offset(keras.Model):  # type: ignore[misc]
        """Inputs plus an offset → scores. ``score`` is no layer of it: nothing in it learns."""

        def __init__(self) -> None:
            super().__init__()
            self.offset = self.add_weight(shape=shape, initializer="zeros", name="offset")

        def call(self, inputs: "keras.KerasTensor") -> "keras.KerasTensor":
            return score(inputs + self.offset)

    return Offset()

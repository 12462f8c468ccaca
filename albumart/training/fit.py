"""Fit a head on features, or a whole network on pixels."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.errors import Diverged
from albumart.progress import progress_bar
from albumart.study import Train

if TYPE_CHECKING:
    import keras

Inputs = NDArray[np.uint8] | NDArray[np.float32]

MONITOR: Final = "val_loss"


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows of one dataset, with the labels as class numbers ``(n,) int``.

    ``inputs`` may be a memory-mapped cache; only the rows of a batch are read.
    """

    inputs: Inputs
    labels: NDArray[np.intp]
    train: NDArray[np.intp]
    validation: NDArray[np.intp]


def fit(
    model: "keras.Model", examples: Examples, train: Train, *, classes: int
) -> list[dict[str, float]]:
    """Train ``model`` in place, keep the epoch of the lowest validation loss, return the history.

    AdamW on a cosine schedule, cross-entropy with label smoothing, early stopping.

    Raises:
        Diverged: the loss is no longer a finite number.
    """
    import keras

    batches = _batches(examples, examples.train, train, classes)
    schedule = keras.optimizers.schedules.CosineDecay(
        train.learning_rate, decay_steps=train.epochs * len(batches)
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=train.weight_decay),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=train.label_smoothing),
        metrics=["accuracy"],
    )
    with progress_bar("training", train.epochs, unit="epochs") as advance:
        stop = keras.callbacks.EarlyStopping(
            MONITOR, patience=train.patience, restore_best_weights=True
        )
        history = model.fit(
            batches,
            validation_data=_batches(examples, examples.validation, None, classes),
            epochs=train.epochs,
            shuffle=False,  # the batches shuffle by their own seed; Keras would by a global one
            callbacks=[
                keras.callbacks.TerminateOnNaN(),
                stop,
                keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: advance(1)),
            ],
            verbose=0,
        )
    return _finite_history(history.history)


def _finite_history(history: dict[str, list[float]]) -> list[dict[str, float]]:
    epochs = [
        {name: float(values[epoch]) for name, values in history.items()}
        for epoch in range(len(history.get(MONITOR, ())))
    ]
    if not epochs or not all(np.isfinite(list(epoch.values())).all() for epoch in epochs):
        raise Diverged(
            f"expected a finite loss; got {history.get('loss', [])[-1:]} in epoch {len(epochs)}; "
            "lower train.learning_rate in the study"
        )
    return epochs


def _batches(
    examples: Examples, rows: NDArray[np.intp], train: Train | None, classes: int
) -> "keras.utils.PyDataset":
    """A Keras PyDataset of ``rows``: shuffled anew each epoch by the seed, or in order."""
    import keras

    generator = np.random.default_rng(train.seed if train else 0)
    size = train.batch_size if train else 256
    order = rows.copy()

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return math.ceil(len(order) / size)

        def __getitem__(self, index: int) -> tuple[Inputs, NDArray[np.float32]]:
            chosen = order[index * size : (index + 1) * size]
            one_hot = np.eye(classes, dtype=np.float32)[examples.labels[chosen]]
            return examples.inputs[chosen], one_hot

        def on_epoch_end(self) -> None:
            if train:
                generator.shuffle(order)

    if train:
        generator.shuffle(order)
    return Batches()

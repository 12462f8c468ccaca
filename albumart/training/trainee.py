"""What one stage trains: the model, compiled, and its batches; and one epoch of it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from albumart.errors import BadStudy, Diverged
from albumart.models.heads import find_head
from albumart.train_plan import TrainPlan
from albumart.training.feed import Epoch, Feed, Floats, as_dataset, balanced_weights
from albumart.training.layout import Network
from albumart.training.placing import sharers
from albumart.training.task import Examples, Task

if TYPE_CHECKING:
    import keras

    from albumart.training.optimizers import PlannedRate

Logs = dict[str, float]

METRICS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"softmax": ("accuracy",)})
EVALUATED_AT_ONCE: Final = 1024  # rows of features


@dataclass(frozen=True, slots=True, eq=False)
class Trainee:
    """A model and its batches.

    ``in_memory``: batches are cheap and the network small, as with a head on features. Then each
    is handed over by itself: ``fit`` costs more for its pipeline than for the steps. Images are
    streamed, made by threads while the device computes.
    """

    model: "keras.Model"
    train: Feed
    validation: Feed
    in_memory: bool


def prepare_trainee(
    task: Task,
    network: Network,
    plan: TrainPlan,
    *,
    image_size: int,
    batch_size: int,
    features: Floats | None,
) -> Trainee:
    """The head of ``network`` on ``features``, where they are given, else the whole on its inputs.

    Raises:
        BadStudy: balanced classes are wanted of a head whose rows are of several.
    """
    import keras

    examples = task.examples
    model = network.model if features is None else network.head
    first = examples.inputs(image_size) if features is None else features
    inputs = (first,) if examples.metadata is None else (first, examples.metadata)
    in_memory = first.ndim == 2
    at_once = max(batch_size, EVALUATED_AT_ONCE) if in_memory else batch_size
    weights = _row_weights(task, plan)
    ones, count = np.ones_like(weights), sharers()
    return Trainee(
        # Of the same layers: what the caller saves is never compiled, so it holds no optimizer.
        model=keras.Model(model.input, model.output),
        train=Feed(
            inputs,
            examples.targets,
            weights,
            examples.train,
            batch_size,
            plan.augment,
            sharers=count,
        ),
        validation=Feed(
            inputs, examples.targets, ones, examples.validation, at_once, sharers=count
        ),
        in_memory=in_memory,
    )


def compile_trainee(
    trainee: Trainee,
    task: Task,
    plan: TrainPlan,
    *,
    rate: "float | PlannedRate",
    multipliers: Sequence[float],
) -> None:
    """Give the model the plan's optimizer and the head's loss."""
    from albumart.training.optimizers import build_optimizer

    optimizer = build_optimizer(
        plan.optimizer,
        rate,
        multipliers=multipliers,
        decay=plan.weight_decay,
        clip_norm=plan.clip_norm,
    )
    trainee.model.compile(
        optimizer=optimizer,
        loss=find_head(task.head).loss(plan.label_smoothing),
        metrics=list(METRICS.get(task.head, ())),
    )
    optimizer.build(trainee.model.trainable_variables)


def compute_features(
    extractor: "keras.Model", examples: Examples, *, image_size: int, batch_size: int
) -> Floats:
    """``(n, d)`` features; of the rows that are neither trained nor validated on, zeros."""
    pixels = examples.inputs(image_size)
    features = np.zeros((len(pixels), extractor.output_shape[-1]), dtype=np.float32)
    rows = np.sort(np.concatenate([examples.train, examples.validation]))
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        features[batch] = np.asarray(extractor.predict_on_batch(pixels[batch]), dtype=np.float32)
    return features


def train_epoch(trainee: Trainee, seed: tuple[int, ...]) -> Logs:
    """Train once over, in the order of ``seed``; the mean of loss and metrics by row.

    In memory it stops at the first loss that is no number.
    """
    epoch = trainee.train.shuffled(*seed)
    if trainee.in_memory:
        return _mean(_train_batches(trainee.model, epoch))
    history = trainee.model.fit(as_dataset(epoch), epochs=1, shuffle=False, verbose=0)
    return {name: float(values[-1]) for name, values in history.history.items()}


def evaluate(trainee: Trainee) -> Logs:
    """Loss and metrics on the validation rows."""
    epoch = trainee.validation.in_order()
    # Of shared batches the first may be of another layout than the others.
    if trainee.in_memory or trainee.validation.sharers > 1:
        return _mean(_test_batches(trainee.model, epoch))
    logs = trainee.model.evaluate(as_dataset(epoch), verbose=0, return_dict=True)
    return {name: float(value) for name, value in logs.items()}


def check_finite(logs: Logs, *, stage: int, epoch: int, rate: float) -> None:
    """Raise Diverged where a loss or metric is no finite number."""
    if wrong := [name for name, value in logs.items() if not math.isfinite(value)]:
        raise Diverged(
            f"expected a finite loss; got {wrong[0]} {logs[wrong[0]]} in epoch {epoch} of stage "
            f"{stage} at a rate of {rate:g}; lower its learning_rate in the study"
        )


def _row_weights(task: Task, plan: TrainPlan) -> Floats:
    targets = task.examples.targets
    if plan.class_weights == "none":
        return np.ones(len(targets), dtype=np.float32)
    if task.head != "softmax":
        raise BadStudy(
            f"train.class_weights: expected 'none' for a {task.head} head, whose rows are of "
            "several classes; got 'balanced'"
        )
    return balanced_weights(targets, task.examples.train)


def _train_batches(model: "keras.Model", epoch: Epoch) -> Iterator[tuple[int, Logs]]:
    for inputs, targets, weights in epoch:
        logs = model.train_on_batch(inputs, targets, sample_weight=weights, return_dict=True)
        yield len(targets), logs
        if not math.isfinite(logs["loss"]):
            return


def _test_batches(model: "keras.Model", epoch: Epoch) -> Iterator[tuple[int, Logs]]:
    for inputs, targets, weights in epoch:
        yield (
            len(targets),
            model.test_on_batch(inputs, targets, sample_weight=weights, return_dict=True),
        )


def _mean(batches: Iterator[tuple[int, Logs]]) -> Logs:
    """Mean by row of what each batch came to."""
    counted = list(batches)
    rows = sum(count for count, _ in counted)
    names = counted[0][1]
    return {
        name: sum(count * float(logs[name]) for count, logs in counted) / rows for name in names
    }

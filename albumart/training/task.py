"""What is trained on what: the values that ``stages.train_network`` takes and gives."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from albumart.train_plan import TrainPlan
from albumart.training.feed import Floats, Inputs, Rows
from albumart.training.layout import Network
from albumart.training.state import StageResult

# Raised whenever the same plan trains differently than before.
RECIPE: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Rows of one dataset.

    Attributes:
        inputs: image size → ``(n, s, s, 3) uint8`` pixels, which may be a mapped cache; of a head
            alone, ``(n, d)`` features whatever the size.
        targets: ``(n, t)`` as ``head_targets`` makes them.
        train: row numbers.
        validation: row numbers.
        metadata: ``(n, m)`` that the head is shown beside the features.
        features: image size → ``(n, d)`` features of the backbone as it came, where they are
            cached; used while no stage has changed it.
    """

    inputs: Callable[[int], Inputs]
    targets: Floats
    train: Rows
    validation: Rows
    metadata: Floats | None = None
    features: Callable[[int], Floats] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A network and what it learns from.

    Attributes:
        build: image size → the network at that size, the first with the weights to start from;
            of the later ones the weights are replaced.
        examples: the rows.
        head: a row of HEADS, for the loss.
        image_size: of the stages that name none.
        identity: names the weights and the data; a training that was killed goes on only where it
            is the same.
    """

    build: Callable[[int], Network]
    examples: Examples
    head: str
    image_size: int
    identity: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network.

    Attributes:
        network: at the size and with the best weights of the last stage; not compiled.
        image_size: that size.
        history: an entry for each epoch: ``stage``, ``epoch`` (both from 1), ``learning_rate`` (of
            the last step, last group), ``batch_size``, ``loss``, ``val_loss`` and other metrics.
        stages: what each came to.
    """

    network: Network
    image_size: int
    history: list[dict[str, float]]
    stages: tuple[StageResult, ...]


def fingerprint(plan: TrainPlan, task: Task) -> str:
    """Names a training: the same plan on the same data and weights by the same library."""
    import keras

    examples = task.examples
    digest = hashlib.sha256()
    shown = () if examples.metadata is None else (examples.metadata,)
    for array in (examples.targets, examples.train, examples.validation, *shown):
        digest.update(np.ascontiguousarray(array).tobytes())
    shape = {
        "recipe": RECIPE,
        "plan": plan.model_dump(mode="json"),
        "head": task.head,
        "image_size": task.image_size,
        "identity": task.identity,
        "rows": digest.hexdigest(),
        "keras": [keras.__version__, keras.backend.backend()],
    }
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()

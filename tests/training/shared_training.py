"""Trains on two devices that share each batch, and on one; prints what came of both, as JSON.

It wants JAX with two devices, which XLA makes of one CPU where it is told to as it is imported.
"""

import json
import sys

import keras
from staged_network import ROWS, TARGETS, TRAIN, build_network, make_pixels, make_task

from albumart.train_plan import Stage, TrainPlan
from albumart.training.layout import Network
from albumart.training.placing import find_devices, list_devices, sharers, sharing
from albumart.training.stages import train_network
from albumart.training.task import Examples, Task

# 31 rows to validate on: one batch of them cannot be shared evenly.
PLAN = TrainPlan(
    stages=(
        Stage(epochs=2, learning_rate=1e-2, unfrozen=("head",)),
        Stage(epochs=2, learning_rate=1e-2, unfrozen="all", image_size=24),
    ),
    batch_size=16,
)


def learn(task: Task) -> list[dict[str, float]]:
    return train_network(PLAN, task).history


def still_task() -> Task:
    """Without dropout, whose mask depends on who draws it."""
    return make_task(build=build_still, examples=Examples(make_pixels, TARGETS, TRAIN, ROWS[65:]))


def build_still(size: int) -> Network:
    network = build_network(size)
    for layer in network.head.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return network


if __name__ == "__main__":
    alone = learn(still_task())
    with sharing(list_devices()[:2]):
        together, devices = learn(still_task()), sharers()
    told = {"devices": devices, "alone": alone, "together": together, "auto": str(find_devices())}
    sys.stdout.write(f"{json.dumps(told)}\n")

"""Trainings to kill: each says when it is in the middle of its moment, and waits there for ever.

What takes long is importing, so one process imports for all of them, and each is a fork of it,
made before anything was computed.
"""

import os
import sys
import threading
from pathlib import Path

from staged_network import make_task

from albumart.train_plan import Stage, TrainPlan
from albumart.training import feed
from albumart.training.feed import Batch, Epoch
from albumart.training.stages import RANGE_TEST, train_network

LARGER = 24
PLAN = TrainPlan(
    stages=(
        Stage(epochs=2, learning_rate="find", schedule="one_cycle"),
        Stage(epochs=2, learning_rate=(2e-3, 2e-2), schedule="one_cycle", unfrozen="all"),
        Stage(epochs=2, learning_rate="find", schedule="one_cycle", image_size=LARGER),
        Stage(epochs=2, learning_rate=(1e-3, 1e-2), unfrozen="all", image_size=LARGER),
    ),
    batch_size=16,
    weight_decay=0.01,
    clip_norm=1.0,
)
BATCH = 1
# What the seeds of an epoch are besides the plan's own: the second epoch of each stage; and where a
# stage searches its rate.
EPOCHS = tuple((stage, 1) for stage in range(len(PLAN.stages)))
SEARCH = (2, RANGE_TEST, 0)
MOMENTS = tuple(sorted((*EPOCHS, SEARCH), key=lambda moment: (moment[0], moment == (2, 1))))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Blocking(Epoch):
    """An epoch of which one batch never comes."""

    moment: tuple[int, ...] = ()

    def __getitem__(self, number: int) -> Batch:
        if self.seed is not None and self.seed[1:] == self.moment and number == BATCH:
            say(f"in the middle {os.getpid()}")
            threading.Event().wait()
        return super().__getitem__(number)


def train_until(moment: tuple[int, ...], folder: Path) -> None:
    Blocking.moment = moment
    feed.Epoch = Blocking  # type: ignore[misc]
    train_network(PLAN, make_task(), folder)


if __name__ == "__main__":
    say("ready")
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            train_until(MOMENTS[int(line)], Path(sys.argv[1]))
            os._exit(1)  # its moment never came
        _, status = os.waitpid(child, 0)
        say(f"ended {os.waitstatus_to_exitcode(status)}")

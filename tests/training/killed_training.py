"""A training to kill: it says when it is in the middle of an epoch, and waits there for ever."""

import sys
import threading
from pathlib import Path

from staged_network import make_task

from albumart.train_plan import Stage, TrainPlan
from albumart.training import feed
from albumart.training.feed import Batch, Epoch
from albumart.training.stages import train_network

PLAN = TrainPlan(
    stages=(
        Stage(epochs=3, learning_rate="find", schedule="one_cycle"),
        Stage(epochs=3, learning_rate=(2e-3, 2e-2), unfrozen="all", image_size=24),
        Stage(epochs=3, learning_rate=0.02, image_size=24),
    ),
    batch_size=16,
    weight_decay=0.01,
    clip_norm=1.0,
)
EPOCH, BATCH = 2, 1  # of each stage: the third epoch, the second batch


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Blocking(Epoch):
    """An epoch of which one batch never comes."""

    def __getitem__(self, number: int) -> Batch:
        if self.seed is not None and self.seed[1:] == (STAGE, EPOCH) and number == BATCH:
            say("in the middle")
            threading.Event().wait()
        return super().__getitem__(number)


if __name__ == "__main__":
    STAGE = int(sys.argv[2])
    feed.Epoch = Blocking  # type: ignore[misc]
    say("ready")
    sys.stdin.readline()
    train_network(PLAN, make_task(), Path(sys.argv[1]))

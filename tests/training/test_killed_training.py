"""A training that was killed in the middle of each of its stages ends as an undisturbed one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from killed_training import EPOCH, PLAN
from staged_network import make_task

from albumart.training.stages import train_network
from albumart.training.state import STATE
from albumart.training.variables import read_variables

SCRIPT = Path(__file__).with_name("killed_training.py")


@contextmanager
def waiting_training(folder: Path, stage: int) -> Iterator[subprocess.Popen[str]]:
    """A child that has imported everything and begins when it is told a line."""
    command = [sys.executable, str(SCRIPT), str(folder), str(stage)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def kill_in_the_middle(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.stdin.write("go\n")
    child.stdin.flush()
    assert child.stdout.readline() == "in the middle\n"
    child.kill()  # SIGKILL: nothing of it runs any more
    child.wait()


@pytest.mark.timeout(600)
def test_killed_in_each_stage_it_ends_with_the_same_weights(tmp_path: Path) -> None:
    with ExitStack() as stack:
        # All at once: what takes long is importing.
        waiting = [
            stack.enter_context(waiting_training(tmp_path, stage))
            for stage in range(len(PLAN.stages))
        ]
        for stage, child in enumerate(waiting):
            kill_in_the_middle(child)
            state = json.loads((tmp_path / STATE).read_bytes())
            assert (state["stage"], state["epoch"]) == (stage, EPOCH)
    resumed = train_network(PLAN, make_task(), tmp_path)
    undisturbed = train_network(PLAN, make_task())
    assert resumed.history == undisturbed.history
    assert resumed.stages == undisturbed.stages
    for one_array, other in zip(
        read_variables(resumed.network.model.variables),
        read_variables(undisturbed.network.model.variables),
        strict=True,
    ):
        np.testing.assert_array_equal(one_array, other)

"""A training that was killed in the middle of each of its stages ends as an undisturbed one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from killed_training import LARGER, MOMENTS, PLAN, SEARCH
from staged_network import LABELS, VALIDATION, make_pixels, make_task

from albumart.models.network import predict_proba
from albumart.training.stages import train_network
from albumart.training.state import STATE
from albumart.training.task import Trained
from albumart.training.variables import read_variables

SCRIPT = Path(__file__).with_name("killed_training.py")


@contextmanager
def waiting_trainer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has imported everything and begins a training for each line it is told."""
    command = [sys.executable, str(SCRIPT), str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as trainer:
        try:
            assert heard(trainer) == "ready"
            yield trainer
        finally:
            trainer.kill()


def heard(trainer: subprocess.Popen[str]) -> str:
    assert trainer.stdout is not None
    return trainer.stdout.readline().rstrip("\n")


def kill_in_the_middle(trainer: subprocess.Popen[str], moment: int) -> None:
    assert trainer.stdin is not None
    trainer.stdin.write(f"{moment}\n")
    trainer.stdin.flush()
    said, _, child = heard(trainer).rpartition(" ")
    assert said == "in the middle"
    os.kill(int(child), signal.SIGKILL)  # nothing of it runs any more
    assert heard(trainer) == f"ended {-signal.SIGKILL}"


def figures(trained: Trained) -> tuple[float, float]:
    """Accuracy and mean log-likelihood on the validation rows."""
    told = predict_proba(trained.network.model, make_pixels(LARGER), VALIDATION)
    of_truth = told[np.arange(len(told)), LABELS[VALIDATION]]
    right = told.argmax(axis=1) == LABELS[VALIDATION]
    return float(right.mean()), float(np.log(of_truth).mean())


@pytest.mark.timeout(600)
def test_killed_in_each_stage_it_ends_with_the_same_weights_and_figures(tmp_path: Path) -> None:
    with waiting_trainer(tmp_path) as trainer:
        for number, moment in enumerate(MOMENTS):
            kill_in_the_middle(trainer, number)
            state = json.loads((tmp_path / STATE).read_bytes())
            epochs = 0 if moment == SEARCH else moment[1]
            assert (state["stage"], state["epoch"]) == (moment[0], epochs)
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
    assert figures(resumed) == figures(undisturbed)

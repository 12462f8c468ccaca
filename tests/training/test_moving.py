"""A training whose machine dies between two stages, and goes on at another one."""

import json
from pathlib import Path

import numpy as np
import pytest
from killed_training import PLAN
from staged_network import make_task

from albumart.stores.workspace import Workspace
from albumart.training.moving import forget_training, hand_over, take_over, training_folder
from albumart.training.stages import train_network
from albumart.training.state import STATE
from albumart.training.variables import read_variables

NAME = "moved"


class MachineDied(Exception):
    pass


def stage_in(folder: Path) -> int:
    return int(json.loads((folder / STATE).read_bytes())["stage"])


def train_until(stage: int, folder: Path, workspace: Workspace) -> None:
    """Train in ``folder`` until ``stage`` begins, and die."""

    def between() -> None:
        hand_over(folder, workspace.objects)
        if stage_in(folder) == stage:
            raise MachineDied

    take_over(folder, workspace.objects)
    with pytest.raises(MachineDied):
        train_network(PLAN, make_task(), folder, between)


def test_another_machine_goes_on_with_the_next_stage(workspace: Workspace, tmp_path: Path) -> None:
    one, other = tmp_path / "one" / NAME, tmp_path / "other" / NAME
    train_until(1, one, workspace)
    train_until(2, other, workspace)
    assert (stage_in(one), stage_in(other)) == (1, 2)
    take_over(one, workspace.objects)  # the first machine is back, and behind
    assert stage_in(one) == 2
    moved = train_network(PLAN, make_task(), one)
    undisturbed = train_network(PLAN, make_task())
    assert moved.history == undisturbed.history
    for own, expected in zip(
        read_variables(moved.network.model.variables),
        read_variables(undisturbed.network.model.variables),
        strict=True,
    ):
        np.testing.assert_array_equal(own, expected)


def test_who_is_further_takes_nothing_over(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    train_until(1, folder, workspace)
    before = (folder / STATE).read_bytes()
    (folder / STATE).write_bytes(before.replace(b'"stage": 1', b'"stage": 2'))
    take_over(folder, workspace.objects)
    assert stage_in(folder) == 2


def test_what_nobody_began_is_begun_here(workspace: Workspace, tmp_path: Path) -> None:
    take_over(tmp_path / NAME, workspace.objects)
    assert not (tmp_path / NAME).exists()


def test_a_training_that_is_over_is_forgotten_everywhere(workspace: Workspace) -> None:
    folder = training_folder(workspace, NAME)
    train_until(1, folder, workspace)
    assert len(list(workspace.objects.keys("training/"))) == 2
    forget_training(workspace, NAME)
    assert not folder.exists()
    assert list(workspace.objects.keys("training/")) == []


def test_a_state_without_its_weights_is_not_taken(workspace: Workspace, tmp_path: Path) -> None:
    """Whoever trained it has just ended, and is removing it."""
    train_until(1, tmp_path / "one" / NAME, workspace)
    workspace.objects.delete(f"training/{NAME}/start-1.npz")
    take_over(tmp_path / "other" / NAME, workspace.objects)
    assert not (tmp_path / "other" / NAME / STATE).exists()

"""A run that is killed with -9 and started again ends at the undisturbed run's dataset."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from albumart.album import Origin
from albumart.endpoints import Endpoints
from albumart.stores.workspace import Workspace, open_workspace

STUDY = """
name = "quick"
title = "One epoch"
sandbox = true
[collect]
source = "bandcamp"
[labels]
classes = ["ambient", "dubstep", "folk", "jazz", "metal", "pop", "punk", "rock", "soul"]
min_covers = 10
[model]
backbone = "small"
weights = "random"
image_size = 32
[[train.stages]]
epochs = 1
unfrozen = "all"
"""

Reached = Callable[[Workspace], bool]


def some_covers(workspace: Workspace) -> bool:
    counts = workspace.albums.cover_counts()
    return counts["stored"] > 0 and counts["pending"] > 0


def a_dataset(workspace: Workspace) -> bool:
    return any(workspace.objects.keys("datasets/"))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "quick.toml"
    path.write_text(STUDY)
    return path


@contextmanager
def started(study: Path, home: Path, endpoints: Endpoints) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | endpoints.as_environment() | {"ALBUMART_HOME": str(home)}
    command = [sys.executable, "-m", "albumart", "run", str(study), "--limit", "400", "--json"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def run(study: Path, home: Path, endpoints: Endpoints) -> dict[str, Any]:
    with started(study, home, endpoints) as process:
        out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def test_killed_twice_and_run_again(
    study: Path, prefect_endpoints: Endpoints, tmp_path: Path
) -> None:
    def own(name: str) -> Endpoints:
        s3 = dataclasses.replace(prefect_endpoints.s3, bucket=name)
        return dataclasses.replace(prefect_endpoints, mongodb_database=name, s3=s3)

    killed = own("killed")
    for reached in (some_covers, a_dataset):
        kill_when(reached, study, tmp_path, killed)
    after = run(study, tmp_path / "killed", killed)
    undisturbed = run(study, tmp_path / "undisturbed", own("undisturbed"))
    assert after["dataset"] == undisturbed["dataset"]
    assert after["metrics"] == undisturbed["metrics"]


def kill_when(reached: Reached, study: Path, folder: Path, endpoints: Endpoints) -> None:
    """Start a run and kill -9 it as soon as the stores show that it has come so far."""
    with (
        started(study, folder / "killed", endpoints) as process,
        open_workspace(endpoints, folder, Origin.SANDBOX) as workspace,
    ):
        deadline = time.monotonic() + 120
        while not reached(workspace):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)  # a poll of the store, not a guess at how long it takes
        process.kill()

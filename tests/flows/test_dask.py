"""Two Dask workers, one of them killed on the way, come to what one process comes to."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from albumart.album import Origin
from albumart.endpoints import Endpoints
from albumart.sandbox.server import running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.stores.workspace import open_workspace

WALK = Path(__file__).with_name("walked.py")
ALBUMS = 600
STUDY = """
name = "walked"
title = "Features of a network that never learnt"
[collect]
source = "bandcamp"
[labels]
classes = ["folk", "jazz", "metal", "pop", "punk", "rock"]
min_covers = 10
[model]
backbone = "small"
weights = "random"
image_size = 32
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "walked.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def mirror() -> Iterator[str]:
    with running_sandbox(MadeSite()) as sandbox:
        yield sandbox.url


@contextmanager
def started(*command: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "ERROR"}
    process = subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | quiet | environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def own(endpoints: Endpoints, name: str, home: Path) -> dict[str, str]:
    """Environment in which the walk has stores and caches of its own."""
    s3 = dataclasses.replace(endpoints.s3, bucket=name)
    known = dataclasses.replace(endpoints, mongodb_database=name, s3=s3).as_environment()
    return known | {"ALBUMART_HOME": str(home / name), "PREFECT_HOME": str(home / "prefect")}


def outcome(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def wait_for(reached: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)  # a poll of what can be seen; oftener, it takes the workers' cores


def test_a_killed_worker_loses_nothing(
    prefect_endpoints: Endpoints, study: Path, mirror: str, tmp_path: Path
) -> None:
    address = tmp_path / "scheduler.json"
    here = ("--host", "127.0.0.1", "--no-dashboard")
    worker = (
        *("-m", "distributed.cli.dask_worker", "--scheduler-file", str(address), *here),
        *("--no-nanny", "--nthreads", "1"),
    )
    alone = own(prefect_endpoints, "walkedalone", tmp_path)
    shared = own(prefect_endpoints, "walkedshared", tmp_path)
    walk = (str(WALK), str(study), mirror, str(ALBUMS))
    with ExitStack() as stack:
        scheduler = stack.enter_context(
            started("-m", "distributed.cli.dask_scheduler", "--scheduler-file", str(address),
                    "--port", "0", *here)
        )  # fmt: skip
        first = stack.enter_context(started(*worker, **shared))
        stack.enter_context(started(*worker, **shared))
        wait_for(lambda: address.is_file() and address.read_text().endswith("}"), scheduler)
        told = json.loads(address.read_text())["address"]
        flow = stack.enter_context(
            started(*walk, **shared, ALBUMART_RUNNER="dask", ALBUMART_DASK_ADDRESS=told)
        )
        endpoints = dataclasses.replace(
            prefect_endpoints,
            mongodb_database="walkedshared",
            s3=dataclasses.replace(prefect_endpoints.s3, bucket="walkedshared"),
        )
        with open_workspace(endpoints, tmp_path, Origin.SANDBOX) as workspace:
            wait_for(lambda: any(workspace.objects.keys("covers/")), flow)
        first.kill()
        stack.enter_context(started(*worker, **shared))
        found = outcome(flow)
    with started(*walk, **alone) as flow:
        expected = outcome(flow)
    assert found == expected
    assert found["covers"]["stored"] > 0.8 * ALBUMS
    assert found["features"]["there"] == found["features"]["wanted"] > 0

"""Where a training runs: what was found is told, and devices that share a batch learn the same."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from albumart.errors import PlatformError
from albumart.training import placing
from albumart.training.placing import Found, find_devices, list_devices, sharers, training_on

SCRIPT = Path(__file__).with_name("shared_training.py")


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "list_devices", lambda: ["gpu:0", "gpu:1", "cpu:0"])
    monkeypatch.setattr(placing, "bfloat16_pays", lambda: True)


def test_a_machine_without_an_accelerator_trains_on_its_cpu() -> None:
    with training_on("auto") as found:
        assert sharers() == 1
    backend = keras.backend.backend()
    compiled = "compiled by XLA" if backend == "jax" else "not compiled by XLA"
    assert found.devices == ("cpu:0",)
    assert str(found) == f"{backend} on cpu:0; {compiled}; float32"
    assert list_devices()[-1] == "cpu:0"


def test_what_is_asked_for_and_not_there_is_told() -> None:
    backend = keras.backend.backend()
    expected = f"expected the device 'gpu:1'; Keras on {backend} found: cpu:0"
    with pytest.raises(PlatformError, match=expected), training_on("gpu:1"):
        pass


@pytest.mark.parametrize(
    ("backend", "device", "used", "idle"),
    [
        ("jax", "auto", ("gpu:0", "gpu:1"), ()),
        ("jax", "gpu:1", ("gpu:1",), ()),
        ("jax", "cpu", ("cpu:0",), ()),
        ("tensorflow", "gpu", ("gpu:0",), ("gpu:1",)),
        ("torch", "auto", ("gpu:0",), ("gpu:1",)),
    ],
)
@pytest.mark.usefixtures("two_gpus")
def test_several_gpus_are_shared_where_keras_can(
    backend: str,
    device: str,
    used: tuple[str, ...],
    idle: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    found = find_devices(device)
    assert (found.devices, found.idle) == (used, idle)
    assert found.compiled is (backend == "jax" or (backend == "tensorflow" and device != "cpu"))
    assert found.bfloat16 is (device != "cpu")


def test_what_was_found_is_one_line() -> None:
    found = Found("jax", ("gpu:0", "gpu:1"), (), compiled=True, bfloat16=True)
    assert (
        str(found) == "jax on gpu:0, gpu:1, which share each batch; compiled by XLA; bfloat16 pays"
    )
    lone = Found("torch", ("gpu:0",), ("gpu:1",), compiled=False, bfloat16=False)
    assert str(lone) == (
        "torch on gpu:0; gpu:1 idle (KERAS_BACKEND=jax shares); not compiled by XLA; float32"
    )


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_two_devices_that_share_each_batch_learn_as_one_does() -> None:
    flags = {"KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env=os.environ | flags,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["devices"] == 2
    assert told["auto"].startswith("jax on cpu:0;")
    for one, other in zip(told["alone"], told["together"], strict=True):
        assert one == pytest.approx(other, rel=1e-4)

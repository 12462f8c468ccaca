"""What is asked of a device: errors by their names, bfloat16 where it pays."""

import keras
import numpy as np
import pytest
from staged_network import build_network, make_pixels

from albumart.training import devices
from albumart.training.devices import (
    BFLOAT16,
    bfloat16_pays,
    computing_in_bfloat16,
    has_accelerator,
    is_out_of_memory,
    leaf_layers,
)

to_numpy = keras.ops.convert_to_numpy  # of each backend's own tensors


def an_error(name: str, message: str, base: type[Exception] = RuntimeError) -> Exception:
    return type(name, (base,), {})(message)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (an_error("ResourceExhaustedError", "OOM when allocating tensor"), True),
        (an_error("OutOfMemoryError", "CUDA out of memory"), True),
        (an_error("XlaRuntimeError", "RESOURCE_EXHAUSTED: Out of memory"), True),
        (an_error("JaxRuntimeError", "RESOURCE_EXHAUSTED: 3 GiB"), True),
        (an_error("XlaRuntimeError", "INTERNAL: something else"), False),
        (an_error("_ArrayMemoryError", "Unable to allocate", MemoryError), True),
        (ValueError("out of memory"), False),
    ],
)
def test_running_out_of_memory_is_known_by_name(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def test_it_is_known_through_what_it_caused() -> None:
    outer = RuntimeError("the step failed")
    outer.__cause__ = an_error("OutOfMemoryError", "CUDA out of memory")
    assert is_out_of_memory(outer)


def test_bfloat16_is_not_tried_without_an_accelerator() -> None:
    assert bfloat16_pays() is has_accelerator() is False


@pytest.mark.parametrize(("gain", "pays"), [(8.0, True), (1.0, False)])
def test_bfloat16_pays_where_it_is_clearly_faster(
    gain: float, pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "has_accelerator", lambda: True)
    monkeypatch.setattr(devices, "_seconds", lambda dtype: gain if dtype == "float32" else 1.0)
    assert bfloat16_pays() is pays


def test_a_matrix_product_takes_time() -> None:
    assert devices._seconds("float32") > 0


def test_layers_compute_in_bfloat16_and_then_as_before() -> None:
    network = build_network(16)
    pixels = make_pixels(16)[:8]
    exact = to_numpy(network.model(pixels))
    policies = [layer.dtype_policy.name for layer in leaf_layers(network.model)]
    with computing_in_bfloat16(network.model):
        rough = network.model(pixels)
        inner = network.extractor(pixels) if network.extractor else None
        assert keras.backend.standardize_dtype(rough.dtype) == "float32"
        assert inner is not None
        assert keras.backend.standardize_dtype(inner.dtype) == "bfloat16"
        names = [layer.dtype_policy.name for layer in leaf_layers(network.model)]
        assert names.count(BFLOAT16) == len(names) - 4  # two inputs, the scaling, the last
        assert all(v.dtype == "float32" for v in network.model.trainable_variables)
    assert [layer.dtype_policy.name for layer in leaf_layers(network.model)] == policies
    np.testing.assert_allclose(to_numpy(rough), exact, atol=0.02)
    assert (to_numpy(network.model(pixels)) == exact).all()

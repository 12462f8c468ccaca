"""What the device can do, asked through Keras alone: no backend is imported here."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import keras

BFLOAT16: Final = "mixed_bfloat16"
FLOAT32: Final = "float32"
PAYS_FROM: Final = 1.2  # times as fast as float32
SIDE: Final = 2048

# Names of the errors that TensorFlow, JAX and torch raise, and what their message holds.
OUT_OF_MEMORY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ResourceExhaustedError": "",
        "OutOfMemoryError": "",
        "XlaRuntimeError": "RESOURCE_EXHAUSTED",
        "JaxRuntimeError": "RESOURCE_EXHAUSTED",
        "MemoryError": "",
    }
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error``, or what it came from, says that the device has no memory left."""
    names = {parent.__name__ for parent in type(error).__mro__} & OUT_OF_MEMORY.keys()
    if any(OUT_OF_MEMORY[name] in str(error) for name in names):
        return True
    return error.__cause__ is not None and is_out_of_memory(error.__cause__)


def has_accelerator() -> bool:
    """Whether tensors land elsewhere than on the CPU."""
    import keras

    return "cpu" not in str(keras.ops.zeros(()).device).lower()


def bfloat16_pays() -> bool:
    """Whether an accelerator multiplies matrices clearly faster in bfloat16, by trying it."""
    return has_accelerator() and _seconds("float32") >= PAYS_FROM * _seconds("bfloat16")


@contextmanager
def computing_in_bfloat16(model: "keras.Model") -> Iterator[None]:
    """Let the layers of ``model`` compute in bfloat16; variables stay float32.

    Those that normalise its inputs and its last layer, whose results need the digits, do not.
    """
    import keras

    exact = (keras.layers.Normalization, keras.layers.Rescaling, keras.layers.InputLayer)
    layers = list(leaf_layers(model))
    before = {id(layer): layer.dtype_policy for layer in layers}
    try:
        for layer in layers[:-1]:
            if not isinstance(layer, exact):
                layer.dtype_policy = BFLOAT16
        yield
    finally:
        for layer in layers:
            layer.dtype_policy = before[id(layer)]


def leaf_layers(model: "keras.Model") -> "Iterator[keras.layers.Layer]":
    """Every layer of ``model`` and of the models within it, in their order."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaf_layers(layer)
        else:
            yield layer


def _seconds(dtype: str) -> float:
    """Of one matrix product, the best of some, the first (which compiles) not counted."""
    import keras

    matrix = keras.ops.ones((SIDE, SIDE), dtype=dtype)
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        product = keras.ops.matmul(matrix, matrix)
        keras.ops.convert_to_numpy(product[0, 0])  # waits for it
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])

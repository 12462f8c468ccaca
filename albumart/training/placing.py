"""Where a training runs: on the CPU, on one accelerator, or shared out among several.

Several share each batch by Keras's own distribution: every device holds the whole network and
takes its part of the rows. Keras does that on JAX; on other backends the first device works alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from albumart.errors import PlatformError
from albumart.training.devices import bfloat16_pays

if TYPE_CHECKING:
    import keras

AUTO: Final = "auto"
SHARING: Final = ("jax",)  # backends on which Keras shares batches among devices


@dataclass(frozen=True, slots=True)
class Found:
    """What Keras runs on.

    Attributes:
        backend: of Keras.
        devices: names of those that are used, such as ``gpu:0``.
        idle: of the same kind, names of those that are not.
        compiled: whether XLA compiles what is trained.
        bfloat16: whether matrices are multiplied clearly faster in it.
    """

    backend: str
    devices: tuple[str, ...]
    idle: tuple[str, ...]
    compiled: bool
    bfloat16: bool

    def __str__(self) -> str:
        shared = ", which share each batch" if len(self.devices) > 1 else ""
        words = [f"{self.backend} on {', '.join(self.devices)}{shared}"]
        words += [f"{', '.join(self.idle)} idle (KERAS_BACKEND=jax shares)"] if self.idle else []
        words += ["compiled by XLA" if self.compiled else "not compiled by XLA"]
        return "; ".join([*words, "bfloat16 pays" if self.bfloat16 else "float32"])


def find_devices(device: str = AUTO) -> Found:
    """What ``device`` comes to on this machine.

    Args:
        device: ``auto`` (accelerators where there are some), a kind (``cpu``, ``gpu``, ``tpu``),
            or one by its number, such as ``gpu:1``.

    Raises:
        PlatformError: there is no such device; the message says what was found.
    """
    import keras

    every, backend = list_devices(), keras.backend.backend()
    best = every[0].partition(":")[0] if device == AUTO else device
    wanted = [each for each in every if best in (each, each.partition(":")[0])]
    if not wanted:
        raise PlatformError(
            f"expected the device {device!r}; Keras on {backend} found: {', '.join(every)}"
        )
    cpu = wanted[0].startswith("cpu")
    used = wanted if backend in SHARING and not cpu else wanted[:1]
    return Found(
        backend=backend,
        devices=tuple(used),
        idle=() if cpu else tuple(each for each in wanted if each not in used),
        # As Keras's compile(jit_compile="auto") decides.
        compiled=backend == "jax" or (backend == "tensorflow" and not cpu),
        bfloat16=not cpu and bfloat16_pays(),
    )


def list_devices() -> list[str]:
    """Names of every device that Keras has, accelerators first."""
    import keras

    try:
        best = keras.distribution.list_devices()
    except (AttributeError, NotImplementedError, ImportError):  # torch tells by a tensor
        best = [_plain(str(keras.ops.zeros(()).device))]
    return [*best, *(["cpu:0"] if "cpu:0" not in best else [])]


@contextmanager
def training_on(device: str) -> Iterator[Found]:
    """Train within the block, in this thread, on what ``device`` names; yields what was found.

    Raises:
        PlatformError: as ``find_devices``.
    """
    import keras

    found = find_devices(device)
    if len(found.devices) > 1:
        scope = sharing(found.devices)
    else:
        scope = nullcontext() if device == AUTO else keras.device(found.devices[0])
    with scope:
        yield found


def sharing(devices: Sequence[str]) -> AbstractContextManager[None]:
    """Share each batch among ``devices`` within the block; networks are built within it, too."""
    import keras

    class Sharing(keras.distribution.DataParallel):  # type: ignore[misc]
        """A batch that cannot be shared evenly is worked on whole by each."""

        def get_data_layout(self, data_shape: tuple[int, ...]) -> "keras.distribution.TensorLayout":
            if data_shape[0] % self.num_model_replicas:
                whole = [None] * len(data_shape)
                return keras.distribution.TensorLayout(whole, self.device_mesh)
            return super().get_data_layout(data_shape)

    scope: AbstractContextManager[None] = Sharing(devices=list(devices)).scope()
    return scope


def sharers() -> int:
    """How many devices share each batch here."""
    import keras

    distribution = keras.distribution.distribution()
    return 1 if distribution is None else int(distribution.num_model_replicas)


def _plain(name: str) -> str:
    """``cuda:0`` as Keras calls it everywhere."""
    kind, _, number = name.partition(":")
    return f"{kind.replace('cuda', 'gpu')}:{number or 0}"

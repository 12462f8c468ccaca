"""Who computes features: Keras on its device, or OpenVINO on the CPU. One seam, a row each."""

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.errors import BadStudy, PlatformError
from albumart.models.network import build_extractor, predict_proba
from albumart.models.weights import resolve_weights
from albumart.study import Model

if TYPE_CHECKING:
    import keras

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Compute = Callable[[Pixels], Floats]

# On a CPU small batches keep the activations in its cache; a GPU wants to be filled.
CPU_BATCH: Final = 8
GPU_BATCH: Final = 128
CONVERTED: Final = ("tensorflow", "torch")  # backends whose networks OpenVINO can read


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """What shapes a cover's features, beside its pixels.

    Attributes:
        model: backbone, weights and size.
        seed: of random weights.
        precision: a Keras policy, such as ``mixed_bfloat16``; OpenVINO takes it as its hint.
        maker: a row of MAKERS.
    """

    model: Model
    seed: int = 0
    precision: str = "float32"
    maker: str = "keras"

    def identity(self) -> dict[str, str | int | float]:
        """All of it, with the weights' digest for their path."""
        import keras

        weights = resolve_weights(self.model)
        return self.model.model_dump() | {
            "weights": f"random{self.seed}" if weights.are_random else weights.identity,
            "precision": self.precision,
            "maker": f"{self.maker}-{keras.backend.backend()}",
        }


@dataclass(frozen=True, slots=True)
class Maker:
    """One row of MAKERS.

    Attributes:
        build: what computes ``(n, s, s, 3) uint8`` → ``(n, d) float32``, and d.
        batch: covers that are computed at once.
    """

    build: Callable[[FeatureSpec], tuple[Compute, int]]
    batch: Callable[[], int]


def find_maker(name: str) -> Maker:
    """The row called ``name``, or BadStudy with the choices."""
    if name not in MAKERS:
        raise BadStudy(f"no maker of features {name!r}; there are: {', '.join(MAKERS)}")
    return MAKERS[name]


def _build_keras(spec: FeatureSpec) -> tuple[Compute, int]:
    extractor = build_extractor(spec.model, seed=spec.seed, precision=spec.precision)

    def compute(pixels: Pixels) -> Floats:
        return predict_proba(extractor, pixels, batch_size=len(pixels))

    return compute, int(extractor.output_shape[-1])


def _keras_batch() -> int:
    import keras

    # keras.distribution tells the devices of some backends only; a tensor, of each, where it is.
    device = str(keras.ops.zeros(1).device).lower()
    return CPU_BATCH if "cpu" in device else GPU_BATCH


def _build_openvino(spec: FeatureSpec) -> tuple[Compute, int]:
    _import_openvino()
    import openvino

    extractor = build_extractor(spec.model, seed=spec.seed)
    hint = "bf16" if "bfloat16" in spec.precision else "f32"
    with tempfile.TemporaryDirectory() as folder:
        network = openvino.Core().read_model(_export(extractor, Path(folder)))
        compiled = openvino.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": hint})

    def compute(pixels: Pixels) -> Floats:
        return np.asarray(compiled(pixels.astype(np.float32))[0], np.float32)

    return compute, int(extractor.output_shape[-1])


def _import_openvino() -> None:
    import keras

    if importlib.util.find_spec("openvino") is None:
        raise PlatformError(
            "expected OpenVINO, which makes features on the CPU; got none: "
            "pip install 'albumart[openvino]', or take the maker 'keras'"
        )
    if (backend := keras.backend.backend()) not in CONVERTED:
        raise PlatformError(
            f"expected Keras on {' or '.join(CONVERTED)}, whose networks OpenVINO can read; "
            f"got {backend}: set KERAS_BACKEND, or take the maker 'keras'"
        )
    # Its converters tell their maker of each import, unasked. Without this module they do not.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def _export(extractor: "keras.Model", folder: Path) -> Path:
    path = folder / "extractor.xml"
    extractor.export(str(path), format="openvino", verbose=False)
    return path


MAKERS: Final[Mapping[str, Maker]] = MappingProxyType(
    {
        "keras": Maker(_build_keras, _keras_batch),
        "openvino": Maker(_build_openvino, lambda: CPU_BATCH),
    }
)

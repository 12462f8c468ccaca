"""Image files → the champion's labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from albumart.errors import NotFound, UnsafeInput
from albumart.images import MAX_BYTES, inspect_cover, load_rgb
from albumart.models.network import load_model, predict_proba
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Label:
    """One possible answer and its calibrated probability."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one file: its labels, best first, or why it could not look.

    ``not_sure``: the best is less probable than what the version needs to be right as often as its
    study asks; or no probability would be enough.
    """

    path: str
    model: int
    labels: tuple[Label, ...] = ()
    not_sure: bool = False
    error: str | None = None


class Predictor:
    """One model version, loaded once."""

    def __init__(self, model: "keras.Model", version: ModelVersion) -> None:
        self._model = model
        self.version = version

    @classmethod
    def of_champion(cls, study: str, workspace: Workspace) -> "Predictor":
        """The study's champion, or NotFound with what to do."""
        return cls.of_version(find_champion(study, workspace), workspace)

    @classmethod
    def of_version(cls, version: ModelVersion, workspace: Workspace) -> "Predictor":
        """Any version of the registry."""
        data = workspace.objects.get(version.object_key)
        return cls(load_model(data, version.sha256, workspace.cache / "models"), version)

    def predict(self, paths: Sequence[Path], *, top: int) -> list[Prediction]:
        """The ``top`` labels of each file. A file that is no image has an error instead."""
        return [self._predict_file(path, top) for path in paths]

    def _predict_file(self, path: Path, top: int) -> Prediction:
        try:
            data = _read(path)
            inspect_cover(data)
        except (OSError, UnsafeInput) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            return Prediction(str(path), self.version.version, error=reason)
        rgb = load_rgb(data, self.version.image_size)
        probabilities = self.probabilities(rgb[np.newaxis])[0]
        best = np.argsort(-probabilities, kind="stable")[:top]
        labels = (Label(self.version.classes[i], float(probabilities[i])) for i in best)
        return Prediction(
            str(path),
            self.version.version,
            labels=tuple(labels),
            not_sure=not probabilities.max() >= self.least_confidence,
        )

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(n, s, s, 3)`` RGB of the version's image size → ``(n, classes)``, calibrated."""
        return predict_proba(self._model, pixels)

    @property
    def least_confidence(self) -> float:
        """How probable an answer must be; ``inf`` where nothing is enough."""
        threshold = self.version.threshold
        return math.inf if threshold is None else float(threshold["confidence"])


def find_champion(study: str, workspace: Workspace) -> ModelVersion:
    """The version that answers for the study, or NotFound with what to do."""
    version = workspace.models.champion(study)
    if version is None:
        raise NotFound(f"study {study!r} has no champion yet; run: albumart run {study}")
    return version


def _read(path: Path) -> bytes:
    """At most one byte over the limit, so that a huge file is refused and not read."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)

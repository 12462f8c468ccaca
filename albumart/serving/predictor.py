"""Images → the labels that a model version gives them."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from albumart.errors import NotFound, UnsafeInput
from albumart.images import MIN_SIDE, load_rgb
from albumart.models.network import feature_network, load_model, predict_proba
from albumart.serving.ahead import batches, map_ahead
from albumart.serving.intended import least_confidence
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace

if TYPE_CHECKING:
    import keras

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Item = TypeVar("Item")

BATCH: Final = 32  # images that go through the network at once
# Decoding an image of the greatest size takes half a GiB.
THREADS: Final = 4


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image file's bytes, or why they could not be had.

    Attributes:
        name: what it is called beside the answer.
        data: of the file.
        error: in words, where there is no data.
        pixel_sha256: as in Cover, where it is known.
    """

    name: str
    data: bytes | None = field(default=None, repr=False)
    error: str | None = None
    pixel_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """One possible answer and its calibrated probability."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the model says of one image: its labels, best first, or why it could not look.

    Attributes:
        name: of the image.
        model: number of the version.
        labels: the likeliest, with calibrated probabilities. Where a cover may carry several
            labels, they need not sum to 1.
        not_sure: the likeliest is less probable than the version must be to answer.
        error: in words; with it there is nothing else.
        probabilities: ``(k,)`` of all classes in the version's order.
        pixels: ``(s, s, 3) uint8 RGB`` that the model saw.
        pixel_sha256: as the image told it.
    """

    name: str
    model: int
    labels: tuple[Label, ...] = ()
    not_sure: bool = False
    error: str | None = None
    probabilities: Floats | None = field(default=None, repr=False)
    pixels: Pixels | None = field(default=None, repr=False)
    pixel_sha256: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """An image after the decoder. Its file is let go: dozens of these wait for the network."""

    name: str
    pixels: Pixels | None = None
    error: str | None = None
    pixel_sha256: str | None = None


class Predictor:
    """One model version, loaded once. Any number of threads may ask it.

    The network takes one batch at a time: it uses every core by itself, and some of Keras's
    backends build what they run at the first call, which two threads must not do at once.
    """

    def __init__(self, model: "keras.Model", version: ModelVersion) -> None:
        self.model = model
        self.version = version
        self._network_is_free = threading.Lock()

    @classmethod
    def of_champion(cls, study: str, workspace: Workspace) -> "Predictor":
        """The study's champion, or NotFound with what to do."""
        return cls.of_version(find_champion(study, workspace), workspace)

    @classmethod
    def of_version(cls, version: ModelVersion, workspace: Workspace) -> "Predictor":
        """Any version of the registry."""
        data = workspace.objects.get(version.object_key)
        return cls(load_model(data, version.sha256, workspace.cache / "models"), version)

    def warm(self) -> None:
        """Let the network build what it runs, which the first two calls would pay for."""
        size = self.version.image_size
        for n in (1, 2):  # of one size, then of any
            self.probabilities(np.zeros((n, size, size, 3), np.uint8))

    def predict(self, images: Iterable[NamedImage], *, top: int) -> Iterator[Prediction]:
        """The ``top`` labels of each image, in order. What is no image has an error instead.

        Threads decode while the network computes; memory does not grow with the number of images.
        """
        return self.predict_items(images, _as_it_is, top=top)

    def predict_items(
        self, items: Iterable[Item], read: Callable[[Item], NamedImage], *, top: int
    ) -> Iterator[Prediction]:
        """``predict``, for what has to be read first: the threads that decode do that, too."""

        def look(item: Item) -> _Seen:
            return self._look(read(item))

        with closing(map_ahead(look, items, threads=THREADS, ahead=2 * BATCH)) as seen:
            for batch in batches(seen, BATCH):
                yield from self._answer(batch, top)

    def _look(self, image: NamedImage) -> _Seen:
        if image.data is None:
            return _Seen(image.name, error=image.error or "expected an image; got nothing")
        try:
            pixels = load_rgb(image.data, self.version.image_size, least=MIN_SIDE)
        except UnsafeInput as error:
            return _Seen(image.name, error=str(error))
        return _Seen(image.name, pixels, pixel_sha256=image.pixel_sha256)

    def _answer(self, batch: list[_Seen], top: int) -> Iterator[Prediction]:
        pixels = [seen.pixels for seen in batch if seen.pixels is not None]
        told = iter(self.probabilities(np.stack(pixels)) if pixels else ())
        for seen in batch:
            if seen.pixels is None:
                yield Prediction(seen.name, self.version.version, error=seen.error)
            else:
                yield self._tell(seen, next(told), top)

    def _tell(self, seen: _Seen, probabilities: Floats, top: int) -> Prediction:
        return Prediction(
            seen.name,
            self.version.version,
            labels=self.top_labels(probabilities, top),
            not_sure=not probabilities.max() >= self.least_confidence,
            probabilities=probabilities,
            pixels=seen.pixels,
            pixel_sha256=seen.pixel_sha256,
        )

    def top_labels(self, probabilities: Floats, top: int) -> tuple[Label, ...]:
        """The ``top`` likeliest labels by ``(k,)`` probabilities, best first."""
        best = np.argsort(-probabilities, kind="stable")[:top]
        return tuple(Label(self.version.classes[i], float(probabilities[i])) for i in best)

    def probabilities(self, pixels: Pixels) -> Floats:
        """``(n, s, s, 3)`` RGB of the version's image size → ``(n, classes)``, calibrated.

        Safe to call from several threads.
        """
        with self._network_is_free:
            return predict_proba(self.model, pixels, batch_size=BATCH)

    def features(self, pixels: Pixels) -> Floats:
        """``(n, s, s, 3)`` RGB → ``(n, d)``: the last map of the version's backbone, pooled.

        Safe to call from several threads.
        """
        with self._network_is_free:
            return predict_proba(self.feature_network, pixels, batch_size=BATCH)

    @cached_property
    def feature_network(self) -> "keras.Model":
        """Pixels → features; it shares its weights with the model."""
        return feature_network(self.model)

    @property
    def least_confidence(self) -> float:
        """How probable an answer must be; ``inf`` where nothing is enough."""
        return least_confidence(self.version)


def find_champion(study: str, workspace: Workspace) -> ModelVersion:
    """The version that answers for the study, or NotFound with what to do."""
    version = workspace.models.champion(study)
    if version is None:
        raise NotFound(f"study {study!r} has no champion yet; run: albumart run {study}")
    return version


def _as_it_is(image: NamedImage) -> NamedImage:
    return image

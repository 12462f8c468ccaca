"""What a backbone saw in covers before it learnt anything of them: ImageNet's thousand things.

It needs what a model of ours does not keep: the backbone's last layer, by Keras's name its top, and
the names of its classes. Whoever wants to see that gives both.
"""

import json
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from pydantic import TypeAdapter

from albumart.errors import NotFound, UnsafeInput
from albumart.images import RGB
from albumart.models.backbones import Backbone, find_backbone
from albumart.models.network import predict_proba
from albumart.study import Model

if TYPE_CHECKING:
    import keras

CLASSES: Final = 1000
SEEN: Final = 3

# As Keras writes it: {"0": ["n01440764", "tench"], …}.
_INDEX: Final = TypeAdapter(dict[int, tuple[str, str]])

# What Keras and h5py raise for a file that does not fit.
_UNFIT: Final = (ValueError, TypeError, KeyError, IndexError, OSError, UserWarning)

Seen = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class ImageNetTop:
    """Where the last layer and the names of its classes are.

    Attributes:
        weights: an ``.h5`` file of the whole network, or ``imagenet``: Keras downloads it.
        classes: ``imagenet_class_index.json``, as Keras has it.
    """

    weights: str
    classes: Path

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the classes, in their order.

        Raises:
            NotFound: there is no such file.
            UnsafeInput: it does not name a thousand classes (``code="imagenet_classes"``).
        """
        try:
            index = _INDEX.validate_python(json.loads(self.classes.read_bytes()))
        except OSError as error:
            raise NotFound(f"cannot read {self.classes}: {error.strerror}") from error
        except ValueError as error:  # of JSON, of UTF-8 or of pydantic
            raise self._refused("something else") from error
        if sorted(index) != list(range(CLASSES)):
            raise self._refused(f"{len(index)} of them")
        return tuple(index[number][1].replace("_", " ") for number in range(CLASSES))

    def _refused(self, got: str) -> UnsafeInput:
        return UnsafeInput(
            "imagenet_classes", f"{self.classes}: expected the classes 0 to 999; got {got}"
        )


def what_backbone_sees(top: ImageNetTop, model: Model, pixels: RGB) -> list[Seen]:
    """The likeliest ImageNet classes of each cover, with their probabilities, likeliest first.

    Args:
        top: of the backbone of ``model``.
        model: of which backbone and width count.
        pixels: ``(n, s, s, 3) uint8 RGB`` of ``imagenet_size(model)``.

    Raises:
        NotFound: the backbone was never trained on ImageNet, or a file is not there.
        UnsafeInput: a file is no such thing (``code`` ``weights`` or ``imagenet_classes``).
    """
    names, network = top.names, _build(top, model)
    told = predict_proba(network, pixels, batch_size=8)
    best = np.argsort(-told, axis=1, kind="stable")[:, :SEEN]
    return [
        tuple((names[number], float(row[number])) for number in numbers)
        for row, numbers in zip(told, best.tolist(), strict=True)
    ]


def imagenet_size(model: Model) -> int:
    """Side of the pixels that the backbone's ImageNet weights were trained with."""
    return find_backbone(model.backbone).size


def _build(top: ImageNetTop, model: Model) -> "keras.Model":
    """From pixels to probabilities of ImageNet's classes."""
    import keras

    row = find_backbone(model.backbone)
    if row.application is None:
        raise NotFound(f"{row.name} was never trained on ImageNet: it has no such top")
    inputs = keras.Input((row.size, row.size, 3))
    return keras.Model(inputs, _network(row, model, top)(row.preprocess(inputs)))


def _network(row: Backbone, model: Model, top: ImageNetTop) -> "keras.Model":
    import keras

    if top.weights != "imagenet" and not Path(top.weights).is_file():
        raise NotFound(f"no file {top.weights}: expected weights of {row.name} with its top")
    scaled = {} if model.alpha == 1 else {"alpha": model.alpha}
    constructor = getattr(keras.applications, row.name)
    try:
        with warnings.catch_warnings():
            # A file that fits in part leaves the rest random, and Keras only warns of it.
            warnings.filterwarnings("error", message=".*freshly-initialized", category=UserWarning)
            network: keras.Model = constructor(include_top=True, weights=top.weights, **scaled)
    except _UNFIT as error:
        told = str(error).partition("\n")[0]
        raise UnsafeInput(
            "weights", f"{top.weights}: expected weights of {row.name} with its top; got {told}"
        ) from error
    return network

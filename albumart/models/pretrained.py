"""A backbone with its weights: downloaded by Keras, read from a file, or drawn by a seed."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from albumart.errors import FetchError, UnsafeInput
from albumart.models.backbones import Backbone, find_backbone
from albumart.models.weights import CHOICES, Kind, Weights, resolve_weights
from albumart.study import Model

if TYPE_CHECKING:
    import keras

# What Keras and h5py raise for a file that does not fit, is cut short, or carries code.
_UNFIT: Final = (ValueError, TypeError, KeyError, IndexError, OSError, UserWarning)


def load_backbone(model: Model, *, seed: int = 0) -> "keras.Model":
    """The backbone of ``model``; random weights are those of ``seed``.

    Raises:
        FetchError: Keras could not download the weights.
        UnsafeInput: the file holds no weights of this backbone, or code (``code="weights"``).
    """
    row, weights = find_backbone(model.backbone), resolve_weights(model)
    match weights.kind:
        case Kind.RANDOM:
            network = row.build(model, None)
            seed_weights(network, seed)
            return network
        case Kind.IMAGENET | Kind.PRESET:
            return _download(row, model)
        case Kind.FILE:
            with _refusing(row, weights):
                return _read_file(row, model, Path(weights.where))
        case _:
            raise ValueError(f"expected prepare_weights() first; got {weights.where!r} as it is")


def seed_weights(model: "keras.Model", seed: int) -> None:
    """Draw every kernel anew (Glorot uniform), each from a seed of its own.

    ``keras.utils.set_random_seed`` seeds Python's one global generator, from which the threads of
    an orchestrator draw as well: the same seed would give other weights each time.
    """
    import keras

    for number, variable in enumerate(model.trainable_variables):
        if len(variable.shape) > 1:
            draw = keras.initializers.GlorotUniform(seed=10_000 * seed + number)
            variable.assign(draw(variable.shape))


def _download(row: Backbone, model: Model) -> "keras.Model":
    try:
        return row.build(model, row.published)
    except Exception as error:
        # Keras raises a bare Exception when a download fails; the run must not go on at random.
        raise FetchError(
            f"no {row.published} weights for {row.name}: {_first_line(error)}; expected {CHOICES} "
            "(--weights)"
        ) from error


def _read_file(row: Backbone, model: Model, path: Path) -> "keras.Model":
    if path.suffix == ".h5":
        return row.build(model, str(path))
    import keras

    network = row.build(model, None)
    whole = keras.saving.load_model(path, compile=False, safe_mode=True)
    network.set_weights(_same_shapes(whole, network).get_weights())
    return network


def _same_shapes(whole: "keras.Model", network: "keras.Model") -> "keras.Model":
    """``whole``, or the network within it, whose weights are of the shapes that ``network`` has."""
    import keras

    wanted = [tuple(weight.shape) for weight in network.weights]
    for found in (whole, *whole.layers):
        shapes = [tuple(weight.shape) for weight in found.weights]
        if isinstance(found, keras.Model) and shapes == wanted:
            return found
    raise ValueError(f"expected a network with the layers of {network.name}; got {whole.name!r}")


@contextmanager
def _refusing(row: Backbone, weights: Weights) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # A file that fits in part leaves the rest random, and Keras only warns of it.
            warnings.filterwarnings("error", message=".*freshly-initialized", category=UserWarning)
            yield
    except _UNFIT as error:
        raise UnsafeInput(
            "weights",
            f"{weights.where}: expected weights for {row.name}; got {_first_line(error)}; "
            f"else {CHOICES} (--weights)",
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

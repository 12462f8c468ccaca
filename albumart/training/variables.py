"""All that changes in a network as it trains, as arrays: weights, statistics, random states."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from albumart.errors import BadStudy

if TYPE_CHECKING:
    import keras

Arrays = list[NDArray[np.generic]]


def read_variables(variables: "Sequence[keras.Variable]") -> Arrays:
    """A copy of each variable, on the host.

    ``model.variables`` holds the states of dropout's generators as well, ``model.weights`` not.
    """
    import keras

    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


def write_variables(variables: "Sequence[keras.Variable]", arrays: Arrays) -> None:
    """The inverse of ``read_variables``.

    Raises:
        BadStudy: the arrays are of another network, such as one with a flattened head that was
            built for another image size.
    """
    shapes = [tuple(variable.shape) for variable in variables]
    given = [array.shape for array in arrays]
    if shapes != given:
        differing = [(a, b) for a, b in zip(given, shapes, strict=False) if a != b]
        raise BadStudy(
            f"expected weights that fit the network at each image size; got {len(given)} for "
            f"{len(shapes)}, {differing[:1]} first: a flattened head takes one size only"
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def seed_generators(model: "keras.Model", seed: int) -> None:
    """Start every random generator of ``model`` (dropout, stochastic depth) from ``seed``.

    A layer that was given none draws its own from Python's one global generator, from which the
    threads of an orchestrator draw as well.
    """
    for number, variable in enumerate(model.variables):
        if variable.path.endswith("seed_generator_state"):
            digest = hashlib.sha256(f"{seed}/{number}".encode()).digest()
            state = np.array([int.from_bytes(digest[:3]), 0])
            variable.assign(state.astype(variable.dtype))

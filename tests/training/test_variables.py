"""All that changes in a network as arrays, and back."""

import keras
import numpy as np
import pytest
from staged_network import build_network

from albumart.errors import BadStudy
from albumart.training.variables import read_variables, seed_generators, write_variables


def test_what_is_read_can_be_written_into_another_of_the_same_make() -> None:
    one, other = build_network(16).model, build_network(24).model
    arrays = [np.asarray(array + 1, dtype=array.dtype) for array in read_variables(one.variables)]
    write_variables(other.variables, arrays)
    assert all((a == b).all() for a, b in zip(arrays, read_variables(other.variables), strict=True))


def test_a_copy_does_not_follow_the_variable() -> None:
    variable = keras.Variable([1.0, 2.0])
    (copy,) = read_variables([variable])
    variable.assign([3.0, 4.0])
    assert copy.tolist() == [1.0, 2.0]


def test_a_flattened_head_fits_one_size_only() -> None:
    arrays = read_variables(build_network(16, flat=True).model.variables)
    with pytest.raises(BadStudy, match="a flattened head takes one size only"):
        write_variables(build_network(24, flat=True).model.variables, arrays)


def test_the_seed_decides_what_is_dropped() -> None:
    def states(seed: int) -> list[list[int]]:
        model = keras.Sequential([keras.layers.Dropout(0.5), keras.layers.Dropout(0.5)])
        model.build((None, 3))
        seed_generators(model, seed)
        return [variable.numpy().tolist() for variable in model.variables]

    assert states(1) == states(1)
    assert states(1) != states(2)
    assert states(1)[0] != states(1)[1]

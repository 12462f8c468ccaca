"""Covers in a plane: within it, the same each time, and with their likes."""

import numpy as np
import pytest

from albumart.features.plane import place_in_plane, plane_method, spread_out


@pytest.mark.parametrize("n", [0, 1, 2, 30, 70])
@pytest.mark.parametrize("width", [1, 8])
def test_places_lie_within_the_plane_and_are_the_same_each_time(n: int, width: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(n, width)).astype(np.float32)
    places = place_in_plane(vectors, plane_method(n))
    assert places.shape == (n, 2)
    assert ((places >= 0) & (places <= 1)).all()
    assert np.array_equal(places, place_in_plane(vectors, plane_method(n)))


@pytest.mark.parametrize(("each", "method"), [(10, "PCA"), (40, "t-SNE")])
def test_covers_that_are_alike_lie_near_each_other(each: int, method: str) -> None:
    rng, kind = np.random.default_rng(1), np.arange(2 * each) % 2
    vectors = np.eye(2, 16)[kind] + 0.1 * rng.normal(size=(2 * each, 16))
    assert plane_method(len(vectors)) == method
    places = place_in_plane(vectors.astype(np.float32), method)
    off = np.square(places[:, None] - places[None]).sum(axis=2)
    np.fill_diagonal(off, np.inf)
    assert (kind[off.argmin(axis=1)] == kind).all()


def test_of_each_cell_the_one_nearest_to_its_middle() -> None:
    places = np.array([(0.1, 0.1), (0.25, 0.25), (0.9, 0.2), (1.0, 1.0)], np.float32)
    assert spread_out(places, (2, 2)) == {1, 2, 3}

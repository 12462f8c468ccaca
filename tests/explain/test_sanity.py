"""The checks that a saliency method has to pass, and those that it would not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.explain.sanity import (
    chance_overlap,
    correlation_after_shuffling,
    correlations_by_cascade,
    cue_overlap,
    mean_correlation,
    shuffle_weights,
)


@pytest.mark.parametrize(("method", "most"), [("grad_cam", 0.3), ("gradient", 0.6)])
def test_a_map_is_another_when_the_model_forgets(method, most, trained, covers):
    found = correlation_after_shuffling(trained, covers.pixels, covers.labels, method)
    assert abs(found) < most


def test_the_more_is_forgotten_the_less_is_alike(trained, covers):
    found = dict(correlations_by_cascade(trained, covers.pixels, covers.labels))
    assert list(found) == ["head", "block4", "block3", "block2", "block1"]
    assert abs(found["block1"]) < 0.3


def test_the_model_itself_forgets_nothing(trained, covers):
    before = [weight.copy() for weight in trained.get_weights()]
    correlation_after_shuffling(trained, covers.pixels[:1], covers.labels[:1])
    assert all((a == b).all() for a, b in zip(before, trained.get_weights(), strict=True))


def test_shuffled_weights_are_the_same_numbers_in_the_order_of_the_seed(trained):
    from keras.models import clone_model

    copies = [clone_model(trained) for _ in range(3)]
    for copy, seed in zip(copies, (0, 0, 1), strict=True):
        copy.set_weights(trained.get_weights())
        shuffle_weights([copy], seed=seed)
    kernels = [copy.get_weights()[0] for copy in copies]
    assert (kernels[0] == kernels[1]).all()
    assert (kernels[0] != kernels[2]).any()
    assert (
        np.sort(kernels[0].ravel()).tolist() == np.sort(trained.get_weights()[0].ravel()).tolist()
    )


def test_a_map_of_edges_would_fail():
    """What depends on the cover alone is the same after the model has forgotten."""
    edges = np.abs(np.diff(np.random.default_rng(0).random((2, 8, 9)), axis=2)).astype(np.float32)
    assert mean_correlation(edges, edges) == pytest.approx(1)
    assert mean_correlation(edges, -edges) == pytest.approx(-1)
    assert mean_correlation(edges, np.zeros_like(edges)) == 0


def test_overlap_of_known_areas():
    cue = np.zeros((8, 8), dtype=bool)
    cue[:4, :4] = True
    heat = cue.astype(np.float32)
    assert cue_overlap(heat, cue) == 1
    assert cue_overlap(1 - heat, cue) == 0
    assert cue_overlap(np.roll(heat, 2, axis=0), cue) == pytest.approx(8 / 24)
    assert chance_overlap(cue) == pytest.approx(1 / 7)


@given(st.integers(0, 2**16))
def test_a_map_drawn_at_random_overlaps_as_chance_does(seed):
    draw = np.random.default_rng(seed)
    cue = np.zeros((40, 40), dtype=bool)
    cue[5:25, 7:27] = True
    found = [cue_overlap(draw.random((40, 40), dtype=np.float32), cue) for _ in range(20)]
    assert np.mean(found) == pytest.approx(chance_overlap(cue), abs=0.02)

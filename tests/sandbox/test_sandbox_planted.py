"""Planted covers: one patch tells the class."""

import numpy as np

from albumart.sandbox.planted import CHECKS, made_planted


def test_a_cue_is_a_patch_in_the_colours_of_its_class():
    made = made_planted(20, side=48, seed=5)
    assert made.pixels.shape == (20, 48, 48, 3)
    assert set(made.labels.tolist()) == set(range(made.classes))
    for pixels, label, cue in zip(made.pixels, made.labels, made.cues, strict=True):
        assert cue.sum() == 12 * 12
        assert {tuple(colour) for colour in pixels[cue].tolist()} == set(CHECKS[label])


def test_covers_are_those_of_the_seed():
    first, again, other = (made_planted(3, seed=seed).pixels for seed in (1, 1, 2))
    assert (first == again).all()
    assert np.abs(first.astype(int) - other).max() > 0

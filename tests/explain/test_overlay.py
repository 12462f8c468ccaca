"""The overlay: the cover stays visible, and lightness alone tells the heat."""

import io

import numpy as np
import pytest
from PIL import Image

from albumart.explain.overlay import HEAT, LUMA, draw_overlay, lay_over

GREY = np.full((64, 64, 3), 120, dtype=np.uint8)


def hot_square() -> np.ndarray:
    heat = np.zeros((64, 64), dtype=np.float32)
    heat[8:28, 8:28] = 1
    return heat


def test_it_is_a_png_of_the_covers_size():
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    heat = np.random.default_rng(1).random((48, 48), dtype=np.float32)
    image = Image.open(io.BytesIO(draw_overlay(pixels, heat)))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (48, 48))
    assert (np.asarray(image) == lay_over(pixels, heat)).all()


def test_hot_is_lighter_than_cold_on_any_cover():
    for value in (0, 120, 255):
        seen = lay_over(np.full_like(GREY, value), hot_square()) @ LUMA
        assert seen[18, 18] > seen[50, 50] + 60


def test_the_cover_shows_through():
    pixels = GREY.copy()
    pixels[::2] = 200  # stripes
    seen = lay_over(pixels, hot_square()) @ LUMA
    assert abs(seen[18, 18] - seen[19, 18]) > 10
    assert abs(seen[50, 50] - seen[51, 50]) > 10


def test_the_hot_area_has_an_outline_and_a_cold_cover_none():
    light = (lay_over(GREY, hot_square()) == 255).all(axis=-1)
    assert light[:4].sum() == 0
    assert 40 <= light.sum() <= 120
    assert not light[14:22, 14:22].any()
    assert not (lay_over(GREY, np.zeros((64, 64), np.float32)) == 255).any()


def test_lightness_grows_with_heat():
    lightness = HEAT @ LUMA
    assert (np.diff(lightness) > 5).all()


def test_single_hot_pixels_are_spread():
    heat = np.zeros((64, 64), dtype=np.float32)
    heat[32, 32] = 1
    changed = lay_over(GREY, heat)[32, 28:37, 0] != lay_over(GREY, 0 * heat)[0, 0, 0]
    assert changed.sum() >= 5


def test_heat_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(64, 64\)"):
        draw_overlay(GREY, np.zeros((32, 32), np.float32))

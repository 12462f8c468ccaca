"""Colour histograms: hand-computed colours, and the definition's own properties."""

import numpy as np
import pytest

from albumart.features.hsv import hsv_histograms, rgb_to_hsv


@pytest.mark.parametrize(
    ("rgb", "hsv"),
    [
        ((255, 0, 0), (0, 255, 255)),
        ((0, 255, 0), (60, 255, 255)),
        ((0, 0, 255), (120, 255, 255)),
        ((255, 255, 0), (30, 255, 255)),
        ((0, 0, 0), (0, 0, 0)),
        ((200, 200, 200), (0, 0, 200)),
        # max 200, spread 150: S = 255·150/200 = 191.25; hue 360 − 60·(50/150) = 340°, halved 170.
        ((200, 50, 100), (170, 191, 200)),
    ],
)
def test_hsv_follows_opencvs_8_bit_definition(
    rgb: tuple[int, int, int], hsv: tuple[int, int, int]
) -> None:
    pixel = np.array([[rgb]], dtype=np.uint8)
    assert tuple(int(channel[0, 0]) for channel in rgb_to_hsv(pixel)) == hsv


def test_one_colour_fills_one_bin_of_unit_length() -> None:
    red = np.zeros((1, 4, 4, 3), np.uint8)
    red[..., 0] = 255
    (histogram,) = hsv_histograms(red)
    # hue 0 → bin 0, saturation 255 → bin 7, value 255 → bin 7
    assert histogram.argmax() == (0 * 8 + 7) * 8 + 7
    assert histogram.max() == pytest.approx(1)
    assert histogram.sum() == pytest.approx(1)


def test_rows_have_length_one_whatever_the_blocks() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 16, 16, 3), dtype=np.uint8)
    whole = hsv_histograms(pixels)
    assert np.linalg.norm(whole, axis=1) == pytest.approx(np.ones(7), abs=1e-6)
    assert (hsv_histograms(pixels, block=2) == whole).all()

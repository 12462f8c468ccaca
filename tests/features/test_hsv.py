"""Colour histograms: hand-computed colours, and the definition's own properties."""

from types import ModuleType

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


@pytest.fixture(scope="module")
def cv2() -> ModuleType:
    return pytest.importorskip("cv2", reason="OpenCV (dev group) is not installed")


def opencv_histogram(cv2: ModuleType, pixels: np.ndarray) -> np.ndarray:
    """The published script's: 8×8×8 of the HSV image, normalised to unit length."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, [8, 8, 8], [0, 180, 0, 256, 0, 256])
    return np.asarray(cv2.normalize(counts, None)).ravel()


def test_histograms_equal_opencvs(cv2: ModuleType) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (6, 64, 48, 3), dtype=np.uint8)
    # Greys and dark colours, where a rounding decides the hue and saturation.
    dark = np.random.default_rng(6).integers(0, 6, (2, 64, 48, 3), dtype=np.uint8)
    grey = np.repeat(noise[:2, ..., :1], 3, axis=-1)
    pixels = np.concatenate([noise, dark, grey])
    theirs = np.stack([opencv_histogram(cv2, image) for image in pixels])
    assert np.abs(hsv_histograms(pixels) - theirs).max() <= 1e-6


def test_colours_have_opencvs_hsv(cv2: ModuleType) -> None:
    """Every fifth shade of red with every green and blue."""
    for red in range(0, 256, 5):
        colours = np.empty((256, 256, 3), np.uint8)
        colours[..., 0] = red
        colours[..., 1], colours[..., 2] = np.mgrid[:256, :256]
        assert (
            np.stack(rgb_to_hsv(colours), axis=-1) == cv2.cvtColor(colours, cv2.COLOR_RGB2HSV)
        ).all()


def test_a_worked_example() -> None:
    """Four pixels: twice (200, 50, 100), once green, once black."""
    image = np.array([[[200, 50, 100], [200, 50, 100]], [[0, 255, 0], [0, 0, 0]]], np.uint8)
    # (200, 50, 100): hue 170 of 180 → bin 7 (170·8/180 = 7.6), saturation 191 → 5, value 200 → 6.
    # Green: hue 60 → 2, saturation 255 → 7, value 255 → 7. Black: 0, 0, 0.
    # The counts 2, 1, 1 have length √6.
    expected = np.zeros((8, 8, 8), np.float32)
    expected[7, 5, 6], expected[2, 7, 7], expected[0, 0, 0] = 2, 1, 1
    assert hsv_histograms(image[None])[0] == pytest.approx(expected.ravel() / 6**0.5, abs=1e-7)

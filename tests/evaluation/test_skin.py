"""Skin is found by its chroma and told by its tone, on the two scales that people use."""

import numpy as np
import pytest

from albumart.evaluation.skin import skin_tone, typology_angle

# Monk's scale of ten tones, without the darkest, which is nearly grey; Fitzpatrick's of six.
LIGHTER = ("f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "f4d0b1", "e7b48f", "d29e7c")
DARKER = ("a07e56", "825c43", "604134", "3a312a", "ba7751", "a55d2b", "3c201d")
NOT_SKIN = ("000000", "808080", "ffffff", "ff0000", "2040c0", "20a040", "ffff00", "8040a0")


def rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour))


def cover(colour: str, share: float = 1.0, ground: str = "2040c0") -> np.ndarray:
    """A square of 100 pixels, so many of which are of one colour."""
    pixels = np.empty((100, 3), np.uint8)
    pixels[:] = rgb(ground)
    pixels[: round(100 * share)] = rgb(colour)
    return pixels.reshape(10, 10, 3)


@pytest.mark.parametrize(
    ("colours", "tone"), [(LIGHTER, "lighter"), (DARKER, "darker"), (NOT_SKIN, "none")]
)
def test_tones_of_the_scales(colours: tuple[str, ...], tone: str) -> None:
    assert skin_tone(np.stack([cover(colour) for colour in colours])) == [tone] * len(colours)


@pytest.mark.parametrize(("share", "tone"), [(0.09, "none"), (0.1, "darker")])
def test_a_tenth_of_a_cover_shows_skin(share: float, tone: str) -> None:
    assert skin_tone(cover(DARKER[0], share)[None]) == [tone]


def test_the_ground_does_not_change_the_tone() -> None:
    covers = [cover(LIGHTER[4], 0.3, ground) for ground in NOT_SKIN]
    assert skin_tone(np.stack(covers)) == ["lighter"] * len(covers)


def test_of_no_covers_there_is_none() -> None:
    assert skin_tone(np.zeros((0, 8, 8, 3), np.uint8)) == []


@pytest.mark.parametrize(
    ("colour", "lightness", "yellow"),
    # CIELAB of sRGB under D65, as published tables have it.
    [("ff0000", 53.24, 67.20), ("ffff00", 97.14, 94.48), ("808000", 51.87, 56.68)],
)
def test_the_angle_is_that_of_cielab(colour: str, lightness: float, yellow: float) -> None:
    expected = np.degrees(np.arctan((lightness - 50) / yellow))
    assert typology_angle(np.array([rgb(colour)], float))[0] == pytest.approx(expected, abs=0.05)

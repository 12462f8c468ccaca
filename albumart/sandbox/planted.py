"""Covers whose class one small patch tells and nothing else, to check explanations on."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

RGB = NDArray[np.uint8]

# Two colours of the checks of a patch; the last is a decoy's, which is on covers of any class.
CHECKS: Final = (
    ((220, 40, 40), (250, 210, 60)),
    ((40, 70, 220), (90, 220, 220)),
    ((40, 160, 60), (240, 160, 220)),
)
DECOY: Final = ((20, 20, 20), (235, 235, 235))
CELL: Final = 4  # pixels of the side of a check
BLOTCH: Final = 8  # pixels of the side of a blotch of the background


@dataclass(frozen=True, slots=True, eq=False)
class PlantedCovers:
    """Made covers, and what tells their class.

    Attributes:
        pixels: ``(n, s, s, 3) uint8 RGB``.
        labels: ``(n,)`` class numbers.
        cues: ``(n, s, s)`` whether a pixel is of the patch that tells the class.
    """

    pixels: RGB
    labels: NDArray[np.intp]
    cues: NDArray[np.bool_]

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(CHECKS)


def made_planted(count: int, *, side: int = 64, seed: int = 0) -> PlantedCovers:
    """Covers of ``side``² with a patch of a quarter of it a side, and a decoy, at random places."""
    draw = np.random.default_rng(seed)
    patch = side // 4
    labels = draw.integers(0, len(CHECKS), count)
    pixels = _backgrounds(draw, count, side)
    cues = np.zeros((count, side, side), dtype=bool)
    for row, label in enumerate(labels):
        decoy, cue = _place(draw, side, patch), _place(draw, side, patch)
        pixels[(row, *decoy)] = _checks(DECOY, patch)
        pixels[(row, *cue)] = _checks(CHECKS[label], patch)
        cues[(row, *cue)] = True
    return PlantedCovers(pixels, labels, cues)


def _backgrounds(draw: np.random.Generator, count: int, side: int) -> RGB:
    """Muted blotches with a little noise."""
    blotches = -(-side // BLOTCH)
    coarse = draw.integers(70, 170, (count, blotches, blotches, 3))
    fine = coarse.repeat(BLOTCH, axis=1).repeat(BLOTCH, axis=2)[:, :side, :side]
    return np.asarray(fine + draw.integers(-20, 21, fine.shape), dtype=np.uint8)


def _place(draw: np.random.Generator, side: int, patch: int) -> tuple[slice, slice]:
    y, x = draw.integers(0, side - patch + 1, 2)
    return slice(int(y), int(y) + patch), slice(int(x), int(x) + patch)


def _checks(colours: tuple[tuple[int, int, int], tuple[int, int, int]], side: int) -> RGB:
    rows, columns = np.indices((side, side)) // CELL
    return np.take(np.asarray(colours, dtype=np.uint8), (rows + columns) % 2, axis=0)

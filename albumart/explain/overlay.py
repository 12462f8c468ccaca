"""A cover with the heat of a saliency map laid over it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.images import RGB, encode_png

Floats = NDArray[np.float32]

# Nine steps of matplotlib's inferno (CC0): even to the eye, and its lightness alone tells the heat,
# so that it reads the same without colour vision and in grey.
HEAT: Final = np.array(
    [
        *((0, 0, 4), (33, 12, 74), (87, 16, 110), (138, 34, 106), (188, 55, 84)),
        *((228, 90, 49), (249, 142, 9), (249, 203, 53), (252, 255, 164)),
    ],
    dtype=np.float32,
)
LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)
COLOUR_KEPT: Final = 0.35  # of the cover's own, which must not be taken for heat
COVER_DIMMED: Final = 0.65
LEAST, MOST = 0.1, 0.65  # how much of a pixel the heat takes, from cold to hot
OUTLINED: Final = 0.5  # heat from which on an area has an outline
BLUR: Final = 16  # windows that fit side by side, over which single hot pixels are spread


def draw_overlay(pixels: RGB, heat: Floats) -> bytes:
    """``(s, s, 3) uint8 RGB`` and ``(s, s)`` heat in 0…1 → a PNG of ``s`` × ``s``."""
    return encode_png(lay_over(pixels, heat))


def lay_over(pixels: RGB, heat: Floats) -> RGB:
    """``(s, s, 3) uint8 RGB`` with ``(s, s)`` heat in 0…1 over it, as ``(s, s, 3) uint8 RGB``.

    The cover is dimmed and nearly grey, so that what glows is heat. Heat is spread a little, for
    nobody sees single pixels; where it is above half of its greatest, it has a thin light outline.
    """
    if heat.shape != pixels.shape[:2]:
        raise ValueError(f"expected heat of shape {pixels.shape[:2]}; got {heat.shape}")
    heat = _spread(_spread(heat))
    grey = (pixels @ LUMA)[..., np.newaxis]
    cover = COVER_DIMMED * (COLOUR_KEPT * pixels + (1 - COLOUR_KEPT) * grey)
    share = (LEAST + (MOST - LEAST) * heat)[..., np.newaxis]
    mixed = (1 - share) * cover + share * _colour(heat)
    mixed[_outline(heat >= OUTLINED)] = 255
    return np.asarray(np.rint(mixed).clip(0, 255), dtype=np.uint8)


def _spread(heat: Floats) -> Floats:
    """``(s, s)`` → the mean over a window about each pixel, as hot at its hottest as before."""
    reach = max(len(heat) // BLUR // 2, 1)
    mean = heat.astype(np.float64)
    for axis in (0, 1):
        framed = np.pad(mean, [(reach + 1, reach) if at == axis else (0, 0) for at in (0, 1)])
        sums = framed.cumsum(axis=axis)
        ends = np.take(sums, np.arange(2 * reach + 1, sums.shape[axis]), axis=axis)
        mean = (ends - np.take(sums, np.arange(mean.shape[axis]), axis=axis)) / (2 * reach + 1)
    top = mean.max()
    return np.asarray(mean * (heat.max() / top) if top > 0 else mean, dtype=np.float32)


def _colour(heat: Floats) -> Floats:
    """``(s, s)`` in 0…1 → ``(s, s, 3)`` in 0…255."""
    steps = np.linspace(0, 1, len(HEAT))
    channels = [np.interp(heat, steps, channel) for channel in HEAT.T]
    return np.stack(channels, axis=-1).astype(np.float32)


def _outline(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of an area that touch one outside it."""
    framed = np.pad(area, 1, mode="edge")
    inner = framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]
    return np.asarray(area & ~inner)

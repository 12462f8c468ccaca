"""Does a cover show skin, and of which tone? So that a report can ask whether that matters.

The authors of metal-vs-rap saw their model use it. Pixels alone tell it roughly: wood, sand and
sepia have the same hue, and a face in black and white has none. It says nothing about anybody.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.evaluation.intervals import FloatArray

SKIN_COLOUR: Final = "skin colour"  # what covers are sliced by
# Of all skins, light and dark, chroma lies within these bounds (Chai & Ngan 1999).
CB: Final = (77.0, 127.0)
CR: Final = (133.0, 173.0)
LEAST_SHARE: Final = 0.1  # of a cover, for it to show skin
# Degrees of the individual typology angle; light and intermediate skins lie above (Chardon 1991).
LIGHTER: Final = 28.0

_TO_CHROMA: Final = np.array([[-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
# From linear sRGB to XYZ, over the white of D65.
_TO_XYZ: Final = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
) / np.array([[0.9505], [1.0], [1.089]])


def skin_tone(pixels: NDArray[np.uint8]) -> list[str]:
    """``(n, h, w, 3) uint8 RGB`` → of each cover ``none``, ``lighter`` or ``darker``."""
    skin = _is_skin(pixels)
    found = skin.sum(axis=(1, 2))
    mean = (pixels * skin[..., None]).sum(axis=(1, 2)) / np.maximum(found, 1)[:, None]
    tone = np.where(typology_angle(mean) > LIGHTER, "lighter", "darker")
    shown = found >= LEAST_SHARE * pixels.shape[1] * pixels.shape[2]
    return [str(one) for one in np.where(shown, tone, "none")]


def typology_angle(rgb: FloatArray) -> FloatArray:
    """``(n, 3)`` sRGB of 0 to 255 → ``(n,)`` degrees from dark, below 0, to very light, 90.

    The angle of L* − 50 over b* of CIELAB.
    """
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    lightness, yellow = 116 * root[:, 1] - 16, 200 * (root[:, 1] - root[:, 2])
    return np.asarray(np.degrees(np.arctan2(lightness - 50, yellow)))


def _is_skin(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """``(…, 3)`` → ``(…)`` whether a pixel's chroma is that of skin."""
    chroma = rgb.astype(np.float32) @ _TO_CHROMA.T.astype(np.float32) + 128
    blue, red = chroma[..., 0], chroma[..., 1]
    return (blue >= CB[0]) & (blue <= CB[1]) & (red >= CR[0]) & (red <= CR[1])

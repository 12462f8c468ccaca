"""Decoding a JPEG cover to 224² RGB, one core: ours against what users write today.

Peer: Pillow's ``open`` and an antialiased ``resize`` of the full image.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from albumart.images import load_rgb

COUNT = 40
SIZE = 224


def made_jpegs(side: int) -> list[bytes]:
    """JPEGs with the detail of a photograph: smoothed noise."""
    generator = np.random.default_rng(side)
    jpegs = []
    for _ in range(COUNT):
        coarse = generator.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=90)
        jpegs.append(buffer.getvalue())
    return jpegs


def pillow(jpegs: list[bytes]) -> None:
    """The peer."""
    for data in jpegs:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def ours(jpegs: list[bytes]) -> None:
    """Scaled decoding where the source is large enough."""
    for data in jpegs:
        load_rgb(data, SIZE)


def benchmark(side: int) -> tuple[Callable[[], None], Callable[[], None], int]:
    """Ours, the peer, and how many covers each decodes."""
    jpegs = made_jpegs(side)
    return (lambda: ours(jpegs)), (lambda: pillow(jpegs)), COUNT


BENCHMARKS = {f"decode {side} px JPEG to {SIZE}²": benchmark(side) for side in (1000, 350)}

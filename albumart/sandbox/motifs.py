"""What each genre's covers tend to show: one function per motif, drawn in the colours given."""

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

from PIL.ImageDraw import ImageDraw

SIDE: Final = 350  # pixels, as Bandcamp's covers

Colour = tuple[int, int, int]
Motif = Callable[[ImageDraw, Sequence[Colour], Random], None]


def draw_orbs(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """Few large rings inside each other, far apart: wide and soft."""
    for _ in range(rng.randint(2, 4)):
        x, y, radius = rng.uniform(0, SIDE), rng.uniform(0, SIDE), rng.uniform(50, 130)
        for step in range(5):
            draw.circle((x, y), radius * (1 - step / 6), fill=colours[step % len(colours)])


def draw_bars(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """Upright bars of changing height, as on a meter."""
    step = rng.randint(12, 30)
    for x in range(rng.randint(-10, 10), SIDE, step):
        top, foot = rng.uniform(0, SIDE * 0.6), rng.uniform(SIDE * 0.6, SIDE)
        draw.rectangle((x, top, x + step * 0.6, foot), fill=rng.choice(colours))


def draw_waves(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """Level lines that swing together, as hills or wood grain."""
    period, swing, phase = rng.uniform(60, 200), rng.uniform(8, 30), rng.uniform(0, 6)
    width, gap = rng.randint(4, 9), rng.randint(18, 34)
    for level in range(rng.randint(-10, 20), SIDE + 30, gap):
        points = [
            (x, level + swing * math.sin(x / period * 6.28 + phase + level / 90))
            for x in range(0, SIDE + 15, 14)
        ]
        draw.line(points, fill=rng.choice(colours), width=width)


def draw_stripes(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """Broad slanting stripes."""
    slant, gap = rng.choice((-1, 1)) * rng.uniform(120, 320), rng.randint(38, 80)
    width = round(gap * rng.uniform(0.35, 0.6))
    for x in range(-330, SIDE + 330, gap):
        draw.line((x, 0, x + slant, SIDE), fill=rng.choice(colours), width=width)


def draw_blocks(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """Rectangles on a grid, some left out."""
    cells = rng.randint(3, 6)
    size, skew = SIDE / cells, rng.uniform(0.7, 0.95)
    for row in range(cells):
        for column in range(cells):
            if rng.random() < 0.6:
                x, y = column * size, row * size
                draw.rectangle((x, y, x + size * skew, y + size * skew), fill=rng.choice(colours))


def draw_spikes(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """Thin wedges out of one point."""
    x, y = rng.uniform(60, 290), rng.uniform(60, 290)
    for _ in range(rng.randint(14, 30)):
        angle, length, width = rng.uniform(0, 6.28), rng.uniform(120, 330), rng.uniform(0.04, 0.13)
        tip = (x + length * math.cos(angle), y + length * math.sin(angle))
        back = (x - 14 * math.cos(angle + 1.57), y - 14 * math.sin(angle + 1.57))
        side = (
            x + length * 0.5 * math.cos(angle + width),
            y + length * 0.5 * math.sin(angle + width),
        )
        draw.polygon((back, tip, side), fill=rng.choice(colours))


def draw_dots(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """Many discs of one size on a loose lattice."""
    gap = rng.randint(34, 62)
    radius = gap * rng.uniform(0.22, 0.42)
    for row, y in enumerate(range(rng.randint(-15, 15), SIDE + 20, gap)):
        for x in range(gap // 2 * (row % 2), SIDE + 20, gap):
            centre = (x + rng.uniform(-5, 5), y + rng.uniform(-5, 5))
            draw.circle(centre, radius, fill=rng.choice(colours))


def draw_scraps(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """Torn four-sided scraps over each other."""
    for _ in range(rng.randint(14, 30)):
        x, y, reach = rng.uniform(0, SIDE), rng.uniform(0, SIDE), rng.uniform(20, 70)
        turn = rng.uniform(0, 6.28)
        points = [
            (
                x + reach * rng.uniform(0.5, 1.1) * math.cos(turn + corner * 1.57),
                y + reach * rng.uniform(0.5, 1.1) * math.sin(turn + corner * 1.57),
            )
            for corner in range(4)
        ]
        draw.polygon(points, fill=rng.choice(colours))


def draw_peaks(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """A disc over a row of triangles: sun and mountains."""
    draw.circle(
        (rng.uniform(60, 290), rng.uniform(50, 150)), rng.uniform(28, 75), fill=rng.choice(colours)
    )
    foot = rng.uniform(230, 345)
    for _ in range(rng.randint(3, 6)):
        x, half, height = rng.uniform(0, SIDE), rng.uniform(50, 130), rng.uniform(80, 200)
        corners = ((x - half, foot), (x, foot - height), (x + half, foot))
        draw.polygon(corners, fill=rng.choice(colours))


def draw_rings(draw: ImageDraw, colours: Sequence[Colour], rng: Random) -> None:
    """Rings around one centre, as a record's grooves."""
    centre = (rng.uniform(70, 280), rng.uniform(70, 280))
    gap, width = rng.randint(16, 30), rng.randint(5, 12)
    for radius in range(gap, 330, gap):
        draw.circle(centre, radius, outline=rng.choice(colours), width=width)


MOTIFS: Final[Mapping[str, Motif]] = {
    "ambient": draw_orbs,
    "dubstep": draw_bars,
    "folk": draw_waves,
    "hiphop_rap": draw_stripes,
    "jazz": draw_blocks,
    "metal": draw_spikes,
    "pop": draw_dots,
    "punk": draw_scraps,
    "rock": draw_peaks,
    "soul": draw_rings,
}

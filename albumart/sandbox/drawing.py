"""Covers drawn for the made catalogue: palettes, shapes, lettering and grain per genre.

A genre only leans towards its palettes and its motif: a share of covers looks like another
genre's, each carries some of a second motif, and artists have a hand of their own. So no model
scores 100 %, colours alone tell a little, shapes more, and an artist in two splits leaks.
"""

import colorsys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont

from albumart.sandbox.catalogue import GENRE_NAMES, MadeAlbum
from albumart.sandbox.motifs import MOTIFS, SIDE, Colour

Shade = tuple[float, float, float]  # hue in turns, saturation, brightness

QUALITY: Final = 82
NEAR_QUALITY: Final = 70  # of a near duplicate
FOREIGN_LOOK: Final = 0.15  # share of covers that look like another genre's
FREE_PALETTE: Final = 0.35  # share of covers whose palette is anybody's
BORROWED_MOTIF: Final = 0.45  # share of covers with a second motif under their own
ARTIST_HAND: Final = 0.5  # share of covers in their artist's palette and lettering
GRAIN_TILES: Final = 8
GRAIN_STRENGTH: Final = (3, 10)  # grey levels, standard deviation

# Hue from and to (turns), saturation, brightness.
PALETTES: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "night": (0.58, 0.75, 0.6, 0.45),
    "neon": (0.75, 0.98, 0.9, 0.95),
    "sea": (0.45, 0.6, 0.5, 0.75),
    "forest": (0.2, 0.42, 0.5, 0.5),
    "earth": (0.03, 0.12, 0.55, 0.55),
    "gold": (0.09, 0.16, 0.75, 0.9),
    "blood": (0.95, 1.04, 0.85, 0.5),
    "candy": (0.85, 1.1, 0.45, 0.98),
    "ink": (0.0, 1.0, 0.08, 0.5),
    "chalk": (0.0, 1.0, 0.12, 0.92),
}
LEANINGS: Final[Mapping[str, tuple[str, str, str]]] = {
    "ambient": ("sea", "night", "chalk"),
    "dubstep": ("neon", "night", "ink"),
    "folk": ("earth", "forest", "chalk"),
    "hiphop_rap": ("gold", "ink", "neon"),
    "jazz": ("night", "gold", "earth"),
    "metal": ("ink", "blood", "night"),
    "pop": ("candy", "neon", "sea"),
    "punk": ("blood", "chalk", "candy"),
    "rock": ("earth", "ink", "blood"),
    "soul": ("gold", "earth", "candy"),
}
# Factors of brightness, saturation and contrast by a cover's leading moods.
TONES: Final[Mapping[str, tuple[float, float, float]]] = {
    "dark": (0.7, 0.8, 1.1),
    "wild": (0.95, 1.2, 1.25),
    "calm": (1.05, 0.75, 0.75),
    "warm": (1.0, 1.05, 0.9),
    "bright": (1.2, 1.25, 1.0),
    "sly": (0.95, 0.85, 1.1),
}


def draw_cover(album: MadeAlbum, *, seed: int = 0, quality: int = QUALITY) -> bytes:
    """Draw an album's cover: a 350×350 JPEG, the same bytes for the same album and seed."""
    rng = _chance(seed, "cover", album.album_id)
    hand = _chance(seed, "hand", album.artist_id) if rng.random() < ARTIST_HAND else rng
    look = rng.choice(GENRE_NAMES) if rng.random() < FOREIGN_LOOK else album.genre
    colours = [_tone(colour, album.mood_family) for colour in _pick_colours(look, hand)]
    canvas = _background(colours, rng)
    draw = ImageDraw.Draw(canvas)
    if rng.random() < BORROWED_MOTIF:
        MOTIFS[rng.choice(GENRE_NAMES)](draw, colours[1:3], rng)
    MOTIFS[look](draw, colours[2:], rng)
    _letter(draw, (album.artist, album.title), colours, hand)
    return encode_jpeg(_grain(canvas, rng), quality)


def draw_blank(album: MadeAlbum, *, seed: int = 0) -> bytes:
    """Draw a cover of one colour."""
    rng = _chance(seed, "blank", album.album_id)
    colour = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
    return encode_jpeg(Image.new("RGB", (SIDE, SIDE), colour), QUALITY)


def draw_tiny() -> bytes:
    """Draw the 1×1 placeholder."""
    return encode_jpeg(Image.new("RGB", (1, 1), (128, 128, 128)), QUALITY)


def encode_jpeg(image: Image.Image, quality: int) -> bytes:
    """Encode an RGB image as JPEG."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _chance(seed: int, purpose: str, number: int) -> Random:
    return Random(f"{seed}/{purpose}/{number}")  # noqa: S311 (made data, no secret)


def _pick_colours(look: str, rng: Random) -> list[Shade]:
    """Pick six colours, mostly of one palette, and an accent; the first two paint the ground."""
    free = rng.random() < FREE_PALETTE
    name = rng.choice(tuple(PALETTES)) if free else rng.choices(LEANINGS[look], (5, 3, 2))[0]
    start, end, saturation, value = PALETTES[name]
    shift = rng.uniform(-0.06, 0.06)
    colours = [
        (
            rng.uniform(start, end) + shift,
            saturation * rng.uniform(0.4, 1.3),
            value + rng.uniform(-0.45, 0.35),
        )
        for _ in range(6)
    ]
    return [*colours, (rng.random(), rng.uniform(0.3, 1), rng.uniform(0.3, 1))]


def _tone(shade: Shade, mood_family: str) -> Colour:
    """Turn a shade into RGB, in the tone of the moods."""
    hue, saturation, value = shade
    brightness, colour, contrast = TONES[mood_family]
    value = (value - 0.5) * contrast + 0.5
    red, green, blue = colorsys.hsv_to_rgb(
        hue % 1, min(1, max(0, saturation * colour)), min(1, max(0, value * brightness))
    )
    return round(red * 255), round(green * 255), round(blue * 255)


def _background(colours: Sequence[Colour], rng: Random) -> Image.Image:
    """Return a canvas that goes from one colour to another in a direction of its own."""
    corners = [
        tuple(
            round(a + (b - a) * rng.random()) for a, b in zip(colours[0], colours[1], strict=True)
        )
        for _ in range(4)
    ]
    small = Image.new("RGB", (2, 2))
    small.putdata(corners)
    return small.resize((SIDE, SIDE), Image.Resampling.BILINEAR)


def _letter(
    draw: ImageDraw.ImageDraw, words: tuple[str, str], colours: Sequence[Colour], rng: Random
) -> None:
    """Set the artist large and the title small, in the artist's own place."""
    artist, title = words
    ink = rng.choice(((245, 245, 240), (15, 15, 20), colours[-1]))
    x, y, size = rng.randint(8, 90), rng.choice((12, 60, 150, 270)), rng.choice((20, 26, 34))
    draw.text((x, y), artist.upper() if rng.random() < 0.5 else artist, ink, _font(size))
    draw.text((x, y + size + 6), title, ink, _font(16))


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@lru_cache(maxsize=1)
def _grain_tiles() -> list[Image.Image]:
    """Make grey noise around 128, once: drawing it anew would cost more than the cover."""
    noise = np.random.default_rng(0)
    low, high = GRAIN_STRENGTH
    tiles = []
    for strength in np.linspace(low, high, GRAIN_TILES):
        grey = noise.normal(128, strength, (SIDE, SIDE, 1)).clip(0, 255).astype(np.uint8)
        tiles.append(Image.fromarray(np.repeat(grey, 3, axis=2)))
    return tiles


def _grain(canvas: Image.Image, rng: Random) -> Image.Image:
    tile = ImageChops.offset(rng.choice(_grain_tiles()), rng.randrange(SIDE), rng.randrange(SIDE))
    return ImageChops.add(canvas, tile, offset=-128)

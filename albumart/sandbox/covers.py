"""The bytes of every made cover, odd ones included: drawn when asked for, the latest kept."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from albumart.sandbox.catalogue import Catalogue, MadeAlbum, Plant
from albumart.sandbox.drawing import (
    NEAR_QUALITY,
    QUALITY,
    draw_blank,
    draw_cover,
    draw_tiny,
)

KEPT_COVERS: Final = 4096  # about 130 MB
HTML_COVER: Final = b"<!doctype html>\n<title>Not here</title>\n<p>This is no image.</p>\n" * 8

Draw = Callable[[MadeAlbum, int], bytes | None]


def _draw_near(album: MadeAlbum, seed: int) -> bytes:
    return draw_cover(album, seed=seed, quality=NEAR_QUALITY)


def _draw_plain(album: MadeAlbum, seed: int) -> bytes:
    return draw_cover(album, seed=seed, quality=QUALITY)


def truncate(jpeg: bytes) -> bytes:
    """Return the first part of an image, cut within its pixels."""
    return jpeg[: len(jpeg) * 2 // 5]


# What each plant shows; each is given the album whose drawing it is.
DRAWN: Final[Mapping[Plant, Draw]] = {
    Plant.DUPLICATE: _draw_plain,
    Plant.CONTRADICTION: _draw_plain,
    Plant.NEAR_DUPLICATE: _draw_near,
    Plant.BLANK: lambda album, seed: draw_blank(album, seed=seed),
    Plant.DEAD: lambda album, seed: None,
    Plant.HTML: lambda album, seed: HTML_COVER,
    Plant.TINY: lambda album, seed: draw_tiny(),
    Plant.TRUNCATED: lambda album, seed: truncate(_draw_plain(album, seed)),
}


class CoverShelf:
    """Covers of one catalogue by album id. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._seed = catalogue.seed
        self._albums = {album.album_id: album for album in catalogue.albums}
        self._plants = {
            odd: (plant, shown)
            for plant, places in catalogue.planted.items()
            for odd, shown in places.items()
        }
        self._kept = lru_cache(maxsize=KEPT_COVERS)(self._draw)

    def get(self, album_id: int) -> bytes | None:
        """Return the bytes that stand for the album's cover; None for a dead link."""
        return self._kept(album_id)

    def _draw(self, album_id: int) -> bytes | None:
        if album_id not in self._plants:
            return _draw_plain(self._albums[album_id], self._seed)
        plant, shown = self._plants[album_id]
        return DRAWN[plant](self._albums[shown], self._seed)

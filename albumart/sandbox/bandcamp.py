"""Bandcamp's wire format: the published list of links, and covers by their image number."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from albumart.sandbox.catalogue import MadeAlbum

LIST_HOST: Final = "raw.githubusercontent.com"
LIST_PATH: Final = "/yanirs/bandcamp-deep-learning/master/dataset-links.tsv"
LIST_TYPE: Final = "text/plain; charset=utf-8"
COVER_HOST: Final = "f1.bcbits.com"
_COVER_PATH = re.compile(r"/img/a(\d{10})_2\.jpg")


def render_list(albums: Iterable[MadeAlbum]) -> bytes:
    """Render the list: image address, TAB, ``<genre>/a<album>.jpg``, no header."""
    rows = [
        f"http://{COVER_HOST}/img/a{album.image_id:010}_2.jpg\t{album.genre}/a{album.album_id}.jpg\n"
        for album in albums
    ]
    return "".join(rows).encode()


def find_cover(by_image: Mapping[int, MadeAlbum], path: str) -> MadeAlbum | None:
    """Return the album whose cover ``path`` names."""
    match = _COVER_PATH.fullmatch(path)
    return by_image.get(int(match[1])) if match else None

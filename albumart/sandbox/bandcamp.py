"""Bandcamp's wire format: the published list of links, covers by their image number, album pages.

Real artists have a host each; here all are on one.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from random import Random
from typing import Final

from albumart.sandbox.catalogue import MadeAlbum
from albumart.sandbox.wire import HTML, PLAIN, Answer, tagged

LIST_HOST: Final = "raw.githubusercontent.com"
LIST_PATH: Final = "/yanirs/bandcamp-deep-learning/master/dataset-links.tsv"
LIST_TYPE: Final = "text/plain; charset=utf-8"
COVER_HOST: Final = "f1.bcbits.com"
PAGE_HOST: Final = "sandbox.bandcamp.com"
PAGES_PATH: Final = "/albums.txt"  # the addresses of all album pages, one a line
PAGE_COVER_HOST: Final = "f4.bcbits.com"
NO_COVER: Final = 0.04
PLACES: Final = ("Port Sallow", "Upper Wenn", "Calder Bay", "Nordhaven", "")  # some tell none
# Bandcamp's own spelling where it is not the list's with a capital.
GENRES: Final = {"hiphop_rap": "Hip-Hop/Rap", "soul": "R&B/Soul"}

_COVER_PATH = re.compile(r"/img/a(\d{10})_(?:2|10)\.jpg")
_PAGE_PATH = re.compile(r"/album/(?:[a-z0-9]+-)*([0-9]{1,10})")
_NO_WORD = re.compile(r"[^a-z0-9]+")


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


class Pages:
    """Album pages of one catalogue. Safe to share between threads."""

    def __init__(self, albums: Sequence[MadeAlbum]) -> None:
        self._albums = {album.album_id: album for album in albums}

    def answer(self, path: str) -> Answer | None:
        """Return a page, or the text with the addresses of all of them."""
        if path == PAGES_PATH:
            lines = "".join(f"{page_url(album)}\n" for album in self._albums.values())
            return tagged(lines.encode(), PLAIN)
        match = _PAGE_PATH.fullmatch(path)
        album = self._albums.get(int(match[1])) if match else None
        return tagged(render_page(album).encode(), HTML) if album else None


def page_url(album: MadeAlbum) -> str:
    """Return the address of an album's page."""
    return f"https://{PAGE_HOST}/album/{_slug(album.title)}-{album.album_id}"


def render_page(album: MadeAlbum) -> str:
    """Render an album's page, with the data that it holds for machines."""
    told = json.dumps(_json_ld(album)).replace("</", "<\\/")
    properties = json.dumps({"item_type": "a", "item_id": album.album_id})
    title = escape(f"{album.title} | {album.artist}")
    return f"""<!DOCTYPE html>
<html><head><title>{title}</title><meta charset="utf-8">
<meta name="bc-page-properties" content="{escape(properties)}">
<script type="application/ld+json">{told}</script></head>
<body><h2 class="trackTitle">{escape(album.title)}</h2>
<a class="popupImage" href="https://{PAGE_COVER_HOST}/img/0000014017_10.jpg">header</a></body></html>
"""


def _json_ld(album: MadeAlbum) -> dict[str, object]:
    rng = Random(f"bandcamp/{album.album_id}")  # noqa: S311 (made data, no secret)
    genre = GENRES.get(album.genre, album.genre.capitalize())
    url, owner = page_url(album), f"https://{PAGE_HOST}/{_slug(album.artist)}"
    band = {"@type": "PropertyValue", "name": "band_id", "value": album.artist_id + 1}
    place = PLACES[album.artist_id % len(PLACES)]
    publisher: dict[str, object] = {
        "@type": "MusicGroup",
        "@id": owner,
        "name": album.artist,
        "additionalProperty": [band],
        "genre": f"https://bandcamp.com/discover/{_slug(genre)}",
    }
    located = {"foundingLocation": {"@type": "Place", "name": place}} if place else {}
    cover = f"https://{PAGE_COVER_HOST}/img/a{album.image_id:010}_10.jpg"
    pictured = {"image": cover} if rng.random() >= NO_COVER else {}
    return {
        "@type": "MusicAlbum",
        "@id": url,
        "name": album.title,
        "byArtist": {"@type": "MusicGroup", "name": album.artist, "@id": owner},
        "publisher": publisher | located,
        "keywords": [genre, *album.tags, *([place] if place else [])],
        "datePublished": f"{rng.randint(1, 28):02} Jun {album.year} 00:00:00 GMT",
        **pictured,
    }


def _slug(name: str) -> str:
    return _NO_WORD.sub("-", name.lower()).strip("-")

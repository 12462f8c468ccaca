"""AllMusic's wire format: which albums it has, what it says of them, and where."""

import re
from collections.abc import Mapping
from random import Random
from typing import Final
from urllib.parse import parse_qs

from albumart.sandbox.allmusic_pages import (
    COVER_HOST,
    HOST,
    LISTING,
    THEMES,
    MadeEntry,
    digest,
    render_album,
    render_home,
    render_listing,
    render_moods,
    render_review,
)
from albumart.sandbox.catalogue import Catalogue, MadeAlbum
from albumart.sandbox.covers import CoverShelf
from albumart.sandbox.wire import HTML, JPEG, PLAIN, Answer, tagged

__all__ = ["COVER_HOST", "HOST", "Guide", "make_entry"]

MOST_ALBUMS: Final = 1_000
LISTED: Final = 100  # links of one page of a listing
FEATURED: Final = 20  # albums on the home page
NEW_LAYOUT: Final = 0.2  # share of the albums
ONLY_YEAR: Final = 0.4  # share whose release date is a year
NO_COVER: Final = 0.04
NO_REVIEW: Final = 0.1
ROBOTS: Final = b"User-agent: *\nDisallow: /search\nDisallow: /user/\nDisallow: /subscribe\n"

# What AllMusic calls each Bandcamp genre, and some of its styles.
GENRES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "ambient": ("Electronic", ("Ambient", "Downtempo", "Experimental Ambient")),
    "dubstep": ("Electronic", ("Dubstep", "Club/Dance", "Garage")),
    "folk": ("Folk", ("Alternative Folk", "Folk-Rock", "Contemporary Singer/Songwriter")),
    "hiphop_rap": ("Rap", ("Alternative Rap", "Underground Rap", "Hardcore Rap")),
    "jazz": ("Jazz", ("Post-Bop", "Fusion", "Straight-Ahead Jazz")),
    "metal": ("Pop/Rock", ("Heavy Metal", "Death Metal/Black Metal", "Doom Metal")),
    "pop": ("Pop/Rock", ("Alternative/Indie Rock", "Indie Pop", "Synth Pop")),
    "punk": ("Pop/Rock", ("Punk/New Wave", "Hardcore Punk", "Post-Punk")),
    "rock": ("Pop/Rock", ("Alternative/Indie Rock", "Indie Rock", "Garage Punk")),
    "soul": ("R&B", ("Neo-Soul", "Contemporary R&B", "Funk")),
}
REVIEWERS: Final = ("Ada Quill", "Bo Lindqvist", "Carmen O'Dell", "D. K. Moreau")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)

_ALBUM_PATH = re.compile(r"/album/(?:[^/?]*-)?(mw[0-9]{10})(?:/(moodsThemesAjax|reviewAjax))?")


class Guide:
    """The albums of one catalogue that AllMusic has. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue, shelf: CoverShelf) -> None:
        chosen = sorted(catalogue.albums, key=lambda album: digest(album.album_id))
        self.entries = tuple(map(make_entry, chosen[:MOST_ALBUMS]))
        self._shelf = shelf
        self._by_id = {entry.album_id: entry for entry in self.entries}
        self._by_cover = {entry.cover: entry.album for entry in self.entries if entry.cover}

    def answer(self, path: str) -> Answer | None:
        """Return what the site has at ``path``. A missing album is the home page, not a 404."""
        place, _, query = path.partition("?")
        if place == "/robots.txt":
            return tagged(ROBOTS, PLAIN)
        if place == LISTING:
            page = self._listing(parse_qs(query).get("page", ["1"])[-1])
        elif match := _ALBUM_PATH.fullmatch(place):
            page = self._album(match[1], match[2])
        else:
            page = self._home() if place == "/" or place.startswith("/album/") else None
        return None if page is None else tagged(page.encode(), HTML)

    def answer_cover(self, path: str) -> Answer | None:
        """Return a cover, ``/image.jpg?c=<token>&f=<size>``; each size is the same picture."""
        place, _, query = path.partition("?")
        asked = parse_qs(query)
        if place != "/image.jpg" or asked.get("f") not in (["4"], ["5"]):
            return None
        album = self._by_cover.get(asked.get("c", [""])[-1])
        body = self._shelf.get(album.album_id) if album else None
        return None if body is None else tagged(body, JPEG)

    def _album(self, album_id: str, part: str | None) -> str | None:
        entry = self._by_id.get(album_id)
        if part is None:
            return render_album(entry) if entry else self._home()
        if entry is None or (part == "reviewAjax" and not entry.is_new_layout):
            return None
        return render_moods(entry) if part == "moodsThemesAjax" else render_review(entry)

    def _listing(self, number: str) -> str | None:
        page = int(number) if re.fullmatch("[1-9][0-9]{0,5}", number) else 1
        last = page * LISTED
        listed = self.entries[last - LISTED : last]
        return render_listing(listed, page + 1 if self.entries[last:] else None) if listed else None

    def _home(self) -> str:
        return render_home(self.entries[:FEATURED])


def make_entry(album: MadeAlbum) -> MadeEntry:
    """Make what AllMusic says of an album; the same every time."""
    rng = Random(f"allmusic/{album.album_id}")  # noqa: S311 (made data, no secret)
    genre, styles = GENRES[album.genre]
    day = f"{rng.choice(MONTHS)} {rng.randint(1, 28)}, {album.year}"
    return MadeEntry(
        album=album,
        album_id=f"mw{album.album_id:010}",
        is_new_layout=rng.random() < NEW_LAYOUT,
        released=str(album.year) if rng.random() < ONLY_YEAR else day,
        genre=genre,
        styles=tuple(rng.sample(styles, rng.randint(1, len(styles)))),
        themes=tuple(rng.sample(THEMES, rng.randint(0, 3))),
        reviewer="" if rng.random() < NO_REVIEW else rng.choice(REVIEWERS),
        cover="" if rng.random() < NO_COVER else f"{digest(album.image_id)[:43]}=",
    )

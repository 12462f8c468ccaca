"""The made site: a catalogue served in the sources' own wire formats."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from albumart.sandbox import bandcamp
from albumart.sandbox.catalogue import make_catalogue
from albumart.sandbox.covers import CoverShelf
from albumart.sandbox.wire import JPEG, Answer, tagged

# One moment for all made covers, so that two sandboxes of one seed send equal headers.
DRAWN_ON: Final = "Mon, 01 Jan 2024 00:00:00 GMT"


class MadeSite:
    """A made catalogue behind the hosts of HOSTS: deterministic by seed, larger by scale."""

    def __init__(self, seed: int = 0, scale: float = 1.0) -> None:
        self.catalogue = make_catalogue(seed, scale)
        self.shelf = CoverShelf(self.catalogue)
        self.hosts = HOSTS.keys()
        self.by_image = {album.image_id: album for album in self.catalogue.albums}

    def answer(self, host: str, path: str) -> Answer | None:
        """Return what ``host`` has at ``path``."""
        return HOSTS[host](self, path) if host in HOSTS else None

    @cached_property
    def bandcamp_list(self) -> Answer:
        """The list of links. GitHub sends no Last-Modified with it."""
        return tagged(bandcamp.render_list(self.catalogue.albums), bandcamp.LIST_TYPE)


def _answer_list(site: MadeSite, path: str) -> Answer | None:
    return site.bandcamp_list if path == bandcamp.LIST_PATH else None


def _answer_cover(site: MadeSite, path: str) -> Answer | None:
    album = bandcamp.find_cover(site.by_image, path)
    body = site.shelf.get(album.album_id) if album else None
    return None if body is None else tagged(body, JPEG, last_modified=DRAWN_ON)


# A source more is a row more.
HOSTS: Final[Mapping[str, Callable[[MadeSite, str], Answer | None]]] = {
    bandcamp.LIST_HOST: _answer_list,
    bandcamp.COVER_HOST: _answer_cover,
}

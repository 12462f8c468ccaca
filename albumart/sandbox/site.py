"""The made site: a catalogue served in the sources' own wire formats."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from albumart.sandbox import allmusic, bandcamp, cover_art_archive, itunes, musicbrainz
from albumart.sandbox.catalogue import make_catalogue
from albumart.sandbox.covers import CoverShelf
from albumart.sandbox.wire import JPEG, Answer, status_page, tagged

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

    @cached_property
    def bandcamp_pages(self) -> bandcamp.Pages:
        """Pages of every album."""
        return bandcamp.Pages(self.catalogue.albums)

    @cached_property
    def guide(self) -> allmusic.Guide:
        """AllMusic's pages and covers."""
        return allmusic.Guide(self.catalogue, self.shelf)

    @cached_property
    def itunes_charts(self) -> itunes.Charts:
        """The charts of every genre."""
        return itunes.Charts(self.catalogue.albums)

    @cached_property
    def library(self) -> musicbrainz.Library:
        """MusicBrainz's release groups."""
        return musicbrainz.Library(self.catalogue)

    @cached_property
    def cover_art(self) -> cover_art_archive.MadeArchive:
        """The Cover Art Archive's lists and images of these."""
        return cover_art_archive.MadeArchive(self.catalogue, self.library, self.shelf)


def _answer_list(site: MadeSite, path: str) -> Answer | None:
    return site.bandcamp_list if path == bandcamp.LIST_PATH else None


def _answer_cover(site: MadeSite, path: str) -> Answer | None:
    album = bandcamp.find_cover(site.by_image, path)
    body = site.shelf.get(album.album_id) if album else None
    return None if body is None else tagged(body, JPEG, last_modified=DRAWN_ON)


def _answer_chart(site: MadeSite, path: str) -> Answer | None:
    feed = site.itunes_charts.find(path)
    return None if feed is None else tagged(feed, itunes.FEED_TYPE, last_modified=DRAWN_ON)


def _answer_artwork(site: MadeSite, path: str) -> Answer | None:
    album, size = itunes.find_cover(site.by_image, path) or (None, 0)
    if album and not itunes.has_size(album, size):
        return status_page(400)
    body = site.shelf.get(album.album_id) if album else None
    return None if body is None else tagged(body, JPEG, last_modified=DRAWN_ON)


# A source more is a row more.
HOSTS: Final[Mapping[str, Callable[[MadeSite, str], Answer | None]]] = {
    bandcamp.LIST_HOST: _answer_list,
    bandcamp.COVER_HOST: _answer_cover,
    bandcamp.PAGE_COVER_HOST: _answer_cover,
    bandcamp.PAGE_HOST: lambda site, path: site.bandcamp_pages.answer(path),
    allmusic.HOST: lambda site, path: site.guide.answer(path),
    allmusic.COVER_HOST: lambda site, path: site.guide.answer_cover(path),
    itunes.FEED_HOST: _answer_chart,
    **dict.fromkeys(itunes.COVER_HOSTS, _answer_artwork),
    musicbrainz.HOST: lambda site, path: site.library.answer(path),
    cover_art_archive.HOST: lambda site, path: site.cover_art.answer_archive(path),
    cover_art_archive.DOWNLOAD_HOST: lambda site, path: site.cover_art.answer_download(path),
    cover_art_archive.NODE_HOST: lambda site, path: site.cover_art.answer_node(path),
}

"""AllMusic's pages, rendered: listings, albums in two layouts, what is loaded beside them.

Most albums come in the layout of 2021, as recorded; some in the one since then, as other programs
describe it. Every page has links to 14 moods in its navigation, and no album's moods.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from albumart.sandbox.catalogue import MadeAlbum

HOST: Final = "www.allmusic.com"
COVER_HOST: Final = "rovimusic.rovicorp.com"
LISTING: Final = "/newreleases/all"

THEMES: Final = (
    *("Late Night", "Road Trip", "Rainy Day", "Introspection", "Celebration", "Hanging Out"),
    *("In Love", "Affection/Fondness", "Partying", "Relaxation", "Cool & Cocky"),
)
NAVIGATION: Final = (
    *("Aggressive", "Bittersweet", "Druggy", "Energetic", "Happy", "Hypnotic"),
    *("Laid Back/Mellow", "Melancholy", "Passionate", "Romantic", "Sad", "Sentimental"),
    *("Sexy", "Trippy"),
)

_NO_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class MadeEntry:
    """A made album with what AllMusic says of it besides."""

    album: MadeAlbum
    album_id: str
    is_new_layout: bool
    released: str
    genre: str
    styles: tuple[str, ...]
    themes: tuple[str, ...]
    reviewer: str
    cover: str

    @property
    def path(self) -> str:
        """Path of its page."""
        return f"/album/{slug(self.album.title)}-{self.album_id}"

    @property
    def url(self) -> str:
        """Address of its page."""
        return f"https://{HOST}{self.path}"

    @property
    def artist_url(self) -> str:
        """Address of its artist's page."""
        album = self.album
        return f"https://{HOST}/artist/{slug(album.artist)}-mn{album.artist_id:010}"


def render_listing(entries: Sequence[MadeEntry], next_page: int | None) -> str:
    """Render one page of new releases."""
    rows = "".join(
        f'<tr data-type-filter="NEW"><td class="artist">'
        f"{_link(entry.artist_url, entry.album.artist)}</td>"
        f'<td class="album">{_link(entry.path, entry.album.title)}</td>'
        f'<td class="genre">{escape(entry.genre)}</td></tr>\n'
        for entry in entries
    )
    after = f'<a rel="next" href="{LISTING}?page={next_page}">Next</a>' if next_page else ""
    body = f'<table class="nr-table" id="nrTable"><tbody>\n{rows}</tbody></table>{after}'
    return _page("All New Releases", f"https://{HOST}{LISTING}", body)


def render_home(entries: Sequence[MadeEntry]) -> str:
    """Render the home page, which features some albums."""
    featured = "".join(
        f'<div class="new-release">{_link(entry.url, entry.album.title)}</div>\n'
        for entry in entries
    )
    body = f'<section class="featured-new-releases"><h1>New</h1>\n{featured}</section>'
    return _page("Record Reviews, Streaming Songs, Genres & Bands", f"https://{HOST}", body)


def render_album(entry: MadeEntry) -> str:
    """Render an album's page in its layout."""
    body = _new_album(entry) if entry.is_new_layout else _album_of_2021(entry)
    return _page(f"{entry.album.title} - {entry.album.artist}", entry.url, body)


def render_moods(entry: MadeEntry) -> str:
    """Render the answer to ``moodsThemesAjax``."""
    moods = _links("mood", "xa", entry.album.moods)
    themes = f'<h3>Themes</h3>\n<div id="themesGrid">{_links("theme", "ma", entry.themes)}</div>\n'
    return (
        f'<div id="moodsThemes" class="albumContentSubModule">\n<h3>Moods</h3>\n'
        f'<div id="moodsGrid">{moods}</div>\n{themes if entry.themes else ""}</div>\n'
    )


def render_review(entry: MadeEntry) -> str:
    """Render the answer to ``reviewAjax``: nothing where there is no review."""
    if not entry.reviewer:
        return "\n"
    title = escape(f"{entry.album.title} Review by {entry.reviewer}")
    return (
        f'<div id="review" class="albumContentSubModule">\n<h3>{title}</h3>\n'
        f"<p>{_review_text(entry)}</p>\n</div>\n"
    )


def _album_of_2021(entry: MadeEntry) -> str:
    album, rating = entry.album, entry.album.rating
    review = (
        f'<section class="review read-more"><div class="review-headline-container">'
        f'<h2 class="review-author">{escape(album.title)} Review</h2>'
        f"<p>by <span>{escape(entry.reviewer)}</span></p></div>\n"
        f'<div class="text"><p>{_review_text(entry)}</p></div></section>\n'
    )
    return f"""<header><hgroup>
<h2 class="album-artist"><span>{_link(entry.artist_url, album.artist)}</span></h2>
<h1 class="album-title">
    {escape(album.title)}        </h1>
</hgroup>
<ul class="ratings"><li><span>AllMusic Rating</span>
<div class="allmusic-rating rating-allmusic-{rating - 1}">
    {rating}    </div></li></ul></header>
{review if entry.reviewer else ""}<div class="sidebar"><div class="album-cover">
{_gallery(entry)}</div>
<section class="basic-info"><h2>{escape(album.title)} Album Information</h2>
{_information(entry)}</section></div>"""


def _new_album(entry: MadeEntry) -> str:
    album = entry.album
    return f"""<div id="albumHeadline"><h1 id="albumTitle" data-albumid="{entry.album_id.upper()}">
    {escape(album.title)}    </h1>
<h2 id="albumArtists">{_link(entry.artist_url, album.artist)}</h2>
<div class="allmusicRating ratingAllmusic{album.rating - 1}" title="AllMusic Rating"></div></div>
<div id="albumCover">{_gallery(entry)}</div>
<div id="basicInfoMeta">{_information(entry)}</div>
<nav id="sidebarNav"><a id="moodsThemesTab" href="#moodsThemes">Moods and Themes</a></nav>"""


def _information(entry: MadeEntry) -> str:
    genre = _links("genre", "ma", [entry.genre])
    styles = _links("style", "ma", entry.styles)
    return (
        f'<div class="release-date"><h4>Release Date</h4>\n<span>{entry.released}</span></div>\n'
        f'<div class="genre"><h4>Genre</h4>\n<div>{genre}</div></div>\n'
        f'<div class="styles"><h4>Styles</h4>\n<div>{styles}</div></div>\n'
    )


def _gallery(entry: MadeEntry) -> str:
    small, large = (f"https://{COVER_HOST}/image.jpg?c={entry.cover}&f={size}" for size in (4, 5))
    images = [{"author": None, "url": small, "zoomURL": large, "width": 500, "height": 500}]
    listed = json.dumps(images if entry.cover else False).replace("/", "\\/")
    missing = "https://cdn-gce.allmusic.com/images/no_image/album_300x300.png"
    source = small if entry.cover else missing
    return f'<script>var imageGallery = {listed};</script><img src="{escape(source)}" alt="">\n'


def _review_text(entry: MadeEntry) -> str:
    """The review, with its artist's name as a link, as the site has it."""
    named = _link(entry.artist_url, entry.album.artist)
    return escape(entry.album.review).replace(escape(entry.album.artist), named, 1)


def _page(title: str, url: str, body: str) -> str:
    moods = _links("mood", "xa", NAVIGATION)
    themes = _links("theme", "ma", THEMES)
    return f"""<!DOCTYPE html>
<html lang="en"><head><title>{escape(title)} | AllMusic</title>
<meta charset="utf-8">
<link rel="canonical" href="{escape(url)}">
</head><body>
<nav class="site-nav"><a href="{LISTING}">New Releases</a>
<div class="discover-mood-secondary">{moods}<a href="/moods">All Moods</a></div>
<div class="discover-theme-secondary">{themes}<a href="/themes">All Themes</a></div></nav>
{body}
<footer>made by the sandbox</footer></body></html>
"""


def _links(kind: str, letters: str, names: Iterable[str]) -> str:
    """Links to words; a word's number is the same wherever it stands."""
    return "\n".join(
        _link(f"https://{HOST}/{kind}/{slug(name)}-{letters}{_number(name):010}", name)
        for name in names
    )


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _number(name: str) -> int:
    return int(digest(name)[:7], 16)


def digest(thing: object) -> str:
    """Return hex digits that are drawn by lot and the same every time."""
    return hashlib.blake2b(str(thing).encode(), digest_size=32).hexdigest()


def slug(name: str) -> str:
    """Return ``name`` as addresses have it."""
    return _NO_WORD.sub("-", name.lower()).strip("-")

"""AllMusic's pages as data: addresses, where each layout keeps things, what is loaded beside it.

The layout of 2021 is as recorded; the others are as other programs that read the site describe
them.
"""

import re
from dataclasses import dataclass
from typing import Final

MOODS: Final = "moodsThemesAjax"  # under an album's address, asked for with it as the Referer
REVIEW: Final = "reviewAjax"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one generation of album pages keeps things, as CSS selectors.

    Attributes:
        title: of the heading; where it finds something, the page is of this layout.
        info: of the block with the release date, genres and styles under headings.
        rating: of the element whose text is the rating.
        review: of the block whose paragraphs are the review.
        reviewer: of lines, one of which ends in ``by <name>``.
        image: of the cover, on pages without a list of images.
        rating_class: pattern of the rating's class, where the number stands there alone, less one.
        moods_tab: of the tab that only albums with moods or themes have.
    """

    title: str
    artists: str
    info: str
    rating: str
    review: str
    reviewer: str
    image: str
    rating_class: str | None = None
    moods_tab: str | None = None


LAYOUTS: Final = (
    Layout(  # since 2022; moods and review are loaded beside it
        title="h1#albumTitle",
        artists="h2#albumArtists",
        info="#basicInfoMeta",
        rating=".allmusicRating",
        review="#review",
        reviewer="#review h3",
        image="img#posterImage",
        rating_class=r"\bratingAllmusic([0-9])\b",
        moods_tab="[id^=moodsThemes]",
    ),
    Layout(  # to 2021; moods are loaded beside it
        title="h1.album-title",
        artists="h2.album-artist",
        info=".basic-info",
        rating=".allmusic-rating",
        review=".review .text",
        reviewer=".review-headline-container p, .review-author",
        image=".album-cover img, .album-contain img",
    ),
    Layout(  # 2013; has all on one page
        title="h2.album-title, h2.album-name",
        artists="h3.album-artist",
        info=".basic-info",
        rating=".allmusic-rating",
        review="[itemprop=reviewBody]",
        reviewer=".review-author",
        image=".album-cover img, .album-contain img",
    ),
)
MOODS_GRID: Final = "#moodsThemes #moodsGrid, .moodsThemes #moodsGrid"
THEMES_GRID: Final = "#moodsThemes #themesGrid, .moodsThemes #themesGrid"

_ALBUM: Final = re.compile(
    r"https?://(?:www\.)?allmusic\.com"
    r"(/album/(?:[A-Za-z0-9%._~!$&'()*+,;=:@-]{0,500}-)?(mw[0-9]{10}))(?:[?#]\S*)?"
)
_OWN_MOODS: Final = re.compile(
    rb"""id=["']?moodsGrid\b[^>]*>.{0,2000}?/mood/|<h4[^>]*>\s*Album Moods\s*</h4>""", re.DOTALL
)
_TITLE: Final = re.compile(
    rb"""<h[12][^>]{0,200}\b(?:id=["']?albumTitle|class=["']?[^"'>]*\balbum-(?:title|name))\b"""
)
_NEW_LAYOUT: Final = re.compile(rb"""<h1[^>]{0,200}\bid=["']?albumTitle\b""")
_OWN_REVIEW: Final = re.compile(rb"""\bid=["']?review["'\s>]""")


def find_album(url: str) -> tuple[str, str] | None:
    """``(address, id)`` of an album's page, without query or fragment; None for other addresses."""
    match = _ALBUM.fullmatch(url)
    return (f"https://www.allmusic.com{match[1]}", match[2]) if match else None


def parts_beside(body: bytes) -> tuple[str, ...]:
    """Names of the requests without which an album's page is not whole.

    A look at the bytes is enough. A page that has its own moods needs no other; one that is no
    album's has nothing beside it.
    """
    if not _TITLE.search(body):
        return ()
    moods = () if _OWN_MOODS.search(body) else (MOODS,)
    wants_review = _NEW_LAYOUT.search(body) and not _OWN_REVIEW.search(body)
    return (*moods, REVIEW) if wants_review else moods

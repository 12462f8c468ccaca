"""One of AllMusic's album pages, and what was loaded beside it → an Album.

Moods are taken from an album's own grid, never from links to ``/mood/…`` alone: every page has 14
of those in its navigation. What a layout must have and has not is a ParseError, never an album
without it.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

from albumart.album import Album
from albumart.errors import ParseError
from albumart.sources.allmusic_layouts import (
    LAYOUTS,
    MOODS,
    MOODS_GRID,
    THEMES_GRID,
    Layout,
    find_album,
)
from albumart.sources.base import Page
from albumart.sources.markup import attribute, read_markup, text_of, words_of
from albumart.sources.text import clean_text, clean_words

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

LONGEST_REVIEW: Final = 20_000  # characters

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_DAY: Final = re.compile(rf"(?:({'|'.join(_MONTHS)})(?: ([0-9]{{1,2}}))?,? )?([12][0-9]{{3}})")
_RATING: Final = re.compile("[0-9]|10")
_ARTIST_ID: Final = re.compile(r"/artist/(?:[^/?#]*-)?(mn[0-9]{10})(?:[/?#]|$)")
_ADDRESS: Final = re.compile(r"https?://[^\s/\[\]]+/\S{1,2000}")
_COUNT: Final = re.compile(r"\s*\([0-9]+\)\s*$")  # albums that share a mood: ``Warm (12)``
_NONE: Final = re.compile(r"\b(?:no|none|not)\b", re.IGNORECASE)
_BY: Final = re.compile(r"(?:.*\breview )?by (\S.*)(?<! review)", re.IGNORECASE)
_GALLERY: Final = re.compile(r"\bimageGallery\s*=\s*")

Words = tuple[str, ...]


def parse_album(page: Page) -> Album:
    """The page's album, with what ``page.also`` adds to it.

    Raises:
        ParseError: it is no album's page, another album's, or of a layout that is not known.
    """
    markup = read_markup(page.body, page.url)
    page_url, album_id = _identity(markup, page.url)
    parts = [(read_markup(part.body, part.url), part.url) for part in page.also]
    reader = _Reader(markup, parts, page.url)
    reader.check_title(album_id)
    return reader.album(page_url, album_id)


def _identity(markup: "BeautifulSoup", url: str) -> tuple[str, str]:
    """The album's own address and id. A missing album's address answers with the home page."""
    canonical = attribute(markup.select_one("link[rel~=canonical]"), "href").strip()
    found, asked = find_album(canonical), find_album(url)
    is_web = url.startswith(("http://", "https://"))  # a saved page has no address of its own
    if found is None or (is_web and (asked is None or asked[1] != found[1])):
        expected = f"the page of {asked[1]}" if asked else "an album's page (…-mw and 10 digits)"
        got = f"the page of {canonical[:200]!r}" if canonical else "one without a canonical address"
        raise ParseError(expected=expected, got=got, where=url)
    return found


class _Reader:
    """Reads one page, of whichever layout it is.

    Args:
        parts: what was loaded beside it, each with its address.
    """

    def __init__(
        self, markup: "BeautifulSoup", parts: "list[tuple[BeautifulSoup, str]]", where: str
    ) -> None:
        self._markup, self._parts, self._where = markup, parts, where
        self._layout = self._find_layout()
        self._info = self._one(self._layout.info)

    def album(self, page_url: str, album_id: str) -> Album:
        released, (moods, themes) = self._released(), self._moods()
        return Album(
            source="allmusic",
            source_id=album_id,
            title=self._text(self._layout.title),
            artist=self._text(self._layout.artists),
            artist_id=self._artist_id(),
            released=released,
            year=int(released[:4]) if released else None,
            rating=self._rating(),
            genres=self._words(self._info, "genre", "genres"),
            styles=self._words(self._info, "style", "styles"),
            moods=moods,
            themes=themes,
            review=self._review(),
            reviewer=self._reviewer(),
            page_url=page_url,
            cover_urls=self._covers(),
        )

    def check_title(self, album_id: str) -> None:
        told = attribute(self._one(self._layout.title), "data-albumid").strip().lower()
        if told and told != album_id:
            raise self._error(f"the page of {album_id}", f"the title of {told[:40]!r}")

    def _find_layout(self) -> Layout:
        for layout in LAYOUTS:
            if self._markup.select_one(layout.title) is not None:
                return layout
        titles = " or ".join(layout.title for layout in LAYOUTS)
        raise self._error(f"the album's title in {titles}", "none of these elements")

    def _one(self, selector: str) -> "Tag":
        found = self._markup.select_one(selector)
        if found is None:
            raise self._error(selector, "no such element")
        return found

    def _text(self, selector: str) -> str:
        text = text_of(self._one(selector))
        if text is None:
            raise self._error(f"words in {selector}", "none")
        return text

    def _artist_id(self) -> str | None:
        """The first artist's; ``Various Artists`` have none."""
        link = self._one(self._layout.artists).select_one("a[href*='/artist/']")
        match = _ARTIST_ID.search(attribute(link, "href"))
        return match[1] if match else None

    def _words(self, root: "Tag", *headings: str) -> Words:
        """The links under a heading; what has the heading has links."""
        block = _under(root, *headings)
        words = words_of(block, "a") if block is not None else ()
        if block is not None and not words:
            raise self._error(f"links under {headings[0]!r}", repr(text_of(block, longest=120)))
        return words

    def _released(self) -> str | None:
        text = text_of(_under(self._info, "release date"))
        if text is None:
            return None
        match = _DAY.fullmatch(text)
        day = _iso_day(match) if match else None
        if day is None:
            raise self._error("a release date like 1988 or November 5, 2021", repr(text[:120]))
        return day

    def _rating(self) -> int | None:
        """The text, from 1 to 10; the class is one less. 0 is no rating."""
        element = self._markup.select_one(self._layout.rating)
        text, pattern = text_of(element), self._layout.rating_class
        if text is None:
            told = re.search(pattern, attribute(element, "class")) if pattern else None
            return int(told[1]) + 1 if told and told[1] != "0" else None
        if _RATING.fullmatch(text) is None:
            raise self._error("a rating from 1 to 10", repr(text[:120]))
        return int(text) or None

    def _moods(self) -> tuple[Words, Words]:
        """Moods and themes, in order: from beside the page, or else from the page itself."""
        for markup, where in [*self._parts, (self._markup, self._where)]:
            if (found := _moods_of(markup, where)) is not None:
                return found
        if _under(self._markup, "album moods") is not None:
            themes = self._words(self._markup, "themes", "album themes")
            return self._words(self._markup, "album moods"), themes
        if self._says_none():
            return (), ()
        beside = [f"{url}: {text_of(part, longest=60)!r}" for part, url in self._parts]
        expected = f"moods: #moodsGrid in the page or its {MOODS} beside it"
        raise self._error(expected, "; ".join(beside) or "neither")

    def _says_none(self) -> bool:
        """The page has no tab for moods; and asked for them, the site answered with nothing."""
        tab = self._layout.moods_tab
        if tab is None or self._markup.select_one(tab) is not None:
            return False
        others = [part for part, _ in self._parts if part.select_one(self._layout.review) is None]
        return bool(others) and all(text_of(part) is None for part in others)

    def _review(self) -> str | None:
        for markup in self._places():
            if (block := markup.select_one(self._layout.review)) is not None:
                paragraphs = block.select("p") or [block]
                text = " ".join(paragraph.get_text() for paragraph in paragraphs)
                return clean_text(text, longest=LONGEST_REVIEW)
        return None

    def _reviewer(self) -> str | None:
        for markup in self._places():
            for line in words_of(markup, self._layout.reviewer):
                if match := _BY.fullmatch(line):
                    return match[1]
        return None

    def _places(self) -> "Iterator[BeautifulSoup]":
        yield self._markup
        yield from (part for part, _ in self._parts)

    def _covers(self) -> Words:
        """Of the first image, the largest first; nothing where there is no cover."""
        for script in self._markup.select("script"):
            text = script.get_text()
            if match := _GALLERY.search(text):
                return self._gallery(text[match.end() :])
        image = self._one(self._layout.image)
        url = attribute(image, "data-src") or attribute(image, "src")
        return () if "/no_image/" in url else (self._address(url),)

    def _gallery(self, text: str) -> Words:
        error = self._error("imageGallery: false or a list of {url, zoomURL}", repr(text[:120]))
        try:
            gallery, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError) as broken:
            raise error from broken
        match gallery:
            case False | None | []:
                return ()
            case [{"url": str(url), **more}, *_]:
                larger = more.get("zoomURL")
                listed = (larger, url) if isinstance(larger, str) and larger else (url,)
                return tuple(dict.fromkeys(map(self._address, listed)))
            case _:
                raise error

    def _address(self, url: str) -> str:
        full = f"https:{url}" if url.startswith("//") else url
        if _ADDRESS.fullmatch(full) is None or not full.isprintable():
            raise self._error("an http(s) cover address", repr(url[:120]))
        return full

    def _error(self, expected: str, got: str) -> ParseError:
        return ParseError(expected=expected, got=got, where=self._where)


def _under(root: "Tag", *headings: str) -> "Tag | None":
    """What stands beside the heading; None where nothing is so headed."""
    for heading in root.select("h3, h4"):
        if (text_of(heading) or "").lower() in headings:
            return heading.find_next_sibling()
    return None


def _iso_day(match: re.Match[str]) -> str | None:
    """As exact as it is told; None for a day that the calendar has not."""
    month, day, year = match.groups()
    if month is None:
        return year
    number = _MONTHS.index(month) + 1
    if day is None:
        return f"{year}-{number:02}"
    try:
        return date(int(year), number, int(day)).isoformat()
    except ValueError:
        return None


def _moods_of(markup: "BeautifulSoup", where: str) -> tuple[Words, Words] | None:
    """Moods and themes of their grids; None where there is no grid of moods."""
    moods, themes = markup.select_one(MOODS_GRID), markup.select_one(THEMES_GRID)
    if moods is None:
        return None
    return _links(moods, where), _links(themes, where) if themes is not None else ()


def _links(grid: "Tag", where: str) -> Words:
    words = clean_words([_COUNT.sub("", link.get_text()) for link in grid.select("a")])
    text = text_of(grid, longest=120)
    if not words and not _NONE.search(text or ""):
        expected = f"links in #{attribute(grid, 'id')}, or words that say there are none"
        raise ParseError(expected=expected, got=repr(text), where=where)
    return words

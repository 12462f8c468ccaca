"""One of Bandcamp's album pages → an Album, by the data that the page holds for machines."""

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from albumart.album import Album
from albumart.errors import ParseError
from albumart.sources.base import Page
from albumart.sources.json_tree import Json, read_json
from albumart.sources.markup import attribute, read_markup
from albumart.sources.text import clean_text, clean_words

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

_ADDRESS: Final = re.compile(r"https?://[!-~]+/album/[!-~]{1,1000}")
# A picture of an album's has an a before its number; the page's header has none.
_COVER: Final = re.compile(r"https?://f[0-9]\.bcbits\.com/img/a[0-9]{1,20}_[0-9]{1,3}\.[a-z]{3,4}")
_TIME: Final = re.compile(r"[0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")
_GENRE: Final = re.compile(r"https?://bandcamp\.com/(?:discover|tag)/([^/?#\s]{1,100})")
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")


def parse_album(page: Page) -> Album:
    """The page's album.

    Raises:
        ParseError: it is no album's page: a track's, an artist's, or one that says 404.
    """
    markup = read_markup(page.body, page.url)
    album_id, told = _album_id(markup, page.url), _data(markup, page.url)
    tags, genres = _tags(told)
    released = _released(told)
    expected = "an album's http(s) address"
    return Album(
        source="bandcamp",
        source_id=album_id,
        title=_words(told["name"]),
        artist=_words(told["byArtist"]["name"]),
        artist_id=_artist_id(told),
        genres=genres,
        tags=tags,
        released=released,
        year=int(released[:4]) if released else None,
        page_url=told["@id"].matched(_ADDRESS, expected)[0],
        cover_urls=_covers(told),
    )


def _album_id(markup: "BeautifulSoup", where: str) -> str:
    """The number of the page's item, which must be an album (``a``) and no track (``t``)."""
    text = attribute(markup.select_one("meta[name=bc-page-properties]"), "content")
    if not text:
        expected = "an album's page, with bc-page-properties"
        raise ParseError(expected=expected, got="none", where=where)
    told = read_json(text.encode(errors="replace"), f"{where}, bc-page-properties")
    if (kind := told["item_type"]).value != "a":
        raise kind.error("'a' for an album")
    number = told["item_id"].whole()
    if not 0 < number < 10**20:
        raise told["item_id"].error("an album's number")
    return str(number)


def _data(markup: "BeautifulSoup", where: str) -> Json:
    script = markup.select_one("script[type='application/ld+json']")
    if script is None:
        raise ParseError(expected="an album's page, with JSON-LD", got="none", where=where)
    told = read_json(script.get_text().encode(errors="replace"), f"{where}, JSON-LD")
    kinds = told["@type"].value
    if "MusicAlbum" not in (kinds if isinstance(kinds, list) else [kinds]):
        raise told["@type"].error("MusicAlbum")
    return told


def _words(told: Json) -> str:
    text = clean_text(told.text())
    if text is None:
        raise told.error("words")
    return text


def _tags(told: Json) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tags without the place that the artist is from, the genre first; and the genre alone.

    The genre is the tag that the publisher's genre, an address, names. A label's genre that is
    none of the album's tags is not the album's.
    """
    keywords, publisher = told.find("keywords"), told["publisher"]
    words = clean_words([word.text() for word in keywords.each()]) if keywords else ()
    if publisher.find("foundingLocation"):
        words = words[:-1]  # the place is the last keyword of everybody who tells theirs
    told_genre = publisher.find("genre")
    named = _GENRE.fullmatch(told_genre.text()) if told_genre else None
    genres = tuple(word for word in words if named and _slug(word) == named[1])[:1]
    return tuple(dict.fromkeys((*genres, *words))), genres


def _slug(word: str) -> str:
    """``Hip-Hop/Rap`` as addresses have it: ``hip-hop-rap``."""
    return _NO_WORD.sub("-", word.lower()).strip("-")


def _artist_id(told: Json) -> str | None:
    """The number of the page's owner, where the album is theirs and not of an artist of theirs."""
    publisher, by = told["publisher"], told["byArtist"].find("@id")
    if by is None or by.text() != publisher["@id"].text():
        return None
    properties = publisher["additionalProperty"].each()
    ids = [one["value"].whole() for one in properties if one["name"].text() == "band_id"]
    return str(ids[0]) if ids else None


def _released(told: Json) -> str | None:
    published, expected = told.find("datePublished"), "a time like 30 Apr 2025 00:00:00 GMT"
    if published is None:
        return None
    try:
        return parsedate_to_datetime(published.matched(_TIME, expected)[0]).date().isoformat()
    except ValueError as error:
        raise published.error(expected) from error


def _covers(told: Json) -> tuple[str, ...]:
    """The picture as listed; some albums have none."""
    image, expected = told.find("image"), "an address like https://f4.bcbits.com/img/a1_10.jpg"
    return (image.matched(_COVER, expected)[0],) if image else ()

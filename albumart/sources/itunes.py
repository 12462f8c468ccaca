"""iTunes, through the feed of its 200 best-selling albums of each genre.

The feed is JSON that was made from XML: a field that may be repeated is a list, an object where
there is one, and absent where there is none.
"""

import logging
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from albumart.album import Album, Listing
from albumart.errors import BadStudy
from albumart.http.client import FetchPolicy
from albumart.http.pacing import Pace
from albumart.sources.base import Crawl, Gate, Page, Query, Source, fetch_with
from albumart.sources.itunes_genres import ALL_MUSIC, GENRES, Genre, find_genre_ids
from albumart.sources.json_tree import Json, read_json
from albumart.sources.text import clean_text

log = logging.getLogger(__name__)

CHART_URL: Final = "https://itunes.apple.com/{country}/rss/topalbums/genre={genre}/limit=200/json"
CHART_POLICY: Final = FetchPolicy(
    pace=Pace(interval=1.0, concurrency=1),
    hosts=frozenset({"itunes.apple.com"}),
    max_bytes=4 * 2**20,  # ten times the feed of 200 albums
)
COVER_POLICY: Final = FetchPolicy(
    # The servers are one service, so they share one pace.
    pace=Pace(interval=0.1, concurrency=2, group="mzstatic.com"),
    hosts=frozenset({"*.mzstatic.com"}),
)
SIZES: Final = (1000, 600)  # pixels, best first; the service answers 400 to a size it has not

_CHART = re.compile(r"/([a-z]{2})/rss/topalbums/((?:\w+=\w+/)*)json", re.ASCII)
_GENRE = re.compile(r"\bgenre=([0-9]+)/")
_ID = re.compile(r"[0-9]{1,20}")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T.*)?")
_ADDRESS = re.compile(r"https?://[^\s/\[\]]+/\S{1,1000}")
_ARTIST_ID = re.compile(r"/artist/(?:[^/?]+/)?(?:id)?([0-9]{1,20})(?:[?#]|$)")
_SIZED = re.compile(r"/[0-9]+x[0-9]+bb\.[a-z]+$")
# is1-ssl to is5-ssl serve the same files, and a feed draws one of them for each address.
_SERVER = re.compile(r"https?://is[0-9]-ssl\.mzstatic\.com/")
FIRST_SERVER: Final = "https://is1-ssl.mzstatic.com/"


def fetch(crawl: Crawl, query: Query) -> Iterator[Page]:
    """One chart for each genre of the query.

    Raises:
        BadStudy: the country or a genre cannot be meant.
    """
    country = query.country or "us"
    if re.fullmatch("[a-z]{2}", country) is None:
        raise BadStudy(f"country: expected two lower case letters, such as 'us'; got {country!r}")
    genre_ids = find_genre_ids(query.genres)
    crawl.expect(len(genre_ids))
    urls = (CHART_URL.format(country=country, genre=genre_id) for genre_id in genre_ids)
    pages = (crawl.get(url, CHART_POLICY) for url in urls)
    return (page for page in pages if page is not None)


def parse(page: Page) -> Iterator[Album]:
    """The chart's albums, by position; a feed without an entry is an empty chart.

    Of an album that is listed twice, the better place counts. The requested genre and the country
    are those of the page's address, or else of the address that the feed gives itself.
    """
    feed = read_json(page.body, page.url)["feed"]
    chart, day = _chart_of(page.url, feed), _day(feed["updated"]["label"])
    seen: set[str] = set()
    for position, entry in enumerate(_repeated(feed, "entry"), start=1):
        album = _parse_entry(entry, Listing(chart, position, day))
        if album.source_id not in seen:
            seen.add(album.source_id)
            yield album


def _repeated(parent: Json, field: str) -> list[Json]:
    """A field that may be repeated: a list, one object, or absent."""
    found = parent.find(field)
    if found is None:
        return []
    return list(found.each()) if isinstance(found.value, list) else [found]


def _words(place: Json) -> str:
    """Cleaned words, and there are some."""
    text = clean_text(place.text())
    if text is None:
        raise place.error("text")
    return text


def _day(place: Json) -> str:
    """The ISO day at which a time begins, by the clock of who wrote it."""
    try:
        return date.fromisoformat(place.matched(_DAY, "an ISO time")[1]).isoformat()
    except ValueError as error:
        raise place.error("a day of the calendar") from error


def _chart_of(url: str, feed: Json) -> str:
    """``us/20``: the country and the genre that were asked for."""
    match = _CHART.search(url) or _CHART.search(feed["id"]["label"].text())
    if match is None:
        raise feed["id"].error("an address …/{country}/rss/topalbums/…/json")
    genre = _GENRE.search(match[2])
    return f"{match[1]}/{genre[1] if genre else ALL_MUSIC}"


def _parse_entry(entry: Json, listing: Listing) -> Album:
    genres = _genres_of(entry["category"]["attributes"])
    released = _day(entry["im:releaseDate"]["label"])
    address = entry["id"]["label"].matched(_ADDRESS, "the album's http(s) address")[0]
    return Album(
        source="itunes",
        source_id=entry["id"]["attributes"]["im:id"].matched(_ID, "the album's number")[0],
        cover_urls=_covers_of(entry),
        genres=tuple(genre.name for genre in genres),
        genre_ids=tuple(genre.id for genre in genres),
        title=_words(entry["im:name"]["label"]),
        artist=_words(entry["im:artist"]["label"]),
        artist_id=_artist_id(entry["im:artist"]),
        released=released,
        year=int(released[:4]),
        page_url=re.split("[?#]", address)[0],
        listings=(listing,),
    )


def _genres_of(category: Json) -> list[Genre]:
    """The album's own genre, then its umbrella where that is called otherwise."""
    own = category["im:id"].matched(_ID, "the genre's number")[0]
    if own not in GENRES:
        term = _words(category["term"])
        _report_unknown(own, term)
        return [Genre(own, own, term)]
    genre, umbrella = GENRES[own], GENRES[GENRES[own].umbrella]
    return [genre] if genre.name == umbrella.name else [genre, umbrella]


@lru_cache(maxsize=1024)  # so that each is said once, however many of its albums come
def _report_unknown(genre_id: str, term: str) -> None:
    log.warning("iTunes's genre %s, %r, is not in the tree and has no umbrella", genre_id, term)


def _artist_id(artist: Json) -> str | None:
    """The number in the artist's address; ``Various Artists`` have none."""
    attributes = artist.find("attributes")
    href = attributes.find("href") if attributes else None
    match = _ARTIST_ID.search(href.text()) if href else None
    return match[1] if match else None


def _covers_of(entry: Json) -> tuple[str, ...]:
    """The largest listed image in larger sizes, then as listed; nothing where none is listed.

    All are asked of the first server, or an album would seem to change from chart to chart.
    """
    listed = [image for image in _repeated(entry, "im:image") if _is_filled(image)]
    if not listed:
        return ()
    largest = max(listed, key=_height)["label"].matched(_ADDRESS, "an http(s) cover address")[0]
    largest = _SERVER.sub(FIRST_SERVER, largest)
    if _SIZED.search(largest) is None:
        return (largest,)
    sized = (_SIZED.sub(f"/{size}x{size}bb.jpg", largest) for size in SIZES)
    return tuple(dict.fromkeys((*sized, largest)))


def _is_filled(image: Json) -> bool:
    """An empty element of the XML became an object without a label, or with an empty one."""
    label = image.find("label")
    return label is not None and label.value != ""


def _height(image: Json) -> int:
    return int(image["attributes"]["height"].matched(_ID, "a height in pixels")[0])


SOURCE: Final = Source(
    name="itunes",
    fetch=fetch,
    parse=parse,
    fetch_cover=fetch_with(COVER_POLICY),
    takes=frozenset({"country", "genres"}),
    # Charts turn over, but how many albums they hold hardly moves. A few of the 253 may be broken:
    # what one strange album breaks is its chart, for that day.
    gate=Gate(min_albums=5_000, shrink=0.4, growth=2.5, genre_floor=40, broken_pages=0.02),
    fresh_within=timedelta(days=3),
)

"""MusicBrainz, through the search of its web service, genre by genre, or through its JSON dump.

The service tells at most 500 results of one search (an answer beyond is status 400), so a larger
genre is asked for in parts by the year of the first release. Who needs all of it reads the dump.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode

from albumart.album import Album
from albumart.http.client import FetchPolicy
from albumart.http.pacing import Pace
from albumart.sources.base import Crawl, Gate, Page, Query, Source
from albumart.sources.cover_art_archive import fetch_cover
from albumart.sources.json_tree import Json, read_documents
from albumart.sources.musicbrainz_dump import fetch_dump
from albumart.sources.text import clean_text

log = logging.getLogger(__name__)

SEARCH_URL: Final = "https://musicbrainz.org/ws/2/release-group"
GROUP_URL: Final = "https://musicbrainz.org/release-group/{mbid}"
COVER_URL: Final = "https://coverartarchive.org/release-group/{mbid}"
API_POLICY: Final = FetchPolicy(
    pace=Pace(interval=1.0, concurrency=1),  # of each address, or it answers 503 to all
    hosts=frozenset({"musicbrainz.org"}),
    max_bytes=16 * 2**20,
    # Its robots.txt keeps crawlers of web pages out of /ws. Programs are invited to it, by terms of
    # its own, and we keep those: a User-Agent with a contact, one request a second, no deep search.
    robots=False,
)
PAGE: Final = 100  # release groups; the most that one answer holds
DEPTH: Final = 500  # results of one search that the service tells
YEARS: Final = range(1950, 2041)  # constant, so that addresses stay the same from scrape to scrape
UNDATED: Final = "NOT firstreleasedate:[* TO *]"
# An answer is stamped with its time, so it never equals the last one: what would be asked for again
# on the same day is not asked for at all.
FRESH_FOR: Final = timedelta(days=1)

# The study's genres, each with the words that people tag it with. Search goes by whole words:
# "metal" finds "death metal", "hip hop" finds "hip-hop/rap".
GENRES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "classical": ("classical",),
        "country": ("country",),
        "electronic": ("electronic", "electronica"),
        "experimental": ("experimental",),
        "folk": ("folk",),
        "jazz": ("jazz",),
        "metal": ("metal",),
        "pop": ("pop",),
        "rap": ("rap", "hip hop", "hiphop"),
        "rock": ("rock",),
    }
)

_MBID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATE = re.compile(
    r"(\d{4}|\?{4})(?:-(0[1-9]|1[0-2]|\?\?)(?:-(0[1-9]|[12]\d|3[01]|\?\?))?)?", re.ASCII
)


def fetch(crawl: Crawl, query: Query) -> Iterator[Page]:
    """The release groups of each genre; ``query.url`` is the path or address of a JSON dump.

    Raises:
        NotFound, ParseError: the dump is not there, or not whole; what came of it was yielded.
    """
    genres = query.genres or tuple(GENRES)
    if query.url:
        words = (word for genre in genres for word in GENRES.get(genre, (genre,)))
        yield from fetch_dump(crawl, query.url, words)
        return
    crawl.expect(len(genres))
    for genre in genres:
        yield from _search(crawl, _Search(_tag_terms(GENRES.get(genre, (genre,)))))


def parse(page: Page) -> Iterator[Album]:
    """The release groups of a search, a browse, a lookup, or some lines of the JSON dump."""
    for document in read_documents(page.body, page.url):
        yield from map(_parse_group, _groups_of(document))


def _groups_of(document: Json) -> Iterable[Json]:
    listed = document.find("release-groups")
    if listed is not None:
        return listed.each()
    # Releases and artists have ids and titles too; this field, null where unknown, they have not.
    if isinstance(document.value, dict) and "primary-type" in document.value:
        return [document]
    raise document.error("a release group or a list of them")


@dataclass(frozen=True, slots=True)
class _Search:
    """One search: words, and the years of first release where it is part of a larger one."""

    tags: str
    when: str = ""
    years: range = YEARS

    def page_url(self, offset: int) -> str:
        """Address of the page that begins at ``offset``."""
        terms = f"({self.tags}) AND {self.when}" if self.when else self.tags
        asked = {"query": terms, "limit": PAGE, "offset": offset, "fmt": "json"}
        return f"{SEARCH_URL}?{urlencode(asked, quote_via=quote)}"

    def parts(self) -> "list[_Search]":
        """Smaller searches that together find the same; none for a single year."""
        if len(self.years) < 2:
            return []
        middle = len(self.years) // 2
        halves = [self._within(self.years[:middle]), self._within(self.years[middle:])]
        return halves if self.when else [_Search(self.tags, UNDATED, range(0)), *halves]

    def _within(self, years: range) -> "_Search":
        first = "*" if years[0] == YEARS[0] else years[0]
        last = "*" if years[-1] == YEARS[-1] else years[-1]
        return _Search(self.tags, f"firstreleasedate:[{first} TO {last}]", years)


def _search(crawl: Crawl, search: _Search) -> Iterator[Page]:
    """The pages of a search; where it is deeper than the service tells, those of its parts too."""
    page = crawl.get(search.page_url(0), API_POLICY, fresh_for=FRESH_FOR)
    if page is None:  # nothing says how many there are; the next scrape asks again
        return
    yield page
    count = _count(page)
    if count > DEPTH and (parts := search.parts()):
        crawl.expect(len(parts))
        for part in parts:
            yield from _search(crawl, part)
        return
    if count > DEPTH:
        _report_cut(search, count)
    offsets = range(PAGE, min(count, DEPTH), PAGE)
    crawl.expect(len(offsets))
    for offset in offsets:
        more = crawl.get(search.page_url(offset), API_POLICY, fresh_for=FRESH_FOR)
        if more is not None:
            yield more


def _report_cut(search: _Search, count: int) -> None:
    log.warning(
        "%s %s: %d release groups, of which a search tells %d; the JSON dump holds all",
        search.tags,
        search.when,
        count,
        DEPTH,
    )


def _count(page: Page) -> int:
    """How many release groups the search finds; 0 of an answer that parse will complain about."""
    try:
        count = json.loads(page.body)["count"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return 0
    return count if isinstance(count, int) else 0


def _tag_terms(words: tuple[str, ...]) -> str:
    """Words in Lucene's language: each a phrase, any of them enough."""
    phrases = (re.sub(r'([\\"])', r"\\\1", clean_text(word) or "") for word in words)
    return " OR ".join(f'tag:"{phrase}"' for phrase in phrases)


def _parse_group(group: Json) -> Album:
    mbid = _mbid(group["id"])  # of a merged release group, that of the one it was merged into
    genres, genre_votes = _voted(group, "genres")
    tags, tag_votes = _voted(group, "tags")
    artist, artist_id = _parse_credit(group.find("artist-credit"))
    released = _parse_date(group.find("first-release-date"))
    return Album(
        source="musicbrainz",
        source_id=mbid,
        cover_urls=(COVER_URL.format(mbid=mbid),),
        genres=genres,
        genre_votes=genre_votes,
        tags=tags,
        tag_votes=tag_votes,
        title=clean_text(group["title"].text()),
        artist=artist,
        artist_id=artist_id,
        released=released,
        year=int(released[:4]) if released else None,
        page_url=GROUP_URL.format(mbid=mbid),
    )


def _mbid(value: Json) -> str:
    return value.matched(_MBID, "an MBID").group()


def _voted(group: Json, field: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Words and their votes, most votes first; what was voted down is left out."""
    votes: dict[str, int] = {}
    listed = group.find(field)
    for entry in listed.each() if listed else ():
        word, count = clean_text(entry["name"].text(), longest=200), entry["count"].whole()
        if word and count > max(votes.get(word, 0), 0):
            votes[word] = count
    ranked = sorted(votes.items(), key=lambda voted: (-voted[1], voted[0]))
    return tuple(word for word, _ in ranked), tuple(count for _, count in ranked)


def _parse_credit(credit: Json | None) -> tuple[str | None, str | None]:
    """Artists as credited, and the id of the first; absent where it was not asked for."""
    if credit is None:
        return None, None
    names = list(credit.each())
    if not names:
        raise credit.error("at least one name")
    said = "".join(_credited(name) + _joined(name) for name in names)
    return clean_text(said), _mbid(names[0]["artist"]["id"])


def _credited(name: Json) -> str:
    """Older answers leave the name out where it is the artist's own."""
    own = name.find("name")
    return own.text() if own else name["artist"]["name"].text()


def _joined(name: Json) -> str:
    phrase = name.find("joinphrase")
    return phrase.text() if phrase else ""


def _parse_date(date: Json | None) -> str | None:
    """As exact as it is known; parts may be missing or question marks."""
    if date is None or not date.text():
        return None
    known: list[str] = []
    for part in date.matched(_DATE, "a date, as exact as it is known").groups():
        if part is None or "?" in part:
            break
        known.append(part)
    return "-".join(known) or None


SOURCE: Final = Source(
    name="musicbrainz",
    fetch=fetch,
    parse=parse,
    fetch_cover=fetch_cover,
    takes=frozenset({"url", "genres"}),
    # Ten genres of 500 would be 5,000; in parts by year it is several times the 20,000. One strange
    # release group breaks the page of a hundred that it is on, for that scrape.
    gate=Gate(min_albums=20_000, shrink=0.1, broken_pages=0.01),
    # People edit it every minute: three weekly scrapes without a change mean that we see no more.
    fresh_within=timedelta(weeks=3),
)

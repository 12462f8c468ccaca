"""AllMusic: what its editors say of an album, moods and review included.

The site is asked only by operators who state that they may. Its album pages come without moods,
which are loaded beside them, with the album's address as the Referer.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from albumart.album import Album
from albumart.errors import BadStudy, NotFound, ParseError
from albumart.http.client import FetchPolicy
from albumart.http.pacing import Pace
from albumart.sources.allmusic_layouts import MOODS, find_album, parts_beside
from albumart.sources.allmusic_listing import HOSTS, AlbumLinks, is_ours, parse_listing
from albumart.sources.allmusic_page import parse_album
from albumart.sources.base import Crawl, Gate, Page, Query, Source, fetch_with

SITE: Final = "https://www.allmusic.com/"
LISTING_URL: Final = f"{SITE}newreleases/all"
LISTING_PAGES: Final = 50  # of one listing; a bound, should its links to the next never end
FRESH_FOR: Final = timedelta(days=180)  # an album's page hardly changes
PAGE_POLICY: Final = FetchPolicy(
    pace=Pace(interval=2.0, concurrency=1, group="allmusic.com"),
    hosts=HOSTS,
    max_bytes=4 * 2**20,  # forty times the largest page that was seen
)
COVER_POLICY: Final = FetchPolicy(
    pace=Pace(interval=2.0, concurrency=1),
    hosts=frozenset({"*.allmusic.com", "*.rovicorp.com"}),
)


def fetch(crawl: Crawl, query: Query) -> Iterator[Page]:
    """The album pages that are listed at ``query.url``, each with what is loaded beside it.

    ``query.url`` is a page with links to albums, an album's page, or the path of a file with one
    such address a line. An album whose moods did not come is left to the next scrape.

    Raises:
        BadStudy: the address is none of AllMusic's.
        NotFound: there is no such file.
        ParseError: a line of the file is no such address, or a listing links to no album.
    """
    seen: set[str] = set()
    for url in _addresses(query.url or LISTING_URL):
        for links in _listings(crawl, url):
            new = {album: at for album, at in links.albums.items() if album not in seen}
            seen.update(new)
            crawl.expect(len(new))
            pages = (_fetch_album(crawl, at) for at in new.values())
            yield from (page for page in pages if page is not None)


def parse(page: Page) -> Iterator[Album]:
    """The page's one album. Raises ParseError for every other page, and for one without moods."""
    yield parse_album(page)


def _addresses(url: str) -> list[str]:
    """One address, or those of a file."""
    if "://" not in url:
        return _read_addresses(Path(url))
    if not is_ours(url):
        raise BadStudy(f"url: expected an address at {SITE}, or the path of a file; got {url!r}")
    return [url]


def _read_addresses(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise NotFound(f"{path}: expected a file with one address a line; got: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip() and not is_ours(line.strip()):
            where, got = f"{path}, line {number}", repr(line[:120])
            raise ParseError(expected=f"an address at {SITE}", got=got, where=where)
    return [line.strip() for line in lines if line.strip()]


def _listings(crawl: Crawl, url: str) -> Iterator[AlbumLinks]:
    """The pages of the listing at ``url``, which may be an album's page and so list itself."""
    if (album := find_album(url)) is not None:
        yield AlbumLinks({album[1]: album[0]})
        return
    asked: list[str] = []
    following: str | None = url
    while following and following not in asked and len(asked) < LISTING_PAGES:
        asked.append(following)
        crawl.expect(1)
        page = crawl.get(following, PAGE_POLICY)
        if page is None:
            return
        links = parse_listing(page)
        yield links
        following = links.next_url


def _fetch_album(crawl: Crawl, url: str) -> Page | None:
    """The page with what is loaded beside it; None where it, or its moods, did not come."""
    page = crawl.get(url, PAGE_POLICY, fresh_for=FRESH_FOR)
    if page is None:
        return None
    names = parts_beside(page.body)
    crawl.expect(len(names))
    headers = {"Referer": url, "X-Requested-With": "XMLHttpRequest"}
    parts = [
        crawl.get(f"{url}/{name}", PAGE_POLICY, headers=headers, fresh_for=FRESH_FOR)
        for name in names
    ]
    also = tuple(part for part in parts if part is not None)
    # Not every album has a review. One that only failed to come is new when it does.
    if MOODS in names and parts[names.index(MOODS)] is None:
        return None
    return replace(page, also=also, is_new=page.is_new or any(part.is_new for part in also))


SOURCE: Final = Source(
    name="allmusic",
    fetch=fetch,
    parse=parse,
    fetch_cover=fetch_with(COVER_POLICY),
    # New releases come in weekly lists of very different lengths. Moods that could not be read
    # are broken pages: a few are odd albums, more are a new layout.
    gate=Gate(min_albums=20, shrink=0.9, growth=10.0, genre_floor=50, broken_pages=0.02),
    fresh_within=timedelta(days=14),
    needs_permission=True,
)

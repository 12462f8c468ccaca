"""Bandcamp: the list of 10,000 covers that Yanir Seroussi published in 2015, or album pages.

The list is tab-separated, without a header: the cover's address, then ``<genre>/a<album>.jpg``.
That second column is a label and an id and is never used as a path. The list names no artist and
no title; pages of albums whose addresses are known do.
"""

import codecs
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from albumart.album import Album
from albumart.errors import NotFound, ParseError
from albumart.http.client import FetchPolicy
from albumart.http.pacing import Pace
from albumart.sources.bandcamp_page import parse_album
from albumart.sources.base import Crawl, Gate, Page, Query, Source, fetch_with

LIST_URL: Final = (
    "https://raw.githubusercontent.com/yanirs/bandcamp-deep-learning/master/dataset-links.tsv"
)
LIST_POLICY: Final = FetchPolicy(pace=Pace(interval=1.0, concurrency=1))
PAGE_POLICY: Final = FetchPolicy(
    # Each artist has a host; all of them are one service, so they share one pace.
    pace=Pace(interval=2.0, concurrency=1, group="bandcamp.com"),
    hosts=frozenset({"*.bandcamp.com"}),
    max_bytes=8 * 2**20,  # thirty times the largest page that was seen
)
FRESH_FOR: Final = timedelta(days=180)  # an album's page hardly changes
COVER_POLICY: Final = FetchPolicy(
    pace=Pace(interval=0.0, concurrency=2),
    hosts=frozenset({"f1.bcbits.com", "*.bcbits.com"}),
)

_LABEL = re.compile(r"([a-z0-9_]{1,64})/a([0-9]{1,20})\.jpg")
_ADDRESS = re.compile(r"https?://[^\s/\[\]]+/\S{1,1000}")
_ALBUM = re.compile(r"https?://[a-z0-9-]{1,63}\.bandcamp\.com/album/[^\s/?#]{1,500}")


def fetch(crawl: Crawl, query: Query) -> Iterator[Page]:
    """The list, as one Page, or one Page for each album's page that ``query.url`` names.

    ``query.url`` is the list's address, an album's page, or a text with one such address a line;
    the list and the text may also be paths of files.

    Raises:
        NotFound: there is no such file.
        ParseError: a line of the text is no address of an album's page.
    """
    url = query.url or LIST_URL
    if _ALBUM.fullmatch(url):
        yield from _pages(crawl, [url])
        return
    page = crawl.get(url, LIST_POLICY) if "://" in url else crawl.keep(url, _read(Path(url)))
    if page is None:
        return
    if _is_list(page.body):
        yield page
    else:
        yield from _pages(crawl, _addresses(page))


def parse(page: Page) -> Iterator[Album]:
    """One Album per row of the list, or the one of an album's page.

    Raises:
        ParseError: a line, which is named, or the page has another shape.
    """
    if page.body.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
        yield parse_album(page)
        return
    for number, row in _rows(page):
        yield _parse_row(row, f"{page.url}, line {number}")


def _is_list(body: bytes) -> bool:
    """The list's first line has columns; a text of addresses has none. Else ``parse`` complains."""
    first = body.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")[0]
    return b"\t" in first or not first.startswith((b"http://", b"https://"))


def _addresses(page: Page) -> list[str]:
    rows = [(number, row.strip()) for number, row in _rows(page)]
    for number, row in rows:
        if _ALBUM.fullmatch(row) is None:
            expected = "an album's page (https://<artist>.bandcamp.com/album/<name>)"
            where = f"{page.url}, line {number}"
            raise ParseError(expected=expected, got=repr(row[:120]), where=where)
    return list(dict.fromkeys(row for _, row in rows))


def _pages(crawl: Crawl, urls: list[str]) -> Iterator[Page]:
    crawl.expect(len(urls))
    pages = (crawl.get(url, PAGE_POLICY, fresh_for=FRESH_FOR) for url in urls)
    return (page for page in pages if page is not None)


def _rows(page: Page) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    for number, line in enumerate(_text(page).split("\n"), start=1):
        row = line.rstrip("\r")
        if row.strip():
            yield number, row


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path}: expected the list of covers; got: {error.strerror}") from error


def _text(page: Page) -> str:
    try:
        return page.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(expected="UTF-8 text", got=str(error), where=page.url) from error


def _parse_row(row: str, where: str) -> Album:
    columns = row.split("\t")
    if len(columns) != 2:
        raise ParseError(
            expected="2 tab-separated columns (cover address, genre/a<id>.jpg)",
            got=f"{len(columns)}: {row[:120]!r}",
            where=where,
        )
    url, label = (column.strip() for column in columns)
    match = _LABEL.fullmatch(label)
    if match is None:
        raise ParseError(expected="<genre>/a<digits>.jpg", got=repr(label[:120]), where=where)
    if _ADDRESS.fullmatch(url) is None:
        raise ParseError(expected="an http(s) cover address", got=repr(url[:120]), where=where)
    genre, album_id = match.groups()
    return Album(source="bandcamp", source_id=album_id, cover_urls=(url,), genres=(genre,))


SOURCE: Final = Source(
    name="bandcamp",
    fetch=fetch,
    parse=parse,
    fetch_cover=fetch_with(COVER_POLICY),
    gate=Gate(min_albums=9_000, shrink=0.05),
    lists_all=True,
)

"""Bandcamp, through the list of 10,000 covers that Yanir Seroussi published in 2015.

The list is tab-separated, without a header: the cover's address, then ``<genre>/a<album>.jpg``.
That second column is a label and an id and is never used as a path. The list names no artist and
no title.
"""

import re
from collections.abc import Iterator
from typing import Final

from albumart.album import Album
from albumart.errors import FetchError, NotFound, ParseError
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.http.pacing import Pace
from albumart.sources.base import Page, Query, Source

LIST_URL: Final = (
    "https://raw.githubusercontent.com/yanirs/bandcamp-deep-learning/master/dataset-links.tsv"
)
LIST_POLICY: Final = FetchPolicy(pace=Pace(interval=1.0, concurrency=1))
COVER_POLICY: Final = FetchPolicy(
    pace=Pace(interval=0.0, concurrency=2),
    hosts=frozenset({"f1.bcbits.com", "*.bcbits.com"}),
)

_LABEL = re.compile(r"([a-z0-9_]{1,64})/a([0-9]{1,20})\.jpg")
_ADDRESS = re.compile(r"https?://[^\s/\[\]]+/\S{1,1000}")


def fetch(client: PoliteClient, query: Query) -> Iterator[Page]:
    """The list, as one Page."""
    url = query.url or LIST_URL
    response = client.get(url, LIST_POLICY)
    if response.status in (404, 410):
        raise NotFound(f"{url}: expected the list of covers; got status {response.status}")
    if response.status != 200:
        raise FetchError(f"{url}: expected the list of covers; got status {response.status}")
    yield Page("bandcamp", url, response.body)


def parse(page: Page) -> Iterator[Album]:
    """One Album per row. Raises ParseError naming the line that has another shape."""
    for number, line in enumerate(_text(page).split("\n"), start=1):
        row = line.rstrip("\r")
        if row.strip():
            yield _parse_row(row, f"{page.url}, line {number}")


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


SOURCE: Final = Source(name="bandcamp", fetch=fetch, parse=parse, covers=COVER_POLICY)

"""What every source is made of."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from albumart.album import Album
from albumart.http.client import FetchPolicy, PoliteClient, Response
from albumart.query import Query

__all__ = [
    "Crawl",
    "FetchCover",
    "Gate",
    "Page",
    "Query",
    "Source",
    "fetch_with",
]


@dataclass(frozen=True, slots=True)
class Page:
    """One document as it came, and those that belong to it.

    Attributes:
        content: the body, or how to read it: a page that did not change is read on demand.
        also: further documents without which this one cannot be parsed (AllMusic's moods).
        is_new: whether it differs from what the last scrape of its address told.
    """

    source: str
    url: str
    content: bytes | Callable[[], bytes]
    also: tuple["Page", ...] = ()
    is_new: bool = True

    @property
    def body(self) -> bytes:
        """The document's bytes."""
        return self.content if isinstance(self.content, bytes) else self.content()

    @property
    def sha256(self) -> str:
        """Digest of the body."""
        return hashlib.sha256(self.body).hexdigest()


class Crawl(Protocol):
    """How a source asks for its pages: politely, conditionally, each kept and accounted for."""

    def get(
        self,
        url: str,
        policy: FetchPolicy,
        *,
        headers: Mapping[str, str] | None = None,
        fresh_for: timedelta | None = None,
    ) -> Page | None:
        """The page at ``url``; None where it did not come, which is recorded with its code.

        A page that was fetched before is asked for conditionally, or not at all while it is
        younger than ``fresh_for``. In a scrape that goes on after a crash, what came is not asked
        for again.

        Raises:
            Refused: the host told us to stay away; the scrape of this source ends here.
        """
        ...

    def keep(self, url: str, body: bytes) -> Page:
        """A page made of something at hand: a file's part, a folder's list."""
        ...

    def download(self, url: str, policy: FetchPolicy) -> Path:
        """A large file as a path on this machine; a broken download is continued.

        Raises:
            FetchError, Refused, NotFound: it did not come.
        """
        ...

    def expect(self, pages: int) -> None:
        """Say that so many pages more are to come, for whoever watches."""
        ...


@dataclass(frozen=True, slots=True)
class Gate:
    """By how much a source may change from one scrape to the next before a person must look.

    Attributes:
        min_albums: a whole scrape of the live source has at least as many.
        shrink: share of the albums, of the source or of one genre, that may be missing.
        growth: how many times as many as before there may be.
        genre_floor: a genre with fewer albums than this, before and after, is not judged.
        broken_pages: share of the pages that may not parse; they are quarantined.
        broken_rows: share of the albums that may fail a critical expectation; quarantined too.
    """

    min_albums: int = 1
    shrink: float = 0.25
    growth: float = 2.0
    genre_floor: int = 20
    broken_pages: float = 0.0
    broken_rows: float = 0.01


FetchCover = Callable[[PoliteClient, str], Response]


def fetch_with(policy: FetchPolicy) -> FetchCover:
    """Covers that lie at their address: one polite request each."""
    return lambda client, url: client.get(url, policy)


@dataclass(frozen=True, slots=True)
class Source:
    """One row of SOURCES.

    Attributes:
        name: lower case letters; the first part of its albums' keys.
        fetch: touches the network, through a Crawl, and yields Pages.
        parse: pure; yields the Albums of one Page, or raises ParseError.
        fetch_cover: one candidate of ``Album.cover_urls`` → the answer that holds the image, or
            says why there is none (404). Raises what PoliteClient.get raises.
        takes: names of the Query's fields that mean something here.
        gate: how much may change between two scrapes.
        fresh_within: the source is expected to tell something new at least this often.
        lists_all: a page tells all there is: albums that are on it no longer have left the source.
        needs_permission: off until the operator states that they have it.
    """

    name: str
    fetch: Callable[[Crawl, Query], Iterator[Page]]
    parse: Callable[[Page], Iterator[Album]]
    fetch_cover: FetchCover
    takes: frozenset[str] = frozenset({"url"})
    gate: Gate = Gate()
    fresh_within: timedelta | None = None
    lists_all: bool = False
    needs_permission: bool = False

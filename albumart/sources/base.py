"""What every source is made of."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from albumart.album import Album
from albumart.http.client import FetchPolicy, PoliteClient


@dataclass(frozen=True, slots=True)
class Query:
    """What to ask of a source. ``url`` replaces the source's own address."""

    url: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One fetched document, as it came."""

    source: str
    url: str
    body: bytes

    @property
    def object_key(self) -> str:
        """Where the raw page is kept, so that a mended parser can read it again."""
        return f"pages/{self.source}/{hashlib.sha256(self.body).hexdigest()}.gz"


@dataclass(frozen=True, slots=True)
class Source:
    """One row of SOURCES.

    Attributes:
        fetch: touches the network and yields Pages.
        parse: pure; yields the Albums of one Page, or raises ParseError.
        covers: how politely this source's covers are asked for.
    """

    name: str
    fetch: Callable[[PoliteClient, Query], Iterator[Page]]
    parse: Callable[[Page], Iterator[Album]]
    covers: FetchPolicy

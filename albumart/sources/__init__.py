"""The sources. A new one is a module with two functions and one line in SOURCES."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from albumart.sources import bandcamp
from albumart.sources.base import Page, Query, Source

__all__ = ["SOURCES", "Page", "Query", "Source"]

SOURCES: Final[Mapping[str, Source]] = MappingProxyType({"bandcamp": bandcamp.SOURCE})

"""The sources. A new one is a module with two functions and one line in SOURCES."""

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from albumart.errors import BadStudy, NotFound
from albumart.sources import allmusic, bandcamp, folder, itunes, musicbrainz
from albumart.sources.base import Crawl, Page, Query, Source

__all__ = ["SOURCES", "Crawl", "Page", "Query", "Source", "find_source"]

SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "allmusic": allmusic.SOURCE,
        "bandcamp": bandcamp.SOURCE,
        "folder": folder.SOURCE,
        "itunes": itunes.SOURCE,
        "musicbrainz": musicbrainz.SOURCE,
    }
)


def find_source(name: str, query: Query | None = None) -> Source:
    """The source called ``name``, if it can be asked ``query``.

    Raises:
        NotFound: there is no such source.
        BadStudy: it does not take a field that the query fills in.
    """
    if name not in SOURCES:
        near = difflib.get_close_matches(name, SOURCES, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise NotFound(f"no source {name!r}{hint}; there are: {', '.join(SOURCES)}")
    source = SOURCES[name]
    if strange := (query or Query()).given().keys() - source.takes:
        raise BadStudy(
            f"source {name!r} takes {', '.join(sorted(source.takes)) or 'no options'}; "
            f"got {', '.join(sorted(strange))}"
        )
    return source

"""Pages that somebody saved → albums, as if they had just come."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from albumart.errors import NotFound
from albumart.sources import Crawl, Page, Query, Source, find_source

SAVED: Final = "file:"  # so begins the address of a folder of saved pages


def source_of(name: str, query: Query) -> Source:
    """The source that answers ``query``: the one called ``name``, or what was saved of it.

    Raises:
        NotFound, BadStudy: there is none, or it cannot be asked that.
    """
    if (query.url or "").startswith(SAVED):
        return saved_source(find_source(name))
    return find_source(name, query)


def saved_source(source: Source) -> Source:
    """The source, reading the pages in the folder ``query.url`` instead of its hosts."""

    def fetch(crawl: Crawl, query: Query) -> Iterator[Page]:
        files = list(saved_pages(source.name, _path(query.url or ".")))
        crawl.expect(len(files))
        for page in files:
            also = tuple(crawl.keep(part.url, part.body) for part in page.also)
            kept = crawl.keep(page.url, page.body)
            is_new = kept.is_new or any(part.is_new for part in also)
            yield replace(kept, also=also, is_new=is_new)

    return replace(source, fetch=fetch, needs_permission=False, takes=source.takes | {"url"})


def saved_pages(source: str, path: Path) -> Iterator[Page]:
    """Each file of a folder, or the one file, as a Page, in order of their names.

    ``album.moods.html`` beside ``album.html`` is no page of its own: it belongs to that one.

    Raises:
        NotFound: there is no such file or folder, or nothing in it.
    """
    files = sorted(filter(Path.is_file, path.rglob("*") if path.is_dir() else [path]))
    if not files:
        raise NotFound(f"{path}: expected saved pages; there are none")
    stems = {file.with_suffix("") for file in files}
    parts = defaultdict[Path, list[Page]](list)
    mains = []
    for file in files:
        stem = file.with_suffix("")
        owner = stem.with_suffix("")
        if owner != stem and owner in stems:
            parts[owner].append(_page(source, file))
        else:
            mains.append(file)
    for file in mains:
        yield replace(_page(source, file), also=tuple(parts[file.with_suffix("")]))


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path)) if url.startswith(SAVED) else Path(url)


def _page(source: str, file: Path) -> Page:
    return Page(source, file.resolve().as_uri(), file.read_bytes)

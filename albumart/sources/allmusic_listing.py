"""AllMusic's pages that link to albums: new releases, styles, charts, discographies."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urljoin, urlsplit

from albumart.errors import ParseError
from albumart.sources.allmusic_layouts import find_album
from albumart.sources.base import Page
from albumart.sources.markup import attribute, read_markup

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

HOSTS: Final = frozenset({"allmusic.com", "www.allmusic.com"})


@dataclass(frozen=True, slots=True)
class AlbumLinks:
    """What one page links to: ``{album id: address}`` in its order, and the page after it."""

    albums: dict[str, str]
    next_url: str | None = None


def parse_listing(page: Page) -> AlbumLinks:
    """The albums that a page links to, each once.

    Raises:
        ParseError: it links to none.
    """
    markup = read_markup(page.body, page.url)
    targets = [_target(page.url, link) for link in _links(markup, "a[href*='/album/']")]
    albums = {found[1]: found[0] for found in map(find_album, targets) if found}
    if not albums:
        expected = "links to albums (/album/…-mw and 10 digits)"
        raise ParseError(expected=expected, got="none", where=page.url)
    return AlbumLinks(albums, _next_page(markup, page.url))


def is_ours(url: str) -> bool:
    """Whether an address is one of AllMusic's."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname in HOSTS


def _next_page(markup: "BeautifulSoup", url: str) -> str | None:
    """What calls itself next, or else this page's address with the next ``?page=N``."""
    targets = [_target(url, href) for href in _links(markup, "a[rel~=next], link[rel~=next]")]
    numbered = [_target(url, href) for href in _links(markup, "a[href*='page=']")]
    here = _place(url)
    after = [target for target in numbered if _place(target) == (here[0], here[1] + 1)]
    return next((target for target in [*targets, *after] if is_ours(target)), None)


def _links(markup: "BeautifulSoup", selector: str) -> list[str]:
    return [attribute(link, "href").strip() for link in markup.select(selector)]


def _target(url: str, href: str) -> str:
    """Where a link leads; nowhere, if it is no URL."""
    try:
        return urljoin(url, href).partition("#")[0]
    except ValueError:
        return ""


def _place(url: str) -> tuple[str, int]:
    """``(path, page number)`` of a listing's address; the first page has no number."""
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("page", ["1"])[-1]
    return parts.path, int(number) if number.isascii() and number.isdigit() else 1

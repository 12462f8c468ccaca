"""Pages that link to AllMusic's albums."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from albumart.errors import ParseError
from albumart.sources import Page
from albumart.sources.allmusic_listing import is_ours, parse_listing

HOME = (Path(__file__).parents[1] / "fixtures" / "allmusic" / "home.html").read_bytes()
URL = "https://www.allmusic.com/newreleases/all"
LINK = b'<a href="/album/x-mw0000000001">X</a>'


def listing(body: bytes, url: str = URL) -> Page:
    return Page("allmusic", url, body)


def test_albums_are_listed_once_and_nothing_else_is() -> None:
    links = parse_listing(listing(HOME))
    assert links.albums == {
        "mw0001234567": "https://www.allmusic.com/album/glass-harbour-mw0001234567",
        "mw0007654321": "https://www.allmusic.com/album/salt-window-mw0007654321",
    }
    assert links.next_url is None


@pytest.mark.parametrize(
    ("url", "link", "next_url"),
    [
        (URL, '<a rel="next" href="/newreleases/all/2">', "https://www.allmusic.com/newreleases/all/2"),
        (URL, '<link rel="next" href="?page=2">', f"{URL}?page=2"),
        (URL, '<a href="?page=2#top">', f"{URL}?page=2"),
        (f"{URL}?page=9", '<a href="?page=8"><a href="?page=10">', f"{URL}?page=10"),
        (f"{URL}?page=x", '<a href="?page=2">', f"{URL}?page=2"),
        (URL, '<a href="?page=3">', None),
        (URL, '<a href="/genres?page=2">', None),
        (URL, '<a rel="next" href="https://elsewhere.test/">', None),
        (URL, '<a rel="next" href="ftp://www.allmusic.com/">', None),
        (URL, '<a rel="next" href="http://[broken">', None),
        (URL, '<a href="http://[broken?page=2">', None),
    ],
)  # fmt: skip
def test_the_next_page(url: str, link: str, next_url: str | None) -> None:
    assert parse_listing(listing(LINK + link.encode(), url)).next_url == next_url


def test_a_listing_without_albums_stops() -> None:
    with pytest.raises(ParseError, match=f"{URL}: expected links to albums .*; got none"):
        parse_listing(listing(b'<a href="/album/release/x--mr0000000001">X</a>'))


@given(st.binary(max_size=300))
@example(
    b"<a href='//[x?page=2'><a href='http://\xe2\x84\x80/?page=2'><a rel=next href='\x00://['>"
)
def test_any_bytes_list_albums_or_are_a_parse_error(body: bytes) -> None:
    assert parse_listing(listing(LINK + body)).albums


@pytest.mark.parametrize("url", ["http://[", "https://allmusic.com.test/", "/album/x", "x"])
def test_addresses_of_others(url: str) -> None:
    assert not is_ours(url)


def test_recorded_pages() -> None:
    folder = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"), "allmusic")
    if not folder.is_dir():
        pytest.skip(f"the recorded pages are not here: {folder}")
    (home,) = folder.glob("homepage_*.html")
    links = parse_listing(listing(home.read_bytes()))
    assert len(links.albums) == 21
    assert links.next_url is None
    (style,) = folder.glob("style_*.html")
    with pytest.raises(ParseError, match="links to albums"):
        parse_listing(listing(style.read_bytes()))

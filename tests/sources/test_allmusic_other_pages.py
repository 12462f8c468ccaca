"""What is no album's page, or is damaged, and the recorded pages."""

import os
from pathlib import Path

import pytest
from allmusic_saved import HOME, MOODS, OF_2013, OF_2021, OF_2022, REVIEW, SAVED, change, read
from hypothesis import example, given, settings
from hypothesis import strategies as st

from albumart.errors import ParseError
from albumart.sources.allmusic_layouts import find_album, parts_beside

REAL = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"), "allmusic")
ALBUM_URL = "https://www.allmusic.com/album/glass-harbour-mw0001234567"


@pytest.mark.parametrize(
    ("url", "body", "expected", "got"),
    [
        (ALBUM_URL, HOME, "the page of mw0001234567", "the page of 'https://www.allmusic.com'"),
        (ALBUM_URL, OF_2022, "the page of mw0001234567", "salt-window-mw0007654321"),
        ("https://www.allmusic.com/newreleases/all", OF_2021, "an album's page", "glass-harbour"),
        (SAVED, HOME, "an album's page", "https://www.allmusic.com"),
        (SAVED, MOODS, "an album's page", "without a canonical address"),
        (SAVED, b"", "an album's page", "without a canonical address"),
    ],
)
def test_another_page_under_status_200(url: str, body: bytes, expected: str, got: str) -> None:
    with pytest.raises(ParseError) as stopped:
        read(body, MOODS, url=url)
    assert stopped.value.expected.startswith(expected)
    assert got in stopped.value.got
    assert stopped.value.where == url


def test_an_address_without_a_name_is_the_same_album() -> None:
    url = "https://allmusic.com/album/mw0001234567?from=x#review"
    assert read(OF_2021, MOODS, url=url).page_url == ALBUM_URL


@pytest.mark.parametrize(
    "url",
    [
        "https://www.allmusic.com/album/release/x--mr0005542666",
        "https://www.allmusic.com/album/x-mw123",
        "https://www.allmusic.com/album/x-mw0001234567/credits",
        "https://evil.test/album/x-mw0001234567",
        "https://www.allmusic.com.evil.test/album/x-mw0001234567",
        "file:///album/x-mw0001234567",
        "https://www.allmusic.com/album/\u202e-mw0001234567",
        "",
    ],
)
def test_addresses_that_are_no_albums(url: str) -> None:
    assert find_album(url) is None


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (OF_2013, ()),
        (OF_2021, ("moodsThemesAjax",)),
        (OF_2022, ("moodsThemesAjax", "reviewAjax")),
        (OF_2022.replace(b"</body>", REVIEW + b"</body>"), ("moodsThemesAjax",)),
        (OF_2022.replace(b"</body>", MOODS + REVIEW + b"</body>"), ()),
        (OF_2021 + b'<div id="moodsThemes"><div id="moodsGrid"></div></div>', ("moodsThemesAjax",)),
        (HOME, ()),
        (b"", ()),
    ],
)  # fmt: skip
def test_what_a_page_lacks(body: bytes, parts: tuple[str, ...]) -> None:
    assert parts_beside(body) == parts


def holds(body: bytes, *parts: bytes) -> None:
    """Either an album that is whole, or a ParseError; never anything else."""
    try:
        album = read(body, *parts)
    except ParseError:
        return
    assert album.title
    assert album.artist
    assert album.rating is None or 1 <= album.rating <= 10
    assert "Aggressive" not in album.moods


@pytest.mark.filterwarnings("ignore")  # that this hardly looks like HTML
@given(st.binary(max_size=400))
@example(b"<html><![CDATA[")
@example("<h1 id=albumTitle>é".encode("utf-16"))
@settings(max_examples=60)
def test_any_bytes_are_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        read(body)
    holds(OF_2021, body)


@given(
    st.sampled_from([OF_2013, OF_2021, OF_2022]),
    st.floats(0, 1),
    st.floats(0, 0.2),
    st.sampled_from([b"", b"<", b"\x00", b"</div>", b"\xff", b'"', b"<script>", b"<h4>", b"&#0;"]),
)
@settings(max_examples=150, deadline=None)
def test_a_damaged_page_is_an_album_or_a_parse_error(
    body: bytes, start: float, share: float, put: bytes
) -> None:
    first = int(start * len(body))
    holds(body[:first] + put + body[first + int(share * len(body)) :], MOODS, REVIEW)


@given(st.text(max_size=300))
@settings(max_examples=50)
def test_any_title_is_words_or_a_parse_error(title: str) -> None:
    body = change(OF_2021, "Glass Harbour        </h1>", "TITLE</h1>")
    holds(body.replace(b"TITLE", title.encode(errors="replace")), MOODS)


@pytest.mark.parametrize("tag", ["div", "b", "a"])
def test_deep_pages_do_no_harm(tag: str) -> None:
    deep = f"<{tag}>".encode() * 5_000
    holds(OF_2021.replace(b"<header>", deep), MOODS)
    holds(OF_2021, b'<div id="moodsThemes"><div id="moodsGrid">' + deep)


def real(name: str) -> bytes:
    path = REAL / name
    if not path.is_file():
        pytest.skip(f"the recorded page is not here: {path}")
    return path.read_bytes()


REAL_ALBUM = "album_bambi-slam-mw0000203198_2021.html"
REAL_URL = "https://www.allmusic.com/album/bambi-slam-mw0000203198"


def test_the_recorded_album_has_the_moods_beside_it_and_no_others() -> None:
    album = read(real(REAL_ALBUM), MOODS, url=REAL_URL)
    assert album.moods == ("Wry", "Amiable/Good-Natured", "Café")
    assert (album.title, album.artist) == ("Bambi Slam", "The Bambi Slam")
    assert (album.released, album.rating, album.cover_urls) == ("1988", 4, ())
    assert album.styles == ("Alternative Pop/Rock", "Alternative/Indie Rock")
    assert album.reviewer == "William Ruhlmann"
    assert album.page_url == REAL_URL


def test_the_recorded_album_alone_is_no_album_without_moods() -> None:
    assert parts_beside(real(REAL_ALBUM)) == ("moodsThemesAjax",)
    with pytest.raises(ParseError, match="expected moods: #moodsGrid .* got neither"):
        read(real(REAL_ALBUM), url=REAL_URL)


@pytest.mark.parametrize("url", [REAL_URL, SAVED])
@pytest.mark.parametrize(
    "name",
    [
        "homepage_redirect_from_nonexistent_release_mr12314_2021.html",
        "style_Jazz-House_songs_2025.html",
    ],
)
def test_other_recorded_pages_are_no_albums(name: str, url: str) -> None:
    with pytest.raises(ParseError, match="the page of mw0000203198|an album's page"):
        read(real(name), MOODS, url=url)

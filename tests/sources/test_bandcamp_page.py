"""Bandcamp's album pages, and how their addresses are given."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.album import Album
from albumart.errors import NotFound, ParseError
from albumart.http.client import PoliteClient
from albumart.sandbox.bandcamp import page_url
from albumart.sandbox.server import Sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import SOURCES, Page, Query
from albumart.sources.bandcamp import PAGE_POLICY, fetch, parse

FIXTURES = Path(__file__).parents[1] / "fixtures" / "bandcamp"
ALBUM, ON_LABEL, MISSING = (
    (FIXTURES / f"{name}.html").read_bytes() for name in ("album", "album_on_label", "missing")
)
URL = "https://lantern.bandcamp.com/album/paper-tigers-ii"
DATA = re.compile(rb'(<script type="application/ld\+json">)(.*?)(</script>)', re.DOTALL)
PAGES_URL = "https://sandbox.bandcamp.com/albums.txt"


def read(body: bytes) -> Album:
    (album,) = parse(Page("bandcamp", URL, body))
    return album


def told(**changes: Any) -> bytes:
    """The album's page with other values in its data; None leaves a field out."""
    match = DATA.search(ALBUM)
    data = {**json.loads(match[2]), **changes}
    data = {name: value for name, value in data.items() if value is not None}
    return ALBUM.replace(match[2], json.dumps(data).encode())


def of_publisher(**changes: Any) -> bytes:
    publisher = {**json.loads(DATA.search(ALBUM)[2])["publisher"], **changes}
    return told(publisher={name: value for name, value in publisher.items() if value is not None})


def test_an_album_page() -> None:
    assert read(ALBUM) == Album(
        source="bandcamp",
        source_id="948000001",
        cover_urls=("https://f4.bcbits.com/img/a1280000001_10.jpg",),
        genres=("Hip-Hop/Rap",),
        tags=("Hip-Hop/Rap", "4/4 time", "field recordings"),
        title="Paper Tigers II",
        artist="lantern & co",
        artist_id="4030000001",
        released="2025-04-30",
        year=2025,
        page_url=URL,
    )


def test_the_page_of_a_label_s_artist_who_tells_little() -> None:
    assert read(ON_LABEL) == Album(
        source="bandcamp",
        source_id="280000002",
        cover_urls=(),
        title="The Coming Frost",
        artist="Wooden Crypt",
        page_url="https://driftless.bandcamp.com/album/the-coming-frost",
    )


DISCOVER = "https://bandcamp.com/discover"
PLAIN_TAGS = ("4/4 time", "Hip-Hop/Rap", "field recordings")
RAP = ("Hip-Hop/Rap",)


@pytest.mark.parametrize(
    ("body", "tags", "genres"),
    [
        (told(keywords=None), (), ()),
        (told(keywords=[]), (), ()),
        (told(keywords=["Canada"]), (), ()),
        (
            of_publisher(foundingLocation=None),
            ("Hip-Hop/Rap", "4/4 time", "field recordings", "Canada"),
            RAP,
        ),
        (of_publisher(genre=None), PLAIN_TAGS, ()),
        (of_publisher(genre=f"{DISCOVER}/4-4-time"), PLAIN_TAGS, ("4/4 time",)),
        (of_publisher(genre=f"{DISCOVER}/jazz"), PLAIN_TAGS, ()),
        (of_publisher(genre="rap"), PLAIN_TAGS, ()),
    ],
)
def test_tags(body: bytes, tags: tuple[str, ...], genres: tuple[str, ...]) -> None:
    album = read(body)
    assert (album.tags, album.genres) == (tags, genres)


def test_an_owner_without_a_number_and_an_album_without_a_date() -> None:
    assert read(of_publisher(additionalProperty=[])).artist_id is None
    album = read(told(datePublished=None))
    assert (album.released, album.year) == (None, None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (MISSING, "an album's page, with bc-page-properties"),
        (b"<html>", "an album's page, with bc-page-properties"),
        (DATA.sub(b"", ALBUM), "an album's page, with JSON-LD"),
        (DATA.sub(rb"\1{\3", ALBUM), "JSON"),
        (DATA.sub(rb"\1[]\3", ALBUM), "an object"),
        (ALBUM.replace(b"&quot;:&quot;a&quot;", b"&quot;:&quot;t&quot;"), "'a' for an album"),
        (ALBUM.replace(b":948000001,&quot;", b":-1,&quot;"), "an album's number"),
        (ALBUM.replace(b":948000001,&quot;", b":true,&quot;"), "a whole number"),
        (told(**{"@type": "MusicRecording"}), "MusicAlbum"),
        (told(**{"@type": [["MusicAlbum"]]}), "MusicAlbum"),
        (told(**{"@id": "javascript:alert(1)"}), "an album's http(s) address"),
        (told(name=None), "an object with 'name'"),
        (told(name=" \u202e"), "words"),
        (told(name=7), "text"),
        (told(byArtist={"@type": "MusicGroup"}), "an object with 'name'"),
        (told(publisher=None), "an object with 'publisher'"),
        (told(keywords="ambient, drone"), "a list"),
        (told(keywords=[7]), "text"),
        (told(datePublished="2025-04-30"), "a time like"),
        (told(datePublished="30 Apx 2025 00:00:00 GMT"), "a time like"),
        (told(datePublished="31 Apr 2025 00:00:00 GMT"), "a time like"),
        (told(image="https://f4.bcbits.com/img/0000014017_10.jpg"), "an address like"),
        (told(image="https://f4.bcbits.com.evil.test/img/a1_10.jpg"), "an address like"),
    ],
)
def test_what_is_of_another_shape_stops(body: bytes, expected: str) -> None:
    with pytest.raises(ParseError) as stopped:
        read(body)
    assert stopped.value.expected.startswith(expected)
    assert stopped.value.where.startswith(URL)


def test_deep_data_does_no_harm() -> None:
    for depth in (100, 900, 100_000):
        deep = b"[" * depth + b"]" * depth
        with pytest.raises(ParseError):
            read(DATA.sub(rb"\1" + deep + rb"\3", ALBUM))


@given(
    st.floats(0, 1), st.floats(0, 0.3), st.sampled_from([b"", b"<", b'"', b"\x00", b"\xff", b"9"])
)
@settings(max_examples=150, deadline=None)
def test_a_damaged_page_is_an_album_or_a_parse_error(
    start: float, share: float, put: bytes
) -> None:
    first = int(start * len(ALBUM))
    try:
        album = read(ALBUM[:first] + put + ALBUM[first + int(share * len(ALBUM)) :])
    except ParseError:
        return
    assert album.source_id.isdigit()
    assert album.title
    assert album.artist


@given(st.binary(max_size=300))
@settings(max_examples=50)
def test_any_page_is_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        read(b"<html>" + body)


def test_the_recorded_pages() -> None:
    folder = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"), "bandcamp/pages")
    if not folder.is_dir():
        pytest.skip(f"the recorded pages are not here: {folder}")
    albums, refused = {}, []
    for path in sorted(folder.glob("*.html")):
        try:
            albums[path.name.partition("__")[0]] = read(path.read_bytes())
        except ParseError as error:
            refused.append((path.name.partition("__")[0], error.expected))
    assert {name: (album.source_id, album.genres) for name, album in albums.items()} == {
        "arbee": ("948735258", ("Electronic",)),
        "inhuman1": ("414621750", ("Metal",)),
        "tempelfanwolven": ("2809970971", ()),
    }
    assert albums["arbee"].tags[-1] == "textures"
    assert albums["inhuman1"].tags[0] == "Metal"
    assert albums["tempelfanwolven"].tags == ()
    assert albums["inhuman1"].released == "2013-04-01"
    no_album = "an album's page, with bc-page-properties"
    assert refused == [
        ("indigochill", "'a' for an album"),
        ("level2three", "'a' for an album"),
        ("nyokee", "'a' for an album"),
        ("powergameheavy", no_album),
    ]


def test_the_address_of_one_page(crawl_of: Callable[..., Any], made_site: MadeSite) -> None:
    album = made_site.catalogue.albums[0]
    crawl = crawl_of("bandcamp")
    (page,) = fetch(crawl, Query(url=page_url(album)))
    assert crawl.expected == len(crawl.asked) == 1
    (found,) = parse(page)
    assert (found.source_id, found.title, found.artist, found.year) == (
        str(album.album_id),
        album.title,
        album.artist,
        album.year,
    )


def test_the_address_of_a_text(
    crawl_of: Callable[..., Any], made_site: MadeSite, made_sources: Sandbox
) -> None:
    crawl = crawl_of("bandcamp")
    pages = list(fetch(crawl, Query(url=PAGES_URL)))
    assert [page.url for page in pages] == [page_url(a) for a in made_site.catalogue.albums]
    assert made_sources.requests.most_at_once()["sandbox.bandcamp.com"] == 1


def test_the_path_of_a_text(
    crawl_of: Callable[..., Any], made_site: MadeSite, tmp_path: Path
) -> None:
    wanted = [page_url(album) for album in made_site.catalogue.albums[:2]]
    gone = "https://sandbox.bandcamp.com/album/gone-1"
    path = tmp_path / "albums.txt"
    path.write_text("\ufeff\r\n" + "\r\n\n".join([*wanted, gone, wanted[0]]), encoding="utf-8")
    crawl = crawl_of("bandcamp")
    assert [page.url for page in fetch(crawl, Query(url=str(path)))] == wanted
    assert crawl.asked == [*wanted, gone]


def test_a_text_with_another_line_stops_before_anything_is_asked(
    crawl_of: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "albums.txt"
    path.write_text(f"{URL}\nhttps://lantern.bandcamp.com/track/one\n")
    crawl = crawl_of("bandcamp")
    with pytest.raises(ParseError, match=r"albums\.txt, line 2: expected an album's page"):
        list(fetch(crawl, Query(url=str(path))))
    assert crawl.asked == []


def test_the_list_is_still_one_page(crawl_of: Callable[..., Any], tmp_path: Path) -> None:
    crawl = crawl_of("bandcamp")
    (page,) = fetch(crawl, Query())
    assert len(list(parse(page))) > 100
    path = tmp_path / "list.tsv"
    path.write_bytes(page.body)
    (kept,) = fetch(crawl, Query(url=str(path)))
    assert kept.body == page.body


def test_a_saved_page_is_one_page(crawl_of: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "saved.html"
    path.write_bytes(ALBUM)
    (page,) = fetch(crawl_of("bandcamp"), Query(url=str(path)))
    assert next(iter(parse(page))).title == "Paper Tigers II"


def test_what_is_not_there(crawl_of: Callable[..., Any], tmp_path: Path) -> None:
    missing = "https://raw.githubusercontent.com/none.tsv"
    assert list(fetch(crawl_of("bandcamp"), Query(url=missing))) == []
    with pytest.raises(NotFound):
        list(fetch(crawl_of("bandcamp"), Query(url=str(tmp_path / "none.tsv"))))


def test_covers_of_pages_come(client: PoliteClient, made_site: MadeSite) -> None:
    album = made_site.catalogue.albums[0]
    page = made_site.answer("sandbox.bandcamp.com", page_url(album).partition(".com")[2])
    (url,) = next(iter(parse(Page("bandcamp", page_url(album), page.body)))).cover_urls
    assert SOURCES["bandcamp"].fetch_cover(client, url).status == 200


def test_manners() -> None:
    assert PAGE_POLICY.hosts == {"*.bandcamp.com"}
    assert PAGE_POLICY.pace.interval >= 2
    assert PAGE_POLICY.pace.concurrency == 1
    assert PAGE_POLICY.pace.group  # all artists' hosts are one service

"""A folder of covers: what it tells, what it refuses, and a whole study on it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.album import Album
from albumart.errors import BadStudy, NotFound, ParseError, UnsafeInput
from albumart.http.client import PoliteClient
from albumart.sources import Crawl, Page, Query
from albumart.sources.folder import MAX_BYTES, fetch, fetch_cover, parse

CrawlOf = Callable[[str], Crawl]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three covers of two labels, one of them deeper, and files that are no covers."""
    root = tmp_path / "covers"
    for name in ("jazz/a b.jpg", "metal/deep/b.PNG", "metal/ü.webp", "metal/notes.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def albums(crawl: Crawl, folder: Path) -> dict[str, Album]:
    (page,) = fetch(crawl, Query(url=str(folder)))
    return {album.cover_urls[0].removeprefix(page.url): album for album in parse(page)}


def test_a_folder_names_the_label(folder: Path, crawl_of: CrawlOf) -> None:
    found = albums(crawl_of("folder"), folder)
    assert {url: album.genres for url, album in found.items()} == {
        "jazz/a%20b.jpg": ("jazz",),
        "metal/deep/b.PNG": ("metal",),
        "metal/%C3%BC.webp": ("metal",),
    }
    assert all(album.key.startswith("folder:") for album in found.values())


def test_a_table_says_more(folder: Path, crawl_of: CrawlOf) -> None:
    (folder / "labels.csv").write_text(
        "file,genre,artist,title,year,moods\n"
        '"jazz/a b.jpg",swing,The Band,"A, B",1959,Warm; Amiable/Good-Natured\n'
        "metal/deep/b.PNG,,,Loud,,\n",
        encoding="utf-8-sig",
    )
    found = albums(crawl_of("folder"), folder)
    told = found["jazz/a%20b.jpg"]
    assert (told.genres, told.artist, told.title, told.year) == (
        ("swing",),
        "The Band",
        "A, B",
        1959,
    )
    assert told.moods == ("Warm", "Amiable/Good-Natured")
    assert (found["metal/deep/b.PNG"].genres, found["metal/deep/b.PNG"].title) == (
        ("metal",),
        "Loud",
    )


def test_the_same_folder_elsewhere_tells_the_same_albums(
    folder: Path, crawl_of: CrawlOf, tmp_path: Path
) -> None:
    before = {album.key for album in albums(crawl_of("folder"), folder).values()}
    moved = folder.rename(tmp_path / "elsewhere")
    assert {album.key for album in albums(crawl_of("folder"), moved).values()} == before
    (moved / "jazz" / "a b.jpg").write_bytes(b"another picture")
    assert len({a.key for a in albums(crawl_of("folder"), moved).values()} & before) == 2


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("file,genre\n../../etc/passwd.jpg,metal\n", "such as '../../etc/passwd.jpg'"),
        ("file,genre\njazz/gone.jpg,metal\n", "1 that are not there, such as 'jazz/gone.jpg'"),
        ("name,genre\nx,y\n", "a first line with file, genre, artist.*got name, genre"),
        ("", "got nothing"),
        ("file,year\njazz/a b.jpg,next\n", "file jazz/a b.jpg: expected a year.*got 'next'"),
    ],
)
def test_a_table_that_cannot_be_meant(
    folder: Path, crawl_of: CrawlOf, table: str, said: str
) -> None:
    (folder / "labels.csv").write_text(table)
    with pytest.raises(ParseError, match=said):
        albums(crawl_of("folder"), folder)


def test_a_table_that_is_no_text(folder: Path, crawl_of: CrawlOf) -> None:
    (folder / "labels.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(ParseError, match="expected CSV in UTF-8"):
        albums(crawl_of("folder"), folder)


def test_no_folder(crawl_of: CrawlOf, tmp_path: Path) -> None:
    with pytest.raises(BadStudy, match="--images DIR"):
        next(fetch(crawl_of("folder"), Query()))
    with pytest.raises(NotFound, match="expected a folder of covers; there is none"):
        next(fetch(crawl_of("folder"), Query(url=str(tmp_path / "nothing"))))


def test_a_link_that_leads_out_is_left_alone(folder: Path, crawl_of: CrawlOf) -> None:
    outside = folder.parent / "secret.jpg"
    outside.write_bytes(b"x")
    (folder / "jazz" / "link.jpg").symlink_to(outside)
    assert not any("link" in url for url in albums(crawl_of("folder"), folder))


def test_a_cover_is_read_where_it_lies(folder: Path, client: PoliteClient) -> None:
    answer = fetch_cover(client, f"{folder.as_uri()}/jazz/a%20b.jpg")
    assert (answer.status, answer.body) == (200, b"jazz/a b.jpg")
    assert fetch_cover(client, f"{folder.as_uri()}/gone.jpg").status == 404


@pytest.mark.parametrize("url", ["http://x.test/a.jpg", "file://host/a.jpg", "a.jpg"])
def test_only_files_of_this_machine_are_read(client: PoliteClient, url: str) -> None:
    with pytest.raises(UnsafeInput, match="expected the address of a file"):
        fetch_cover(client, url)


def test_a_file_that_is_too_large_is_refused(folder: Path, client: PoliteClient) -> None:
    huge = folder / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(UnsafeInput, match="expected at most"):
        fetch_cover(client, huge.as_uri())


@given(st.binary())
def test_any_bytes_are_albums_or_a_parse_error(body: bytes) -> None:
    try:
        found = list(parse(Page("folder", "file:///x/", body)))
    except ParseError:
        return
    assert all(album.source == "folder" for album in found)

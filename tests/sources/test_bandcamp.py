"""The Bandcamp list: its rows, and rows that are none."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.errors import ParseError
from albumart.sources import Page
from albumart.sources.bandcamp import COVER_POLICY, parse

ROW = "http://f1.bcbits.com/img/a42_2.jpg\tmetal/a7.jpg"


def page(text: str | bytes) -> Page:
    body = text.encode() if isinstance(text, str) else text
    return Page("bandcamp", "https://lists.test/list.tsv", body)


def test_a_row_is_an_album() -> None:
    (album,) = parse(page(ROW))
    assert album.key == "bandcamp:7"
    assert album.genres == ("metal",)
    assert album.cover_urls == ("http://f1.bcbits.com/img/a42_2.jpg",)
    assert album.artist is None


@pytest.mark.parametrize(
    "text", [f"{ROW}\n", f"{ROW}\r\n\r\n", f"\n{ROW}\n  \n", f"\ufeff{ROW}"], ids=repr
)
def test_blank_lines_line_ends_and_a_byte_order_mark_do_no_harm(text: str) -> None:
    assert len(list(parse(page(text)))) == 1


@pytest.mark.parametrize(
    ("row", "got"),
    [
        ("http://f1.bcbits.com/img/a1_2.jpg", "1:"),
        (f"{ROW}\textra", "3:"),
        ("http://f1.bcbits.com/img/a1_2.jpg\t../../etc/passwd.jpg", "passwd"),
        ("http://f1.bcbits.com/img/a1_2.jpg\tmetal/../a7.jpg", "metal/../a7.jpg"),
        ("http://[f1.bcbits.com/img/a1_2.jpg\tmetal/a7.jpg", "http://[f1"),
        (f"http://f1.bcbits.com/img/a1_2.jpg\t{'x' * 300}/a7.jpg", "xxx"),
        ("file:///etc/passwd\tmetal/a7.jpg", "file:///etc/passwd"),
        ("http://f1.bcbits.com/img/a1_2.jpg\tmetal/a7.png", "a7.png"),
    ],
)
def test_a_broken_row_stops_with_its_line(row: str, got: str) -> None:
    with pytest.raises(ParseError, match="list.tsv, line 2: expected .*; got ") as stopped:
        list(parse(page(f"{ROW}\n{row}\n")))
    assert got in stopped.value.got


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ParseError, match="UTF-8"):
        list(parse(page(b"\xff\xfe\x00")))


@given(st.text())
def test_any_text_is_albums_or_a_parse_error(text: str) -> None:
    try:
        albums = list(parse(page(text)))
    except ParseError:
        return
    assert all(album.source_id.isdigit() for album in albums)


def test_the_source_asks_only_bandcamp_for_covers() -> None:
    assert COVER_POLICY.hosts == {"f1.bcbits.com", "*.bcbits.com"}


def test_the_real_list_parses_whole() -> None:
    path = Path(
        os.environ.get("ALBUMART_REAL_DATA", "../shared/data"), "bandcamp/dataset-links.tsv"
    )
    if not path.is_file():
        pytest.skip(f"the recorded list is not here: {path}")
    albums = list(parse(page(path.read_bytes())))
    assert len({album.key for album in albums}) == 10_000
    assert len({album.genres for album in albums}) == 10

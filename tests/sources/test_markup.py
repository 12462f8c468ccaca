"""Saved markup: what encodings make of it, and words out of it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from albumart.errors import ParseError
from albumart.sources.markup import attribute, read_markup, text_of, words_of


@pytest.mark.parametrize(
    "body",
    [
        "<h1>é</h1>".encode(),  # fragments do not say what they are
        "<meta charset='utf-8'><h1>é</h1>".encode(),
        "<meta charset='iso-8859-1'><h1>é</h1>".encode("latin-1"),
        "\ufeff<h1>é</h1>".encode(),
    ],
    ids=["nothing", "utf-8", "latin-1", "mark"],
)
def test_encodings(body: bytes) -> None:
    assert text_of(read_markup(body, "x").select_one("h1")) == "é"


@pytest.mark.parametrize("head", [b"", b"<meta charset='utf-8'>", b"<meta charset='x-unknown'>"])
def test_one_broken_byte_breaks_one_character(head: bytes) -> None:
    markup = read_markup(head + b"<h1>Plain \x87 words</h1><a href='/x'>y</a> \x87@\xfd\t", "x")
    words = text_of(markup.select_one("h1")) or ""
    assert (words[:6], words[-6:]) == ("Plain ", " words")
    assert attribute(markup.select_one("a"), "href") == "/x"


def test_attributes() -> None:
    link = read_markup(b"<a class='x y' href=z>1</a>", "x").select_one("a")
    assert attribute(link, "class") == "x y"
    assert attribute(link, "href") == "z"
    assert attribute(link, "rel") == attribute(None, "rel") == ""


def test_words() -> None:
    markup = read_markup(b"<p> a <b>b</b>\n</p><p></p><p>c</p><p>c</p>", "x")
    assert words_of(markup, "p") == ("a b", "c")
    assert text_of(markup.select_one("p"), longest=1) == "a"
    assert text_of(markup.select_one("p:nth-of-type(2)")) is None
    assert text_of(None) is None


@pytest.mark.filterwarnings("ignore")  # that this hardly looks like HTML
@given(st.binary(max_size=300))
@example(b"")
@example(b"<meta charset=\xef\xbb\xbfutf-16\x00--><meta charset=<utf-16>")
@example(b"<?xml version='1.0' encoding='utf-7'?><a>+ADw-")
@example(b"<meta charset='utf-16'><a>")
@example(b"<meta charset='rot13'><a>")
@example(b"<meta charset='idna'><a>\xff")
def test_any_bytes_are_markup_or_a_parse_error(body: bytes) -> None:
    try:
        read_markup(body, "x").select("a")
    except ParseError:
        return

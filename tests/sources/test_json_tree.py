"""Reading strangers' JSON: each wrong turn is a ParseError that says where."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.errors import ParseError
from albumart.sources.json_tree import Json, read_documents, read_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def tree(text: str) -> Json:
    return read_json(text.encode(), "page")


def test_places_are_named() -> None:
    albums = tree('{"albums": [{"n": 1}, {"n": "two"}]}')["albums"].each()
    assert next(albums)["n"].whole() == 1
    with pytest.raises(ParseError, match="page, albums 2, n: expected a whole number; got 'two'"):
        next(albums)["n"].whole()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("{}", lambda j: j["id"]),
        ('{"id": null}', lambda j: j["id"]),
        ("[]", lambda j: j["id"]),
        ("[]", lambda j: j.find("id")),
        ("{}", lambda j: list(j.each())),
        ("1", lambda j: j.text()),
        ('"1"', lambda j: j.whole()),
        ("true", lambda j: j.whole()),
        ("1.0", lambda j: j.whole()),
        ("NaN", lambda j: j.whole()),
        ('"ab"', lambda j: j.matched(re.compile("a"), "an a")),
    ],
)
def test_another_shape_is_an_error(text: str, read: object) -> None:
    with pytest.raises(ParseError, match="^page: expected "):
        read(tree(text))


def test_what_is_optional_is_none() -> None:
    assert tree('{"tags": null}').find("tags") is None
    assert tree('{"n": false}')["n"].value is False


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "expected JSON"),
        (b"  \n", "expected JSON"),
        (b"<html>", "expected JSON"),
        (b"\xff{}", "UTF-8"),
        (b'{"a": 1', "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
        (b"1" * 10_000, "expected JSON"),
        (b"{} {}", "expected one document; got 2"),
        (b"{} x", "page, document 2: expected JSON"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_document_is_an_error(body: bytes, problem: str) -> None:
    with pytest.raises(ParseError, match=problem):
        read_json(body, "page")


@given(st.lists(JSON, min_size=1, max_size=4), st.sampled_from(["\n", " ", "\r\n\r\n"]))
def test_documents_may_follow_each_other(values: list[object], between: str) -> None:
    text = between.join(json.dumps(value) for value in values)
    read = read_documents(b"\xef\xbb\xbf" + text.encode() + b"\n", "page")
    assert [document.value for document in read] == values

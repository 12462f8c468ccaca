import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.sandbox.wire import Answer, is_unchanged, rest_of, status_page, tagged

PAGE = tagged(b"body", "text/plain", last_modified="Mon, 01 Jan 2024 00:00:00 GMT")


@pytest.mark.parametrize(
    ("if_none_match", "if_modified_since", "expected"),
    [
        (None, None, False),
        (PAGE.etag, None, True),
        (f'"x", W/{PAGE.etag}', None, True),
        ("*", None, True),
        ('"x"', None, False),
        ('"x"', "Mon, 01 Jan 2024 00:00:00 GMT", False),  # the tag decides
        (None, "Mon, 01 Jan 2024 00:00:00 GMT", True),
        (None, "Tue, 02 Jan 2024 00:00:00 -0000", True),
        (None, "Sun, 31 Dec 2023 23:59:59 GMT", False),
        (None, "yesterday", False),
    ],
)
def test_is_unchanged(
    if_none_match: str | None, if_modified_since: str | None, expected: bool
) -> None:
    told = {"if_none_match": if_none_match, "if_modified_since": if_modified_since}
    assert is_unchanged(PAGE, **told) is expected


def test_an_answer_without_tag_or_date_is_never_unchanged() -> None:
    bare = Answer(b"", "text/plain")
    assert not is_unchanged(bare, if_none_match="*", if_modified_since=None)
    date = "Mon, 01 Jan 2024 00:00:00 GMT"
    assert not is_unchanged(bare, if_none_match=None, if_modified_since=date)
    assert not is_unchanged(status_page(404), if_none_match="*", if_modified_since=None)


@pytest.mark.parametrize(
    ("wanted", "if_range", "status", "body", "told"),
    [
        ("bytes=0-", None, 206, b"body", "bytes 0-3/4"),
        ("bytes=3-", None, 206, b"y", "bytes 3-3/4"),
        ("bytes=3-", PAGE.etag, 206, b"y", "bytes 3-3/4"),
        ("bytes=3-", PAGE.last_modified, 206, b"y", "bytes 3-3/4"),
        ("bytes=3-", '"other"', 200, b"body", None),
        ("bytes=3-", "", 200, b"body", None),
        ("bytes=4-", PAGE.etag, 416, status_page(416).body, "bytes */4"),
        ("bytes=4-", '"other"', 200, b"body", None),
        ("bytes=0-1", None, 200, b"body", None),
        ("bytes=-1", None, 200, b"body", None),
        ("lines=1-", None, 200, b"body", None),
        (None, PAGE.etag, 200, b"body", None),
    ],
)
def test_the_rest_of_a_file(
    wanted: str | None, if_range: str | None, status: int, body: bytes, told: str | None
) -> None:
    answer = rest_of(PAGE, wanted=wanted, if_range=if_range)
    assert (answer.status, answer.body) == (status, body)
    assert dict(answer.all_headers()).get("Content-Range") == told


@given(st.binary(min_size=1), st.data())
def test_a_beginning_and_its_rest_are_the_whole(body: bytes, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(body) - 1))
    rest = rest_of(tagged(body, "x/y"), wanted=f"bytes={first}-", if_range=None)
    assert body[:first] + rest.body == body


def test_only_what_was_found_has_a_rest() -> None:
    assert rest_of(status_page(404), wanted="bytes=1-", if_range=None).status == 404


def test_headers_leave_out_what_the_source_does_not_send() -> None:
    assert status_page(302, ("Location", "/")).all_headers() == [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Location", "/"),
    ]
    assert [name for name, _ in PAGE.all_headers()] == ["Content-Type", "ETag", "Last-Modified"]

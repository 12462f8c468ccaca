import pytest

from albumart.sandbox.wire import Answer, is_unchanged, status_page, tagged

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


def test_headers_leave_out_what_the_source_does_not_send() -> None:
    assert status_page(302, ("Location", "/")).all_headers() == [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Location", "/"),
    ]
    assert [name for name, _ in PAGE.all_headers()] == ["Content-Type", "ETag", "Last-Modified"]

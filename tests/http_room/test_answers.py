from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from albumart.http.answers import asked_pause, content_range, strong_validator, used_up

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
DATE = {"date": format_datetime(NOW, usegmt=True)}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0),
        ({"retry-after": " 120 "}, 120),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, 0),
        ({"retry-after": "Sun Nov  1 12:00:30 2026"}, 30),
        ({"retry-after": "Sun, 99 Nov 2026 99:99:99 GMT"}, None),
        ({"x-ratelimit-reset": "30"}, 30),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 45)}, 45),
        ({"retry-after": "5", "x-ratelimit-reset": "30"}, 5),
    ],
)
def test_what_pause_a_host_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_pause(headers | DATE) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 2)}, 2),
        ({"x-ratelimit-remaining": " 00 ", "x-ratelimit-reset": "30"}, 30),
        ({"x-ratelimit-remaining": "0", "retry-after": "5"}, 5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()))}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "30"}, None),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "30"}, None),
        ({"x-ratelimit-remaining": "", "x-ratelimit-reset": "30"}, None),
        ({"x-ratelimit-reset": "30"}, None),
    ],
)
def test_an_answer_may_say_that_it_was_the_last_for_now(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert used_up(headers | DATE) == seconds


YOUNG = format_datetime(NOW, usegmt=True)
OLD = format_datetime(NOW - timedelta(seconds=1), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": '"a-1"', "last-modified": OLD}, '"a-1"'),
        ({"etag": 'W/"a-1"', "last-modified": OLD}, ""),
        ({"etag": '"a\x1bb"'}, ""),
        ({"etag": '"\xe9"'}, ""),
        ({"last-modified": OLD}, OLD),
        ({"last-modified": YOUNG}, ""),
        ({"last-modified": "yesterday"}, ""),
        ({"last-modified": OLD, "date": ""}, ""),
        ({}, ""),
    ],
)
def test_what_a_download_can_be_continued_by(headers: dict[str, str], validator: str) -> None:
    assert strong_validator(DATE | headers) == validator


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("bytes 5-9/10", (5, 10)),
        (" Bytes 5-9/* ", (5, None)),
        ("bytes */10", (None, 10)),
        ("bytes 5-9", (None, None)),
        ("bytes 5-x/10", (None, None)),
        ("lines 5-9/10", (None, None)),
        (f"bytes 5-9/{'9' * 99}", (None, None)),
        ("", (None, None)),
    ],
)
def test_which_bytes_came(told: str, meant: tuple[int | None, int | None]) -> None:
    assert content_range({"content-range": told}) == meant
    assert content_range({}) == (None, None)


def test_without_the_hosts_clock_ours_is_used() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert asked_pause({"retry-after": later}) == pytest.approx(90, abs=3)

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from albumart.http.answers import asked_pause

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


def test_without_the_hosts_clock_ours_is_used() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert asked_pause({"retry-after": later}) == pytest.approx(90, abs=3)

"""Artifacts: what strangers wrote stays text."""

import pytest
from prefect.states import Failed

from albumart.errors import FetchError, ParseError, Refused
from tasks.artifacts import confusion_markdown, escape
from tasks.collect import is_worth_retrying
from tasks.stopwatch import Stopwatch


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "a | b",
        "`rm`",
        "**b**\n# h",
        "a\r\x1b[1m\u202e",
    ],
)
def test_markup_is_escaped(hostile: str) -> None:
    harmless = escape(hostile)
    assert not set("<>[]()|`*\n") & set(harmless)
    assert harmless.isprintable()


def test_the_confusion_matrix_is_a_table_with_escaped_names() -> None:
    table = confusion_markdown(["a|b", "jazz"], [[3, 1], [0, 2]]).splitlines()
    assert len(table) == 4
    assert all(line.count("|") == 4 for line in table)
    assert table[3] == "| **jazz** | 0 | 2 |"


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (FetchError("reset"), True),
        (Refused("robots.txt"), False),
        (ParseError(expected="a", got="b", where="c"), False),
        (ValueError("bug"), False),
    ],
)
def test_only_a_failed_network_is_retried(error: Exception, again: bool) -> None:
    assert is_worth_retrying(None, None, Failed(data=error)) is again


def test_the_stopwatch_counts_failures_too() -> None:
    watch = Stopwatch()
    assert watch.time("one", lambda: 1) == 1
    with pytest.raises(ZeroDivisionError):
        watch.time("two", lambda: 1 // 0)
    assert set(watch.seconds) == {"one", "two"}

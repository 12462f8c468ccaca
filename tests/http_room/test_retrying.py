import pytest

from albumart.errors import FetchError, Refused, UnsafeInput
from albumart.http import retrying
from albumart.http.retrying import backoff

CURABLE = FetchError("no", code="broken")


def tries(*outcomes: Exception | str) -> tuple[object, list[float]]:
    """What ``retrying`` makes of a call with these outcomes, and how long it slept."""
    slept: list[float] = []
    left = iter(outcomes)

    def call() -> str:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    try:
        return retrying.retrying(call, attempts=4, sleep=slept.append), slept
    except (FetchError, UnsafeInput) as error:
        return error, slept


def test_until_it_succeeds() -> None:
    assert tries(CURABLE, CURABLE, "here") == ("here", [0.0, 0.0])


def test_until_attempts_are_used_up() -> None:
    assert tries(CURABLE, CURABLE, CURABLE, CURABLE, "never") == (CURABLE, [0.0] * 3)


@pytest.mark.parametrize(
    "error",
    [
        Refused("no", code="http_403"),
        UnsafeInput("noai", "no"),
        FetchError("no", code="timeout"),
        FetchError("no", code="deferred"),
        FetchError("no", code="robots_unreachable"),
    ],
)
def test_not_where_it_cannot_help(error: Exception) -> None:
    assert tries(error, "never") == (error, [])


def test_attempts_are_counted_anew_after_progress() -> None:
    errors, progress = iter([CURABLE] * 9), iter([False, True, False, False, True, False, False])
    tried = []

    def call() -> None:
        tried.append(1)
        raise next(errors)

    with pytest.raises(FetchError):
        retrying.retrying(
            call, attempts=3, sleep=lambda _: None, has_progressed=lambda: next(progress)
        )
    assert len(tried) == 4


def test_a_wait_that_the_host_named_is_the_pacers() -> None:
    assert tries(FetchError("no", code="http_503", retry_after=3.0), "here") == ("here", [])


def test_backoff_doubles_and_jitters() -> None:
    for attempt, middle in enumerate((0.5, 1.0, 2.0, 4.0), start=1):
        waits = [backoff(attempt) for _ in range(50)]
        assert all(0.5 * middle <= wait <= 1.5 * middle for wait in waits)
        assert len(set(waits)) > 1

"""Seconds by station."""

import pytest

from tasks.stopwatch import Stopwatch


def test_a_station_that_is_called_twice_took_both(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.5, 10.0, 12.0, 20.0, 20.25])
    monkeypatch.setattr("tasks.stopwatch.time.monotonic", lambda: next(clock))
    watch = Stopwatch()
    assert watch.time("collect", len, "ab") == 2
    watch.time("collect", len, "")
    with pytest.raises(ZeroDivisionError):
        watch.time("covers", divmod, 1, 0)
    assert watch.seconds == {"collect": 3.5, "covers": 0.25}

"""Seconds by station."""

import time
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Record(Protocol):
    """Remembers one run of a station beyond this process."""

    def __call__(self, station: str, seconds: float, *, failed: bool) -> None:
        """``failed``: it raised."""


class Stopwatch:
    """Calls stations and remembers how long each took, all in all; ``record`` is told of each."""

    def __init__(self, record: Record | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._record = record

    def time(self, station: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``call(*args, **kwargs)``, timed as ``station``."""
        started, failed = time.monotonic(), True
        try:
            result = call(*args, **kwargs)
            failed = False
            return result
        finally:
            took = time.monotonic() - started
            self.seconds[station] = round(self.seconds.get(station, 0.0) + took, 2)
            if self._record is not None:
                self._record(station, took, failed=failed)

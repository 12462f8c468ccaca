"""Seconds by station."""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Stopwatch:
    """Calls stations and remembers how long each took, all in all."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, station: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``call(*args, **kwargs)``, timed as ``station``."""
        started = time.monotonic()
        try:
            return call(*args, **kwargs)
        finally:
            before = self.seconds.get(station, 0.0)
            self.seconds[station] = round(before + time.monotonic() - started, 2)

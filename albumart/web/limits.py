"""How much is taken on at once, and from whom: a turnstile and token buckets, both bounded."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from albumart.web.options import Rate
from albumart.web.refusals import busy


class Turnstile:
    """A few places, and fewer turns at the network. Whoever finds no place is told to come back.

    It is asked by threads and by the event loop alike: taking a place never waits.
    """

    def __init__(self, places: int, at_once: int, turn_seconds: float) -> None:
        self._free = places
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(at_once)
        self._turn_seconds = turn_seconds

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for the block. Raises Stop (429) if all are taken."""
        with self._lock:
            if self._free == 0:
                raise busy(3, "Too many covers are being judged at this moment.")
            self._free -= 1
        try:
            yield
        finally:
            with self._lock:
                self._free += 1

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it for the block; never on the event loop."""
        if not self._turns.acquire(timeout=self._turn_seconds):
            raise busy(5, "The covers before this one take longer than usual.")
        try:
            yield
        finally:
            self._turns.release()


class Buckets:
    """A token bucket for each client; of too many clients, the oldest is forgotten."""

    def __init__(
        self, rate: Rate, *, clients: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._clients, self._clock = rate, clients, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_of(self, client: str) -> float:
        """Take one token; 0 if there was one, else the seconds until there is."""
        now = self._clock()
        with self._lock:
            level, then = self._levels.pop(client, (float(self._rate.burst), now))
            level = min(self._rate.burst, level + (now - then) * self._rate.per_second)
            taken = level >= 1
            self._levels[client] = (level - 1 if taken else level, now)
            while len(self._levels) > self._clients:
                self._levels.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._rate.per_second

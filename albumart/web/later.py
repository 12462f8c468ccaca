"""What takes longer than a page may: it is begun once, and a page shows it when it is there."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import Final, TypeVar, cast

KEPT: Final = 16
THREADS: Final = 2  # so that a table need not wait for a network

Result = TypeVar("Result")


@dataclass(slots=True)
class _Begun:
    """A result to be, when it was begun, and the one that is to replace it."""

    future: "Future[object]"
    at: float
    next: "Future[object] | None" = None


class Later:
    """Results by key, computed in threads; the last KEPT of them are kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="web-later")
        self._lock, self._clock = threading.Lock(), clock
        self._begun: dict[Hashable, _Begun] = {}

    def get(
        self,
        key: Hashable,
        compute: Callable[[], Result],
        *,
        wait: float = 0.0,
        fresh: float | None = None,
    ) -> Result | None:
        """What ``compute`` gives under this key, or None while it is not there.

        What is older than ``fresh`` seconds still answers, until what replaces it is there.

        Raises what ``compute`` raised; the next call begins it anew.
        """
        with self._lock:
            begun = self._begun.get(key) or self._begin(key, compute)
            if fresh is not None:
                self._renew(begun, compute, fresh)
        try:
            return cast("Result", begun.future.result(wait))
        except NotYet:
            return None
        finally:
            self._forget_failure(key, begun)

    def close(self) -> None:
        """Begin nothing more; what runs is left to end by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, key: Hashable, compute: Callable[[], object]) -> _Begun:
        while len(self._begun) >= KEPT:
            self._begun.pop(next(iter(self._begun)))
        begun = _Begun(self._pool.submit(compute), self._clock())
        self._begun[key] = begun
        return begun

    def _forget_failure(self, key: Hashable, begun: _Begun) -> None:
        if begun.future.done() and begun.future.exception() is not None:
            with self._lock:
                self._begun.pop(key, None)

    def _renew(self, begun: _Begun, compute: Callable[[], object], fresh: float) -> None:
        if begun.next is not None and begun.next.done():
            if begun.next.exception() is None:
                begun.future = begun.next
            begun.next, begun.at = None, self._clock()
        elif begun.next is None and begun.future.done() and self._clock() - begun.at > fresh:
            begun.next = self._pool.submit(compute)

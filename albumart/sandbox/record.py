"""What was asked of the sandbox, and when: so that tests can measure manners."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

KEPT_REQUESTS: Final = 200_000  # the latest ones in full; counts go on


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as it came.

    ``at`` is in seconds of this machine's monotonic clock, which all its processes share.
    """

    at: float
    method: str
    host: str
    path: str
    user_agent: str = ""
    referer: str = ""
    is_conditional: bool = False
    range: str = ""


class Requests:
    """The record of all requests but those to the control paths. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """Forget what was asked; requests under way still count as under way."""
        with self._lock:
            self._seen: deque[SeenRequest] = deque(maxlen=KEPT_REQUESTS)
            self._counts: dict[str, Counter[str]] = {}
            self._most: Counter[str] = Counter()

    @contextmanager
    def recording(self, request: SeenRequest) -> Iterator[None]:
        """Record ``request``, and count it as under way until the block ends."""
        host = request.host
        with self._lock:
            self._seen.append(request)
            self._counts.setdefault(host, Counter())[request.path] += 1
            self._under_way[host] += 1
            self._most[host] = max(self._most[host], self._under_way[host])
        try:
            yield
        finally:
            with self._lock:
                self._under_way[host] -= 1

    def all(self, host: str | None = None) -> list[SeenRequest]:
        """Return the latest requests, to one host or to all, oldest first."""
        with self._lock:
            return [seen for seen in self._seen if host in (None, seen.host)]

    def count(self, prefix: str = "/") -> int:
        """Count the requests whose ``/<host>/<path>`` begins so."""
        return sum(
            times
            for host, paths in self.counts().items()
            for path, times in paths.items()
            if f"/{host}{path}".startswith(prefix)
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Return {host: {path: times}}."""
        with self._lock:
            return {host: dict(paths) for host, paths in self._counts.items()}

    def most_at_once(self) -> dict[str, int]:
        """Return, for each host, the most requests that were under way at one time."""
        with self._lock:
            return dict(self._most)

    def fields(self) -> dict[str, object]:
        """Return everything as what JSON can hold."""
        return {
            "now": time.monotonic(),
            "counts": self.counts(),
            "most_at_once": self.most_at_once(),
            "requests": [asdict(seen) for seen in self.all()],
        }

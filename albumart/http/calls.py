"""One call of the client: what it sends, how long it may take, what becomes of the body."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from albumart.errors import FetchError, NotFound
from albumart.http.connections import Answer
from albumart.http.parts import Part

SMALL: Final = 2**20  # the body of an answer that is not the file
_GONE: Final = frozenset({404, 410})


@dataclass(slots=True)
class Call:
    """A body that is held in memory.

    Attributes:
        headers: sent at each hop.
        deadline: seconds of network time for all hops and attempts.
        max_bytes: of the decoded body.
        spent: seconds of network time so far.
    """

    headers: Mapping[str, str]
    deadline: float
    max_bytes: int
    spent: float = 0.0

    def request_headers(self) -> Mapping[str, str]:
        """What the next request sends."""
        return self.headers

    @contextmanager
    def spending(self, where: str) -> Iterator[float]:
        """Count the block's time; yield how much there is."""
        if self.spent >= self.deadline:
            message = f"{where}: expected an answer within {self.deadline:.0f} s"
            raise FetchError(message, code="timeout")
        started = time.monotonic()
        try:
            yield self.deadline - self.spent
        finally:
            self.spent += time.monotonic() - started

    def take(self, answer: Answer) -> bytes:
        """Read the body."""
        return answer.read(self.max_bytes)


@dataclass(slots=True, kw_only=True)
class Download(Call):
    """A body that goes to the disk. The deadline is for each answer, and for each STEP of it."""

    part: Part

    def request_headers(self) -> Mapping[str, str]:
        """What the next request sends: of a part that is there, only the rest is asked for."""
        return {**self.headers, "Accept-Encoding": "identity", **self.part.wanted()}

    @contextmanager
    def spending(self, where: str) -> Iterator[float]:
        """Yield the time until the headers must be there."""
        yield self.deadline

    def take(self, answer: Answer) -> bytes:
        """Write the file's bytes to its part; read what is not the file."""
        if answer.status not in (200, 206):
            return answer.read(SMALL)
        encoding = answer.headers.get("content-encoding", "identity")
        if encoding != "identity":
            message = f"expected the file as it is; got it in the encoding {encoding!r}"
            raise FetchError(message, code="broken")
        self.part.begin(answer.status, answer.headers)
        for piece in answer.steps(self.max_bytes - self.part.size, stall=self.deadline):
            self.part.append(piece)
        self.part.check_whole()
        return b""

    def conclude(self, url: str, status: int, headers: Mapping[str, str]) -> None:
        """Return where the part is the whole file.

        Raises:
            NotFound: the host has no such file.
            FetchError: ``http_<status>``, or ``broken`` for a part that does not fit the file.
        """
        if status in (200, 206) or (status == 416 and self.part.is_all(headers)):
            return
        if status in _GONE:
            raise NotFound(f"{url}: expected a file; got status {status}")
        code = f"http_{status}"
        if status == 416:
            self.part.clear()
            code = "broken"
        raise FetchError(f"{url}: expected a file; got status {status}", code=code)

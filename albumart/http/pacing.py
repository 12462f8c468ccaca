"""The pace of each host, shared by the threads and processes of one machine.

Each host has one small file (when the next request may start, until when the host asked for
silence, by how much its slow answers slow us) and one lock file per request that may be in flight.
Locks are ``flock``, which the kernel releases when a process dies, however it dies. Times are
CLOCK_MONOTONIC, which all processes of a machine share and no clock adjustment moves; a boot id
tells when they have lost their meaning.
"""

import fcntl
import hashlib
import logging
import os
import random
import re
import struct
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from albumart.errors import FetchError, PlatformError
from albumart.http.tally import HostTally, add_to_tally

log = logging.getLogger(__name__)

LONGEST_WAIT: Final = 15 * 60.0  # beyond it the work is left to the next run
LONGEST_PAUSE: Final = 7 * 86_400.0  # whatever a host's header says
PROMPT: Final = 0.5  # seconds; a host that answers within them is at its ease
LONGEST_DELAY: Final = 60.0  # that slow answers alone may bring about
WORTH_A_WARNING: Final = 5.0  # seconds of pause; some hosts ask for a second or two all the time
_NO_DELAY: Final = 0.001
_POLL: Final = (0.005, 0.025)  # seconds between looks for a free slot
_FILE: Final = struct.Struct("=16sddd")
_SAFE_NAME = re.compile(r"[a-z0-9_.:-]{1,200}")


@dataclass(frozen=True, slots=True)
class Pace:
    """How politely a source's hosts are asked; data beside each source.

    Attributes:
        interval: seconds between the starts of two requests.
        concurrency: requests in flight at once.
        group: hosts of one group share one pace; by default each host has its own.
    """

    interval: float = 0.0
    concurrency: int = 1
    group: str | None = None

    def at_least(self, interval: float) -> "Pace":
        """The same pace, or a slower one (``Crawl-delay``)."""
        return replace(self, interval=max(self.interval, interval))


def slowed(delay: float, latency: float, concurrency: int, *, is_well: bool) -> float:
    """The delay that follows ``delay`` once a request took ``latency`` seconds to be answered.

    Scrapy's AutoThrottle: towards ``latency / concurrency``, at once where that is longer, by half
    where it is shorter; only an answer that ``is_well`` shortens it, for errors come quickly.
    A host that answers within PROMPT is not slowed.
    """
    target = latency / concurrency if latency > PROMPT else 0.0
    nearer = min(max(target, (delay + target) / 2), LONGEST_DELAY)
    if not is_well:
        return max(delay, nearer)
    return nearer if nearer > _NO_DELAY else 0.0


@dataclass(slots=True)
class Turn:
    """One request's permission; whoever makes the request tells how it went.

    Attributes:
        asked_at: monotonic time at which the request had left.
        answered_at: monotonic time at which its answer began; None where none came.
        is_well: whether that answer was no error.
    """

    asked_at: float = field(default_factory=time.monotonic)
    answered_at: float | None = None
    is_well: bool = False

    def ended(self) -> float:
        """When its host had seen the request for certain."""
        return time.monotonic() if self.answered_at is None else self.answered_at


class Pacer:
    """Hands out turns. ``folder`` is shared by all who share a pace."""

    def __init__(self, folder: Path, *, longest_wait: float = LONGEST_WAIT) -> None:
        self._folder = folder
        self._longest_wait = longest_wait
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise PlatformError(
                f"{folder}: expected a folder to keep the pace of hosts in; got {error}; "
                "make it writable or choose another with ALBUMART_HOME"
            ) from error

    @contextmanager
    def slot(self, name: str, pace: Pace | None) -> Iterator[Turn]:
        """Wait for a turn at ``name`` (a host or a group of hosts), and hold it.

        With ``pace=None`` nothing but a pause is waited for.

        Raises:
            FetchError: ``deferred``, at once, when the wait would be longer than allowed.
        """
        ledger, came = _Ledger(self._folder, name), time.monotonic()
        try:
            delay, held = self._wait_for_turn(ledger, pace) if pace else self._no_turn(ledger)
        except FetchError:
            ledger.tally(HostTally(deferred=1, waited=time.monotonic() - came))
            raise
        turn = Turn()
        given = turn.asked_at
        try:
            yield turn
        finally:
            if pace and (pace.interval or delay or turn.ended() - turn.asked_at > PROMPT):
                ledger.ended(turn, pace)
            if held is not None:
                os.close(held)
            spent = HostTally(waited=given - came, asked=time.monotonic() - given)
            ledger.tally(spent._replace(requests=1, failures=0 if turn.is_well else 1))

    def pause(self, name: str, seconds: float) -> None:
        """Let no request to ``name`` start for ``seconds``, in any thread or process."""
        level = logging.WARNING if seconds >= WORTH_A_WARNING else logging.INFO
        log.log(level, "%s asks for a pause of %.0f s", name, seconds)
        until = time.monotonic() + min(max(seconds, 0.0), LONGEST_PAUSE)
        ledger = _Ledger(self._folder, name)
        ledger.pause(until)
        ledger.tally(HostTally(pauses=1))

    def _no_turn(self, ledger: "_Ledger") -> tuple[float, None]:
        give_up_at = time.monotonic() + self._longest_wait
        while (until := ledger.paused_until()) > time.monotonic():
            self._sleep_until(until, give_up_at, ledger.name)
        return 0.0, None

    def _wait_for_turn(self, ledger: "_Ledger", pace: Pace) -> tuple[float, int]:
        give_up_at = time.monotonic() + self._longest_wait
        while True:
            times, held = ledger.try_to_start(pace)
            if held is not None:
                return times.delay, held
            self._sleep_until(times.ready_at, give_up_at, ledger.name)

    def _sleep_until(self, ready_at: float, give_up_at: float, name: str) -> None:
        wait = ready_at - time.monotonic()
        if ready_at > give_up_at:
            raise FetchError(
                f"{name}: expected a turn within {self._longest_wait / 60:.0f} minutes; got a wait "
                f"of {wait / 60:.1f} more, so this is left to the next run",
                code="deferred",
                retry_after=wait,
            )
        time.sleep(max(wait, 0.0))


class _Times(NamedTuple):
    next_start: float = 0.0
    paused_until: float = 0.0
    delay: float = 0.0

    @property
    def ready_at(self) -> float:
        return max(self.next_start, self.paused_until)


class _Ledger:
    """The files of one host. Each use opens its own: locks belong to open files, not to threads."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        plain = _SAFE_NAME.fullmatch(name)
        self._path = folder / (name if plain else hashlib.sha256(name.encode()).hexdigest())

    def paused_until(self) -> float:
        if not self._path.exists():
            return 0.0
        file = _open(self._path)
        try:
            return _read(file).paused_until
        finally:
            os.close(file)

    def pause(self, until: float) -> None:
        with self._locked() as file:
            times = _read(file)
            _write(file, times._replace(paused_until=max(times.paused_until, until)))

    def tally(self, more: HostTally) -> None:
        """Add to what the host was asked so far."""
        add_to_tally(self._path, self.name, more)

    def ended(self, turn: Turn, pace: Pace) -> None:
        """Reckon the next start from ``turn``'s end."""
        # Its host saw the request at some time before it answered. Counted from then, the gap to
        # the next holds by the host's own clock, whatever delayed this one.
        at = turn.ended()
        with self._locked() as file:
            times = _read(file)
            delay = slowed(times.delay, at - turn.asked_at, pace.concurrency, is_well=turn.is_well)
            next_start = max(times.next_start, at + max(pace.interval, delay))
            _write(file, times._replace(next_start=next_start, delay=delay))

    def try_to_start(self, pace: Pace) -> tuple[_Times, int | None]:
        """The held slot's descriptor; or None, and when it may be worth asking again."""
        with self._locked() as file:
            times, now = _read(file), time.monotonic()
            if times.ready_at > now:
                return times, None
            held = self._take_slot(pace.concurrency)
            if held is None:
                poll = random.uniform(*_POLL)  # noqa: S311 - not a secret
                return times._replace(next_start=now + poll), None
            if interval := max(pace.interval, times.delay):
                _write(file, times._replace(next_start=now + interval))
            return times, held

    def _take_slot(self, concurrency: int) -> int | None:
        for number in range(concurrency):
            slot = _open(self._path.with_name(f"{self._path.name}@{number}"))
            try:
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(slot)
            else:
                return slot
        return None

    @contextmanager
    def _locked(self) -> Iterator[int]:
        file = _open(self._path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)  # and with it the lock


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _read(file: int) -> _Times:
    """The times, or zeros where they were written before the machine last started."""
    data = os.pread(file, _FILE.size, 0)
    if len(data) < _FILE.size:
        return _Times()
    boot, *times = _FILE.unpack(data)
    return _Times(*times) if boot == _boot_id() else _Times()


def _write(file: int, times: _Times) -> None:
    os.pwrite(file, _FILE.pack(_boot_id(), *times), 0)


@cache
def _boot_id() -> bytes:
    return uuid.UUID(Path("/proc/sys/kernel/random/boot_id").read_text().strip()).bytes

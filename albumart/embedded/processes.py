"""Processes known for certain, awaited with a deadline, and ended with everything they started."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from albumart.errors import PlatformError

if TYPE_CHECKING:
    import psutil

T = TypeVar("T")

_INTERVAL: Final = 0.05
_KILL_SECONDS: Final = 5.0
# Linux derives the time a process was created from the time of boot, which a corrected clock moves.
_CLOCK_SLACK: Final = 2.0


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for certain: ids are given out again, but not with the same time of creation."""

    pid: int
    created: float


def identity_of(pid: int) -> Identity:
    """Identity of a running process."""
    import psutil

    return Identity(pid, psutil.Process(pid).create_time())


def find_process(identity: Identity) -> "psutil.Process | None":
    """The process if it still runs; None if it ended, or its id belongs to another by now."""
    import psutil

    try:
        process = psutil.Process(identity.pid)
        same = abs(process.create_time() - identity.created) < _CLOCK_SLACK
        ended = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same and not ended else None


def is_alive(identity: Identity) -> bool:
    """Whether that very process still runs."""
    return find_process(identity) is not None


def wait_until(condition: Callable[[], T | None], timeout: float, what: str) -> T:
    """First true answer of ``condition``; PlatformError after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise PlatformError(f"expected within {timeout:.0f} s: {what}; it did not come")
        time.sleep(_INTERVAL)


def with_descendants(processes: "Iterable[psutil.Process]") -> "list[psutil.Process]":
    """These processes and all that they started."""
    import psutil

    found: dict[int, psutil.Process] = {}
    for process in processes:
        try:
            family = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        found.update((member.pid, member) for member in family)
    return list(found.values())


def end_all(processes: "Iterable[psutil.Process]", grace: float) -> None:
    """Ask all to end; kill those that have not within ``grace`` seconds. Collects children."""
    import psutil

    alive = list(processes)
    for order, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, _KILL_SECONDS)):
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(order)
        alive = _outlasting(alive, patience)


def _outlasting(processes: "list[psutil.Process]", seconds: float) -> "list[psutil.Process]":
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if not _has_ended(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(_INTERVAL)
    return alive


def _has_ended(process: "psutil.Process") -> bool:
    import psutil

    try:
        process.wait(timeout=0)  # collects it if it is our child
    except psutil.TimeoutExpired:
        # Another's child, ended but not collected: in a container, perhaps never.
        return not is_alive(Identity(process.pid, process.create_time()))
    return True

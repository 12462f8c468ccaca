"""How often each host was asked, and how long that was waited for: added up on this machine.

One small file per host beside its pace, under a lock, so that all threads and processes add to the
same numbers; they outlive a restart of the machine. Whoever watches them takes the differences.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

_NUMBERS: Final = struct.Struct("=QQQQdd")
_SUFFIX: Final = "#tally"


class HostTally(NamedTuple):
    """What a host was asked, since the folder was made.

    Attributes:
        requests: turns that were given, robots.txt and each hop and attempt included.
        failures: those whose answer was an error, or did not come.
        deferred: turns that were not waited for: the host's silence was too long.
        pauses: times that it asked for silence.
        waited: seconds until a turn, of all requests.
        asked: seconds from a turn to the end of the answer, of all requests.
    """

    requests: int = 0
    failures: int = 0
    deferred: int = 0
    pauses: int = 0
    waited: float = 0.0
    asked: float = 0.0

    def plus(self, other: "HostTally") -> "HostTally":
        """The sums."""
        return HostTally._make(one + more for one, more in zip(self, other, strict=True))


def add_to_tally(path: Path, name: str, more: HostTally) -> None:
    """Add to the numbers of a host, whose pace is kept in ``path``."""
    with _locked(path.with_name(path.name + _SUFFIX)) as file:
        numbers = _read(file).plus(more)
        os.pwrite(file, _NUMBERS.pack(*numbers) + name.encode(), 0)


def read_tallies(folder: Path) -> dict[str, HostTally]:
    """The numbers of each host, in order of their names; none where no host was asked."""
    found: dict[str, HostTally] = {}
    for path in folder.glob(f"*{_SUFFIX}"):
        with _locked(path) as file:
            name = os.pread(file, 4096, _NUMBERS.size).decode()
            found[name] = _read(file)
    return dict(sorted(found.items()))


def _read(file: int) -> HostTally:
    data = os.pread(file, _NUMBERS.size, 0)
    return HostTally(*_NUMBERS.unpack(data)) if len(data) == _NUMBERS.size else HostTally()


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)

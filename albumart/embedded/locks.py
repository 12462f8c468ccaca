"""File locks that the kernel lets go when their holder ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from albumart.embedded.processes import wait_until


class FileLock:
    """An advisory lock on one file, held until ``release``, which may be called again."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, *, shared: bool = False) -> bool:
        """Whether the lock is ours now; does not wait."""
        if self._descriptor is None:
            return False
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def held(path: Path, *, shared: bool = False, timeout: float, what: str) -> Iterator[FileLock]:
    """Hold a lock for the block, waiting for it up to ``timeout`` seconds."""
    lock = FileLock(path)
    try:
        wait_until(lambda: lock.take(shared=shared), timeout, what)
        yield lock
    finally:
        lock.release()

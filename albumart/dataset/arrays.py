"""A large array that is built once, by blocks of rows, and survives a kill at any moment.

Beside the array ``x.npy`` stand, while it is built, ``x.npy.partial`` (the same file, as far as it
has come), ``x.npy.partial.rows`` (how many of its rows are finished) and ``x.npy.lock``. A row is
counted only after it is on the disk, and ``x.npy`` appears whole or not at all.
"""

import fcntl
import io
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from albumart.errors import PlatformError

Scalar = TypeVar("Scalar", bound=np.generic)

# The count is written in place; its fixed width keeps that one small write.
_COUNT_DIGITS: Final = 20

log = logging.getLogger(__name__)


def grow_array(
    path: Path,
    *,
    shape: tuple[int, ...],
    dtype: type[Scalar],
    blocks: Callable[[int, int], NDArray[Scalar]],
    block: int = 256,
    progress: Callable[[int], object] | None = None,
) -> NDArray[Scalar]:
    """The array at ``path``, read-only and mapped; what is missing of it is built first.

    Of two processes that want it at once, one builds and the other waits. A finished file of
    another shape or type is built anew.

    Args:
        path: a ``.npy`` file; its folder is made.
        shape: of the whole array; rows are its first axis.
        dtype: of its elements.
        blocks: ``(start, stop)`` → those rows, ``(stop - start, *shape[1:])`` of ``dtype``.
        block: rows asked for, and made safe, at once.
        progress: told how many rows were added, those of a killed run first; an array that is
            finished tells nothing.

    Raises:
        PlatformError: the disk is full, or the folder cannot be written to. What was finished
            stays for the next run.
    """
    partial = _Partial(path, shape, np.dtype(dtype))
    if not _is_finished(partial):
        with locked(path):
            if not _is_finished(partial):  # another process may have built it meanwhile
                _build(partial, blocks, block, progress or _ignore)
    finished: NDArray[Scalar] = np.load(path, mmap_mode="r")
    return finished


class _Partial:
    """The unfinished file and its count of finished rows."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> None:
        self.final = path
        self.data = path.with_name(path.name + ".partial")
        self.count = path.with_name(path.name + ".partial.rows")
        self.shape, self.dtype = shape, dtype
        self.header = _npy_header(shape, dtype)
        self.row_bytes = dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))

    def finished_rows(self) -> int:
        """Rows that an earlier run left whole; 0 where its files do not fit together."""
        try:
            rows = int(self.count.read_text("ascii"))
            with self.data.open("rb") as file:
                fits = file.read(len(self.header)) == self.header
            whole = self.data.stat().st_size >= len(self.header) + rows * self.row_bytes
        except (FileNotFoundError, ValueError):
            return 0
        if 0 <= rows <= self.shape[0] and fits and whole:
            return rows
        log.warning("%s is damaged and is built anew", self.data)
        return 0

    def open_at(self, rows: int) -> tuple[BinaryIO, BinaryIO]:
        """Data and count, ready to go on after ``rows``; begun anew if that is 0."""
        if rows == 0:
            self.count.unlink(missing_ok=True)
            self.data.write_bytes(self.header)
        data = self.data.open("r+b", buffering=0)
        data.truncate(len(self.header) + rows * self.row_bytes)
        data.seek(0, os.SEEK_END)
        return data, self.count.open("r+b" if rows else "wb", buffering=0)

    def finish(self) -> None:
        """Give the finished file its name."""
        self.data.replace(self.final)
        self.count.unlink(missing_ok=True)
        sync_folder(self.final.parent)


def _build(
    partial: _Partial,
    blocks: Callable[[int, int], NDArray[Scalar]],
    block: int,
    progress: Callable[[int], object],
) -> None:
    total = partial.shape[0]
    with plain_errors(partial.final):
        done = partial.finished_rows()
        _check_room(partial, total - done)
        data, count = partial.open_at(done)
    progress(done)
    with data, count:
        for start in range(done, total, block):
            stop = min(start + block, total)
            values = blocks(start, stop)
            _check_block(values, (stop - start, *partial.shape[1:]), partial.dtype)
            with plain_errors(partial.final):
                _append(data, count, values, stop)
            progress(stop - start)
    with plain_errors(partial.final):
        partial.finish()


def _append(data: BinaryIO, count: BinaryIO, values: NDArray[Scalar], rows: int) -> None:
    rest = memoryview(values.tobytes())
    while rest:  # an unbuffered write may take less than it was given
        rest = rest[data.write(rest) :]
    os.fsync(data.fileno())  # before the count: a row that is counted is on the disk
    os.pwrite(count.fileno(), f"{rows:0{_COUNT_DIGITS}d}".encode("ascii"), 0)
    os.fsync(count.fileno())


def _is_finished(partial: _Partial) -> bool:
    path = partial.final
    if not path.exists():
        return False
    try:
        with plain_errors(path):
            array = np.load(path, mmap_mode="r")
    except (ValueError, EOFError) as error:
        log.warning("%s is damaged and is built anew: %s", path, error)
        return False
    if array.shape == partial.shape and array.dtype == partial.dtype:
        return True
    wanted = f"{partial.dtype} {partial.shape}"
    log.warning("%s holds %s %s; %s is built", path, array.dtype, array.shape, wanted)
    return False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of what is built at ``path``; the system frees it when a process dies."""
    with plain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("ab")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("%s is being built by another process; waiting for it", path)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Tell of a full disk or missing rights in a sentence, as PlatformError."""
    try:
        yield
    except OSError as error:
        raise PlatformError(
            f"cannot use {path}: {error.strerror or error}; "
            "make room or rights there, then run again: what was finished is kept"
        ) from error


def _check_room(partial: _Partial, rows: int) -> None:
    needed = rows * partial.row_bytes
    free = shutil.disk_usage(partial.final.parent).free
    if needed > free:
        raise PlatformError(
            f"cannot use {partial.final}: expected {needed / 2**30:.1f} GiB of free disk; "
            f"got {free / 2**30:.1f} GiB"
        )


def _check_block(
    values: NDArray[Scalar], shape: tuple[int, ...], dtype: np.dtype[np.generic]
) -> None:
    if values.shape != shape or values.dtype != dtype:
        raise ValueError(
            f"blocks: expected {dtype} of shape {shape}; got {values.dtype} of {values.shape}"
        )


def _npy_header(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> bytes:
    buffer = io.BytesIO()
    described = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()


def sync_folder(folder: Path) -> None:
    """Put the names in ``folder`` on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _ignore(_rows: int) -> None:
    """No one is watching."""

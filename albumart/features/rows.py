"""Rows of numbers, one for each cover, that are computed once and only ever grow.

A folder holds ``rows.f32`` (row after row), ``covers`` (the cover of each, as the 32 bytes of its
sha256) and ``about.json`` (what the rows are). A cover is written to ``covers`` only after its row
is on the disk: a kill at any moment costs what was not yet written there, and nothing else.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.arrays import locked, plain_errors, sync_folder

Floats = NDArray[np.float32]
Append = Callable[[Sequence[str], Floats], None]

DIGEST: Final = 32  # bytes of a sha256
FLOAT: Final = 4  # bytes of a number


class CoverRows:
    """The rows in ``folder``. Any number of processes may read while one of them appends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows, self._covers = folder / "rows.f32", folder / "covers"
        self._about = folder / "about.json"

    def missing(self, covers: Sequence[str]) -> list[int]:
        """Where in ``covers`` each one that has no row is named first."""
        known = self._places()
        first: dict[bytes, int] = {}
        for number, cover in enumerate(map(bytes.fromhex, covers)):
            if cover not in known:
                first.setdefault(cover, number)
        return list(first.values())

    def take(self, covers: Sequence[str]) -> Floats:
        """``(n, d)`` rows of ``covers``, which all have one, in their order.

        They are mapped where they lie side by side on the disk, as they do unless covers were
        added later or several albums share one; else they are copied.
        """
        known = self._places()
        places = np.array([known[bytes.fromhex(cover)] for cover in covers], np.intp)
        mapped = np.memmap(self._rows, np.float32, "r", shape=(len(known), self._width()))
        start, stop = int(places[0]), int(places[0]) + len(places)
        if np.array_equal(places, np.arange(start, stop)):
            return mapped[start:stop]
        return np.asarray(mapped[places])

    def mapped(self) -> tuple[Floats, NDArray[np.bytes_]]:
        """``(n, d)`` rows as they lie on the disk, and ``(n,)`` digests of their covers as ``S32``.

        Rows are only ever added: whoever looked sees the same first rows again.
        """
        count = self._count()
        if count == 0:
            return np.empty((0, 1), np.float32), np.empty(0, f"S{DIGEST}")
        rows = np.memmap(self._rows, np.float32, "r", shape=(count, self._width()))
        return rows, np.fromfile(self._covers, f"S{DIGEST}", count)

    def locked(self) -> AbstractContextManager[None]:
        """Keep others from appending; whoever holds it died or ended when it is ours."""
        return locked(self._rows)

    @contextmanager
    def appending(self, width: int, about: Mapping[str, object]) -> Iterator[Append]:
        """Yield the function that adds rows of ``width`` numbers; within ``locked`` only.

        ``about`` says what the rows are, to people who look into the folder.

        Raises:
            PlatformError: the disk is full, or the folder cannot be written to.
        """
        with plain_errors(self.folder):
            self._describe(width, about)
            done = self._count()
            rows, covers = (
                _open_at(self._rows, done * width * FLOAT),
                _open_at(self._covers, done * DIGEST),
            )

        def append(names: Sequence[str], values: Floats) -> None:
            if values.shape != (len(names), width) or values.dtype != np.float32:
                raise ValueError(f"expected float32 {(len(names), width)}; got {values.shape}")
            with plain_errors(self.folder):
                _write(rows, np.ascontiguousarray(values).tobytes())
                _write(covers, b"".join(map(bytes.fromhex, names)))

        with rows, covers:
            yield append

    def _describe(self, width: int, about: Mapping[str, object]) -> None:
        """Say once what the rows are; rows of another width than that are dropped."""
        described = json.dumps({**about, "width": width}, indent=2)
        if self._about.is_file() and self._width() == width:
            return
        self._covers.unlink(missing_ok=True)
        partial = self._about.with_suffix(".partial")
        partial.write_text(described, "utf-8")
        partial.replace(self._about)
        sync_folder(self.folder)

    def _width(self) -> int:
        return int(json.loads(self._about.read_text("utf-8"))["width"])

    def _count(self) -> int:
        """Covers whose name and row are both whole."""
        if not (self._about.is_file() and self._covers.is_file() and self._rows.is_file()):
            return 0
        rows = self._rows.stat().st_size // (self._width() * FLOAT)
        return min(self._covers.stat().st_size // DIGEST, rows)

    def _places(self) -> dict[bytes, int]:
        """Row of each cover."""
        count = self._count()
        if count == 0:
            return {}
        with self._covers.open("rb") as file:
            names = file.read(count * DIGEST)
        return {names[n * DIGEST : (n + 1) * DIGEST]: n for n in range(count)}


def places_in(names: NDArray[np.bytes_], wanted: NDArray[np.bytes_]) -> NDArray[np.intp]:
    """Of each ``wanted`` its place in ``names``, which are all different; -1 where it has none."""
    if not len(names):
        return np.full(len(wanted), -1, np.intp)
    order = np.argsort(names)
    near = np.minimum(np.searchsorted(names, wanted, sorter=order), len(names) - 1)
    found = order[near]
    return np.where(names[found] == wanted, found, -1)


def _open_at(path: Path, size: int) -> BinaryIO:
    """``path``, cut to ``size`` bytes, ready to be written on."""
    file = path.open("r+b" if path.exists() else "wb", buffering=0)
    file.truncate(size)
    file.seek(0, os.SEEK_END)
    return file


def _write(file: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # an unbuffered write may take less than it was given
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())

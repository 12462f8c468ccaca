"""Rows of features that many machines compute and share, in blocks in the object store.

A cover's features lie under ``features/<what shapes them>/<xx>/``, where xx are the first two
digits of its sha256: that parts the work, and any number of workers may each take some of the 256
parts. A block is two objects that are never changed: ``<digest>.rows`` (row after row of
little-endian float32) and ``<digest>.covers`` (the sha256 of each, 32 bytes). The names come last:
a kill at any moment leaves rows that nobody looks at, and two workers on one part do no harm.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

import numpy as np

from albumart.errors import UnsafeInput
from albumart.features.rows import DIGEST, FLOAT, Floats

PARTS: Final = tuple(f"{number:02x}" for number in range(256))
_ROWS: Final = ".rows"
_COVERS: Final = ".covers"


class Objects(Protocol):
    """What blocks need of an object store."""

    def put(self, key: str, data: bytes) -> None:
        """Write ``data`` at ``key``."""

    def get(self, key: str) -> bytes:
        """Bytes at ``key``, or NotFound."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins with ``prefix``, in order."""
        ...


def part_of(cover: str) -> str:
    """The part of the work that a cover belongs to."""
    return cover[:2]


class FeatureBlocks:
    """The blocks of features called ``name``."""

    def __init__(self, objects: Objects, name: str) -> None:
        self._objects, self._root = objects, f"features/{name}/"

    def put(self, covers: Sequence[str], rows: Floats) -> None:
        """Keep ``(n, d)`` rows of covers of one part."""
        parts = {part_of(cover) for cover in covers}
        if len(parts) != 1 or rows.dtype != np.float32 or len(rows) != len(covers):
            raise ValueError(f"expected float32 rows of one part; got {rows.shape} of {parts}")
        names = b"".join(map(bytes.fromhex, covers))
        key = f"{self._root}{parts.pop()}/{hashlib.sha256(names).hexdigest()[:32]}"
        self._objects.put(key + _ROWS, np.ascontiguousarray(rows, "<f4").tobytes())
        self._objects.put(key + _COVERS, names)

    def covers(self, part: str = "") -> set[str]:
        """Covers that have a row, of one part or of all."""
        return {cover for _, covers in self._blocks(part) for cover in covers}

    def take(self, wanted: Iterable[str]) -> Iterator[tuple[list[str], Floats]]:
        """The rows of those of ``wanted`` that have one, block by block, none of them twice."""
        rest = set(wanted)
        for key, covers in self._blocks(""):
            places = [n for n, cover in enumerate(covers) if cover in rest]
            if places:
                found = [covers[place] for place in places]
                yield found, self._rows(key, len(covers))[places]
                rest.difference_update(found)

    def _blocks(self, part: str) -> Iterator[tuple[str, list[str]]]:
        folder = f"{self._root}{part}/" if part else self._root
        for key in self._objects.keys(folder):
            if key.endswith(_COVERS):
                names = self._objects.get(key)
                covers = [names[n : n + DIGEST].hex() for n in range(0, len(names), DIGEST)]
                yield key.removesuffix(_COVERS), covers

    def _rows(self, key: str, count: int) -> Floats:
        data = self._objects.get(key + _ROWS)
        if not data or len(data) % (count * FLOAT):
            raise UnsafeInput(
                "features", f"{key}{_ROWS}: expected {count} rows of float32; got {len(data)} bytes"
            )
        return np.frombuffer(data, "<f4").reshape(count, -1)

"""Stored covers, small enough for a page. The last ones are kept in memory, up to a size."""

import threading
from collections import OrderedDict
from typing import Final

from albumart.album import cover_key
from albumart.images import encode_jpeg, load_thumbnail
from albumart.stores.objects import ObjectStore

SIDES: Final = (96, 224, 640)
KEPT_BYTES: Final = 32 * 2**20
AT_ONCE: Final = 3  # decoded at the same time: a cover may have fifty megapixels


class Thumbnails:
    """``(sha256, side)`` → JPEG bytes."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def get(self, sha256: str, side: int) -> bytes:
        """The cover within a square of ``side``.

        Raises:
            NotFound: there is no such cover.
            UnsafeInput: it cannot be decoded.
        """
        with self._lock:
            if found := self._kept.get((sha256, side)):
                self._kept.move_to_end((sha256, side))
                return found
        with self._turns:
            made = encode_jpeg(load_thumbnail(self._objects.get(cover_key(sha256)), side))
        self._keep((sha256, side), made)
        return made

    def _keep(self, name: tuple[str, int], made: bytes) -> None:
        with self._lock:
            if name not in self._kept:
                self._kept[name] = made
                self._size += len(made)
            while self._size > KEPT_BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)

"""Covers of a manifest, decoded once into one mapped array of pixels."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from albumart.album import cover_key
from albumart.dataset.arrays import grow_array
from albumart.dataset.manifest import Manifest, Objects
from albumart.errors import UnsafeInput
from albumart.images import load_rgb


def image_cache(
    folder: Path,
    manifest: Manifest,
    objects: Objects,
    *,
    size: int,
    workers: int = 2,
    progress: Callable[[int], object] | None = None,
) -> NDArray[np.uint8]:
    """``(n, size, size, 3) uint8 RGB`` in the manifest's order, read-only and mapped.

    Built by ``workers`` threads on the first call and opened on every later one; see ``grow_array``
    for what happens at a kill, a full disk or a second builder.

    Raises:
        NotFound: a cover of the manifest is not in the store.
        UnsafeInput: with code ``digest`` if a stored cover is not the one that was stored.
    """
    covers = manifest.frame["cover_sha256"].tolist()
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:

        def blocks(start: int, stop: int) -> NDArray[np.uint8]:
            return _decode_block(pool, objects, covers[start:stop], size)

        return grow_array(
            folder / f"{manifest.digest}-{size}.npy",
            shape=(len(covers), size, size, 3),
            dtype=np.uint8,
            blocks=blocks,
            progress=progress,
        )


def _decode_block(
    pool: ThreadPoolExecutor, objects: Objects, covers: Sequence[str], size: int
) -> NDArray[np.uint8]:
    """Pixels of each cover; one that several albums share is fetched and decoded once."""
    distinct, place = np.unique(covers, return_inverse=True)
    pixels = pool.map(lambda sha256: decode_cover(objects, str(sha256), size), distinct)
    return np.stack(list(pixels))[place]


def decode_cover(objects: Objects, sha256: str, size: int) -> NDArray[np.uint8]:
    """``(size, size, 3) uint8 RGB`` of a stored cover.

    Raises:
        NotFound: it is not in the store.
        UnsafeInput: it cannot be decoded, or (code ``digest``) is not the one that was stored.
    """
    data = objects.get(cover_key(sha256))
    if (got := hashlib.sha256(data).hexdigest()) != sha256:
        raise UnsafeInput(
            "digest", f"cover {cover_key(sha256)}: expected bytes of that sha256; got {got}"
        )
    return load_rgb(data, size)

"""Backbone embeddings of covers, computed once for each cover and kept."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from albumart.errors import Diverged
from albumart.features.blocks import FeatureBlocks, Objects
from albumart.features.makers import Compute, FeatureSpec, find_maker
from albumart.features.rows import Append, CoverRows
from albumart.progress import progress_bar

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
ReadPixels = Callable[[NDArray[np.intp]], Pixels]
Block = TypeVar("Block")

BLOCK: Final = 64  # covers that are made safe at once, where a batch is smaller

log = logging.getLogger(__name__)


def embedding_folder(folder: Path, spec: FeatureSpec) -> Path:
    """Where in ``folder`` the features by ``spec`` are kept, whichever dataset they are for."""
    return folder / embedding_name(spec)


def embedding_name(spec: FeatureSpec) -> str:
    """Names everything that shapes the features, beside the pixels."""
    identity = spec.identity()
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    return f"{spec.model.backbone}-{spec.model.image_size}-{identity['maker']}-{digest}"


def compute_embeddings(
    read_pixels: ReadPixels,
    covers: Sequence[str],
    spec: FeatureSpec,
    folder: Path,
    objects: Objects | None = None,
) -> Floats:
    """``(n, d) float32`` features of ``covers``; only those that were never computed are.

    A killed run resumes; of two processes one computes and the other waits for it. Where nothing
    is missing, neither the network is built nor a pixel read.

    Args:
        read_pixels: numbers of covers, ascending → their ``(k, s, s, 3) uint8 RGB`` pixels; called
            from another thread, a block ahead. Of an array of pixels, its ``__getitem__``.
        covers: sha256 of each, in the order of the rows that are wanted; one may come again.
        spec: what shapes the features.
        folder: of all features.
        objects: where other machines may have put what they computed.

    Raises:
        PlatformError: the disk is full, or there is no such maker here.
        Diverged: a feature is no finite number.
    """
    rows = CoverRows(embedding_folder(folder, spec))
    if rows.missing(covers):
        with rows.locked():
            if objects is not None:
                _take_over(rows, FeatureBlocks(objects, rows.folder.name), covers, spec)
            missing = rows.missing(covers)  # another process may have computed them meanwhile
            if missing:
                _compute(rows, read_pixels, [covers[n] for n in missing], missing, spec)
    return rows.take(covers)


def _take_over(
    rows: CoverRows, blocks: FeatureBlocks, covers: Sequence[str], spec: FeatureSpec
) -> None:
    """Add the rows that other machines have made; none is asked for where none is missing."""
    missing = [covers[number] for number in rows.missing(covers)]
    with ExitStack() as stack:
        append: Append | None = None
        for names, values in blocks.take(missing) if missing else ():
            if append is None:
                append = stack.enter_context(rows.appending(values.shape[1], spec.identity()))
            append(names, values)


def _compute(
    rows: CoverRows,
    read_pixels: ReadPixels,
    names: Sequence[str],
    numbers: Sequence[int],
    spec: FeatureSpec,
) -> None:
    maker = find_maker(spec.maker)
    compute, width = maker.build(spec)
    batch = maker.batch()
    block = max(BLOCK, batch)
    blocks = [np.array(numbers[n : n + block], np.intp) for n in range(0, len(numbers), block)]
    with (
        rows.appending(width, spec.identity()) as append,
        progress_bar(f"features of {spec.model.backbone}", len(numbers)) as advance,
    ):
        for start, pixels in zip(
            range(0, len(names), block), read_ahead(read_pixels, blocks), strict=True
        ):
            values = in_batches(compute, pixels, batch)
            append(names[start : start + block], values)
            advance(len(values))


def read_ahead(read_pixels: Callable[[Block], Pixels], blocks: Sequence[Block]) -> Iterator[Pixels]:
    """The pixels of each block; while one is worked on, the next is read."""
    with ThreadPoolExecutor(1, thread_name_prefix="pixels") as reader:
        coming = reader.submit(read_pixels, blocks[0])
        for following in blocks[1:]:
            pixels = coming.result()
            coming = reader.submit(read_pixels, following)
            yield pixels
        yield coming.result()


def in_batches(compute: Compute, pixels: Pixels, batch: int) -> Floats:
    """``(n, d)`` features, computed ``batch`` covers at a time.

    Raises:
        Diverged: one is no finite number.
    """
    values = np.concatenate(
        [compute(pixels[start : start + batch]) for start in range(0, len(pixels), batch)]
    )
    if not np.isfinite(values).all():
        raise Diverged("expected finite features; got NaN or infinity: try precision float32")
    return values

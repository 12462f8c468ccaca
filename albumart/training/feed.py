"""Batches: which rows, in which order, changed how. A pure function of seed, epoch and number.

Nothing is kept between batches, so a training that was killed sees the same ones again, and two
threads may make two of them at once.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float32]
Inputs = NDArray[np.uint8] | NDArray[np.float32]
Rows = NDArray[np.intp]
Fed = Inputs | tuple[Inputs, ...]
Batch = tuple[Fed, Floats, Floats]

SHIFT: Final = 0.1  # share of the side by which an image is moved at most
WORKERS: Final = 2
QUEUE: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """What batches are made of.

    Attributes:
        inputs: pixels or features ``(n, …)``, and metadata ``(n, m)`` where there is some. They
            may be memory-mapped; only the rows of a batch are read, in the order they lie in.
        targets: ``(n, t)`` what the loss is told.
        weights: ``(n,)`` of each row in the loss.
        rows: row numbers that are used.
        batch_size: rows in a batch at most.
        augment: names of AUGMENTATIONS, in their order.
        sharers: devices that share each batch, whose rows are a multiple of theirs: an epoch in
            random order leaves out those that are over, others each time; one in order has them
            in its first batch.
    """

    inputs: tuple[Inputs, ...]
    targets: Floats
    weights: Floats
    rows: Rows
    batch_size: int
    augment: tuple[str, ...] = ()
    sharers: int = 1

    def __len__(self) -> int:
        """Batches in an epoch of training."""
        return self.batches(len(self.rows) - self._over)

    @property
    def _over(self) -> int:
        """Rows of an epoch that cannot be shared evenly."""
        return len(self.rows) % self.sharers if len(self.rows) > self.sharers else 0

    def batches(self, rows: int) -> int:
        """How many batches hold so many rows."""
        even = max(self.batch_size // self.sharers, 1) * self.sharers
        return math.ceil(rows / even)

    def in_order(self) -> "Epoch":
        """The rows as they are: for validation."""
        return Epoch(self, self.rows, None)

    def shuffled(self, *seed: int) -> "Epoch":
        """The rows in the order of ``seed``, augmented by it."""
        order = np.random.default_rng(seed).permutation(self.rows)
        return Epoch(self, order[self._over :], seed)

    def cycle(self, *seed: int) -> Iterator[Batch]:
        """Batches without end, each epoch in an order of its own."""
        epoch = 0
        while True:
            yield from self.shuffled(*seed, epoch)
            epoch += 1


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """The batches of one epoch, by number."""

    feed: Feed
    order: Rows
    seed: tuple[int, ...] | None

    def __len__(self) -> int:
        return self.feed.batches(len(self.order))

    def __iter__(self) -> Iterator[Batch]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> Batch:
        """Batch ``number``. All are of nearly the same size: none is too small to normalise by."""
        feed = self.feed
        start, stop = self._cut(number), self._cut(number + 1)
        rows = np.sort(self.order[start:stop])  # a mapped file is read forwards
        first, *others = (each[rows] for each in feed.inputs)
        if feed.augment and self.seed is not None:
            generator = np.random.default_rng((*self.seed, number))
            for name in feed.augment:
                first = AUGMENTATIONS[name](first, generator)
        fed: Fed = (first, *others) if others else first
        return fed, feed.targets[rows], feed.weights[rows]

    def _cut(self, number: int) -> int:
        """Where batch ``number`` begins."""
        each, over = divmod(len(self.order), self.feed.sharers)
        return number and over + number * each // len(self) * self.feed.sharers


def as_dataset(epoch: Epoch) -> "keras.utils.PyDataset":
    """``epoch`` as Keras reads it: threads make the next batches while the device computes."""
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(epoch)

        def __getitem__(self, index: int) -> Batch:
            return epoch[index]

    return Batches(workers=WORKERS, max_queue_size=QUEUE)


def _flip(images: Inputs, generator: np.random.Generator) -> Inputs:
    """Mirror every second image, left to right."""
    mirrored = generator.random(len(images)) < 0.5
    changed = images.copy()
    changed[mirrored] = images[mirrored, :, ::-1]
    return changed


def _shift(images: Inputs, generator: np.random.Generator) -> Inputs:
    """Move each image by up to a tenth either way; what is uncovered mirrors what lies beside."""
    height, width = images.shape[1:3]
    most = round(SHIFT * height), round(SHIFT * width)
    padded = np.pad(images, ((0, 0), (most[0],) * 2, (most[1],) * 2, (0, 0)), mode="reflect")
    changed = np.empty_like(images)
    tops = generator.integers(0, 2 * most[0] + 1, len(images))
    lefts = generator.integers(0, 2 * most[1] + 1, len(images))
    for image, source, top, left in zip(changed, padded, tops, lefts, strict=True):
        image[:] = source[top : top + height, left : left + width]
    return changed


AUGMENTATIONS: Final[Mapping[str, Callable[[Inputs, np.random.Generator], Inputs]]] = (
    MappingProxyType({"flip": _flip, "shift": _shift})
)


def balanced_weights(targets: Floats, rows: Rows) -> Floats:
    """``(n,)`` weights by which each class has the same say among ``rows``; their mean is 1.

    ``targets`` are one-hot.
    """
    classes = targets.argmax(axis=1)
    counts = np.bincount(classes[rows], minlength=targets.shape[1])
    each = np.divide(
        len(rows) / np.count_nonzero(counts), counts, out=np.zeros(len(counts)), where=counts > 0
    )
    return np.asarray(each[classes], dtype=np.float32)

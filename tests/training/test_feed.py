"""Batches: every row once, the same for the same seed, read forwards, changed only in training."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.training.feed import (
    AUGMENTATIONS,
    Batch,
    Feed,
    as_dataset,
    balanced_weights,
)


def make_feed(count: int, batch_size: int, augment: tuple[str, ...] = ()) -> Feed:
    numbers = np.arange(count, dtype=np.uint8)
    images = np.broadcast_to(numbers[:, None, None, None], (count, 10, 10, 3)).copy()
    images[:, :, 0] = 255
    targets = numbers[:, None].astype(np.float32)
    return Feed((images,), targets, targets[:, 0], np.arange(count), batch_size, augment)


def rows_of(batch: Batch) -> list[int]:
    return [int(number) for number in batch[1][:, 0]]


@given(count=st.integers(1, 200), batch_size=st.integers(1, 70), seed=st.integers(0, 99))
def test_an_epoch_has_each_row_once_in_batches_of_nearly_the_same_size(
    count: int, batch_size: int, seed: int
) -> None:
    feed = make_feed(count, batch_size)
    batches = [rows_of(batch) for batch in feed.shuffled(seed)]
    assert sorted(row for batch in batches for row in batch) == list(range(count))
    assert len(batches) == len(feed)
    sizes = {len(batch) for batch in batches}
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    assert all(batch == sorted(batch) for batch in batches)


@given(
    count=st.integers(1, 200),
    batch_size=st.integers(1, 70),
    sharers=st.integers(1, 8),
    seed=st.integers(0, 99),
)
def test_batches_can_be_shared_evenly(count: int, batch_size: int, sharers: int, seed: int) -> None:
    feed = replace(make_feed(count, batch_size), sharers=sharers)
    most = max(batch_size // sharers, 1) * sharers
    shuffled = [rows_of(batch) for batch in feed.shuffled(seed)]
    in_order = [rows_of(batch) for batch in feed.in_order()]
    assert [row for batch in in_order for row in batch] == list(range(count))
    used = [row for batch in shuffled for row in batch]
    assert len(set(used)) == len(used) > count - sharers
    for batch in [*shuffled, *in_order[1:]] if count > sharers else []:
        assert len(batch) % sharers == 0
    assert all(0 < len(batch) <= most for batch in [*shuffled, *in_order])


def test_the_seed_decides_order_and_change() -> None:
    feed = make_feed(50, 8, augment=("flip", "shift"))
    first, again, other = feed.shuffled(1, 2), feed.shuffled(1, 2), feed.shuffled(1, 3)
    assert all((a[0] == b[0]).all() for a, b in zip(first, again, strict=True))
    assert any(rows_of(a) != rows_of(b) for a, b in zip(first, other, strict=True))
    assert (first[3][0] == feed.shuffled(1, 2)[3][0]).all()  # out of turn, as threads ask


def test_rows_in_order_are_not_changed() -> None:
    feed = make_feed(20, 8, augment=("flip", "shift"))
    assert (np.concatenate([batch[0] for batch in feed.in_order()]) == feed.inputs[0]).all()


def test_metadata_comes_beside_the_images() -> None:
    feed = make_feed(20, 8)
    other = np.arange(40, dtype=np.float32).reshape(20, 2)
    both = Feed((*feed.inputs, other), feed.targets, feed.weights, feed.rows, 8)
    images, metadata = both.shuffled(0)[1][0]
    assert (images[:, 0, 1, 0] * 2 == metadata[:, 0]).all()


def test_a_cycle_deals_each_epoch_anew() -> None:
    cycle = make_feed(10, 10).cycle(0)
    first, second = next(cycle), next(cycle)
    assert sorted(rows_of(first)) == sorted(rows_of(second))
    orders = [make_feed(10, 5).shuffled(0, epoch).order.tolist() for epoch in range(2)]
    assert orders[0] != orders[1]


def test_keras_reads_the_same_batches() -> None:
    epoch = make_feed(20, 8).shuffled(3)
    dataset = as_dataset(epoch)
    assert len(dataset) == len(epoch)
    assert all((dataset[n][0] == epoch[n][0]).all() for n in range(len(epoch)))


@pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
def test_a_change_keeps_shape_and_kind_and_leaves_the_original(name: str) -> None:
    images = np.random.default_rng(0).integers(0, 255, (32, 20, 20, 3)).astype(np.uint8)
    before = images.copy()
    changed = AUGMENTATIONS[name](images, np.random.default_rng(1))
    assert (images == before).all()
    assert (changed.shape, changed.dtype) == (images.shape, images.dtype)
    assert (changed != images).any()


def test_flip_mirrors_some_and_leaves_the_others() -> None:
    images = np.random.default_rng(0).integers(0, 255, (64, 6, 6, 3)).astype(np.uint8)
    changed = AUGMENTATIONS["flip"](images, np.random.default_rng(1))
    same = [(a == b).all() for a, b in zip(changed, images, strict=True)]
    mirrored = [(a == b[:, ::-1]).all() for a, b in zip(changed, images, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert 20 < sum(mirrored) < 44


def test_shift_moves_by_a_tenth_at_most() -> None:
    images = np.zeros((40, 20, 20, 3), dtype=np.uint8)
    images[:, 10, 10] = 255
    changed = AUGMENTATIONS["shift"](images, np.random.default_rng(1))
    places = np.argwhere(changed[..., 0] == 255)[:, 1:]
    assert len(places) == 40
    assert set(np.abs(places - 10).ravel()) == {0, 1, 2}


def test_balanced_weights_give_each_class_the_same_say() -> None:
    targets = np.eye(3, dtype=np.float32)[[0, 0, 0, 1, 1, 1]]  # nothing is of the third
    rows = np.array([0, 1, 2, 3])
    weights = balanced_weights(targets, rows)
    assert weights[rows].mean() == pytest.approx(1)
    assert weights[:3].sum() == pytest.approx(weights[3])

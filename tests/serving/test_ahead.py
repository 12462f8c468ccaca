"""Threads work ahead, in order, and never far."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.serving.ahead import batches, map_ahead


@given(st.lists(st.integers(), max_size=40), st.integers(1, 4), st.integers(1, 8))
def test_results_come_in_the_order_of_their_items(
    items: list[int], threads: int, ahead: int
) -> None:
    assert list(map_ahead(lambda n: 2 * n, items, threads=threads, ahead=ahead)) == [
        2 * n for n in items
    ]


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_hold_every_item_once(items: list[int], size: int) -> None:
    found = list(batches(items, size))
    assert [item for batch in found for item in batch] == items
    assert all(len(batch) == size for batch in found[:-1])
    assert all(found)


def test_no_more_is_begun_than_may_wait() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for n in range(1_000):
            taken.append(n)
            yield n

    with closing(map_ahead(str, items(), threads=2, ahead=5)) as results:
        assert next(results) == "0"
        assert len(taken) == 6
        assert next(results) == "1"
        assert len(taken) == 7


def test_threads_work_while_results_are_used() -> None:
    both = threading.Barrier(2)
    results = map_ahead(lambda _: both.wait(30), range(2), threads=2, ahead=2)
    assert sorted(results) == [0, 1]


def test_an_error_comes_where_its_item_stands_and_ends_the_work() -> None:
    def work(n: int) -> int:
        if n == 2:
            raise OSError("broken")
        return n

    results = map_ahead(work, range(100), threads=2, ahead=4)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(OSError, match="broken"):
        next(results)
    assert list(results) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]

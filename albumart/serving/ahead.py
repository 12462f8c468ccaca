"""Work that threads do ahead of whoever takes the results, and never far ahead."""

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], *, threads: int, ahead: int
) -> Generator[Result, None, None]:
    """``work`` of each item, in their order, done by ``threads`` while the results are used.

    At most ``ahead`` items are begun or wait as results, so however many items there are, memory
    stays what it is. Closed early, it ends once the items that are being worked on are done.
    """
    rest = iter(items)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ahead")
    try:
        coming: deque[Future[Result]] = deque(
            pool.submit(work, item) for item in itertools.islice(rest, ahead)
        )
        while coming:
            result = coming.popleft().result()
            coming.extend(pool.submit(work, item) for item in itertools.islice(rest, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of ``size``; the last may be shorter."""
    rest = iter(items)
    while batch := list(itertools.islice(rest, size)):
        yield batch

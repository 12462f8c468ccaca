"""Another attempt, where another attempt may help."""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from albumart.errors import FetchError, Refused

# Another attempt in the same call cannot help these.
NOT_NOW: Final = frozenset({"timeout", "deferred", "robots_unreachable"})

T = TypeVar("T")


def retrying(
    call: Callable[[], T],
    *,
    attempts: int,
    sleep: Callable[[float], object] = time.sleep,
    has_progressed: Callable[[], bool] = lambda: False,
) -> T:
    """``call()``, tried again while it raises a FetchError that another attempt may cure.

    A task is a batch of some hundred covers, so what retries one address has to live here: a task
    that is run again would ask for all of them again. Attempts are counted anew after one that
    ``has_progressed``.
    """
    failed = 0
    while True:
        try:
            return call()
        except Refused:
            raise
        except FetchError as error:
            failed = 1 if has_progressed() else failed + 1
            if failed >= attempts or error.code in NOT_NOW:
                raise
            if error.retry_after is None:  # else the pacer holds the next attempt back
                sleep(backoff(failed))


def backoff(attempt: int) -> float:
    """Seconds to wait after a failed attempt (1, 2, …): 0.5 doubling, jittered by half."""
    return random.uniform(0.5, 1.5) * 0.5 * 2.0 ** (attempt - 1)  # noqa: S311 - not a secret

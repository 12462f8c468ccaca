"""Who may ask a source: of a live one, one asker at a time, on whichever machine.

The pace of a host is kept by the files of one machine; what keeps two machines from asking at once
is a concurrency limit on the Prefect server. Where that was not set up (``albumart automations
apply``) there is no second machine, and nobody is held up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from prefect.concurrency.sync import concurrency

from albumart.album import Origin
from albumart.sources import SOURCES

Asked = Literal["pages", "covers"]

# Of an asker that was killed, the turn is lost; so long it takes until the next one has it.
LEASE_SECONDS: Final = 60


def turn_name(source: str, asked: Asked) -> str:
    """Name of the limit on the Prefect server."""
    return f"albumart-{source}-{asked}"


def turn_names() -> list[str]:
    """Every such limit; each is one."""
    return [turn_name(source, asked) for source in SOURCES for asked in ("pages", "covers")]


@contextmanager
def own_turn(source: str, asked: Asked, origin: Origin) -> Iterator[None]:
    """Within the block, nobody else asks ``source``; made ones and recordings bear any number."""
    if origin is not Origin.LIVE:
        yield
        return
    # A server that is away for a while must not end a scrape of hours: the pace is kept all the
    # same by this machine.
    with concurrency(
        turn_name(source, asked),
        lease_duration=LEASE_SECONDS,
        raise_on_lease_renewal_failure=False,
    ):
        yield

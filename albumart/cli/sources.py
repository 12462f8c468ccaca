"""The polite client, for commands that need no Prefect."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from albumart.album import Origin

if TYPE_CHECKING:
    from albumart.http.client import PoliteClient


@contextmanager
def open_client(
    origin: Origin, mirror: str | None, *, longest_wait: float | None = None
) -> "Iterator[PoliteClient]":
    """A client for ``origin``: through ``mirror``, through a sandbox of its own, or live.

    ``longest_wait``: seconds that a host's pace may hold back a person who waits; by default as
    long as a scrape has.

    Raises:
        BadStudy: recorded answers are asked for, and nothing serves them.
    """
    from albumart.errors import BadStudy
    from albumart.http.client import PoliteClient
    from albumart.http.pacing import LONGEST_WAIT, Pacer
    from albumart.sandbox.process import sandbox_process
    from albumart.settings import load_settings

    settings = load_settings()
    mirror = mirror or settings.mirror
    with ExitStack() as stack:
        if origin is Origin.SANDBOX and not mirror:
            mirror = stack.enter_context(sandbox_process())
        if origin is Origin.RECORDED and not mirror:
            raise BadStudy("--origin recorded: expected --mirror, the address that serves them")
        patience = LONGEST_WAIT if longest_wait is None else longest_wait
        pacer = Pacer(settings.home / "pace", longest_wait=patience)
        yield stack.enter_context(PoliteClient(settings.contact, pacer=pacer, mirror=mirror))

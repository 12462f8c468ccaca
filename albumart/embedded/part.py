"""What a part of the platform is, and what it needs to know to be started."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from albumart.embedded.credentials import Credentials
from albumart.embedded.folder import PlatformFolder
from albumart.endpoints import Endpoints

# Children see the caller's environment without these: a variable meant for another Prefect, rclone
# or project must not move our parts elsewhere.
_FOREIGN = ("PREFECT_", "RCLONE_", "ALBUMART_")
_LOOPBACK = "127.0.0.1,localhost"


@dataclass(frozen=True, slots=True)
class Site:
    """Everything a part needs to know to be started; ``stays`` as in ``Order``."""

    folder: PlatformFolder
    ports: Mapping[str, int]
    credentials: Credentials
    endpoints: Endpoints
    stays: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A program to run, and how to tell that it serves.

    Attributes:
        probe: given when the part was started (seconds since the epoch), its version if it serves
            by now, else None. May take it a step nearer to serving.
        wants_others: started only when the parts before it serve.
        children_first: told to stop, its children are, so that they can say so themselves.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    probe: Callable[[float], str | None]
    port: int | None = None
    wants_others: bool = False
    children_first: bool = False
    start_seconds: float = 60
    stop_seconds: float = 10


def clean_environment(**extra: str) -> dict[str, str]:
    """The caller's environment without what is meant for others, with ``extra``; never by proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | _no_proxy() | extra


def data_folder(site: Site, part: str) -> Path:
    """Data folder of a part, made if it is not there."""
    path = site.folder.data(part)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _no_proxy() -> dict[str, str]:
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    exempt = f"{known},{_LOOPBACK}" if known else _LOOPBACK
    return {"no_proxy": exempt, "NO_PROXY": exempt}

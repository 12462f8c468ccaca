"""What the supervisor writes of itself for other processes to read: ``state.json``."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Final

from albumart.embedded.folder import PlatformFolder, write_private
from albumart.embedded.processes import (
    Identity,
    end_all,
    find_process,
    is_alive,
    with_descendants,
)

_log = logging.getLogger(__name__)

_LEFTOVER_GRACE: Final = 20.0  # seconds; a mongod may have much to write


class Phase(StrEnum):
    """Where a platform is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


class PartState(StrEnum):
    """How a part is."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"
    EXTERNAL = "external"  # the operator's own, by its address in the settings
    FAILED = "failed"  # ended too often, or its supervisor was killed


@dataclass(frozen=True, slots=True)
class PartRecord:
    """One part at one moment. ``started`` is seconds since the epoch."""

    state: PartState
    port: int | None = None
    version: str | None = None
    process: Identity | None = None
    started: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformState:
    """A platform at one moment.

    ``stays`` tells the platform that somebody brought ``up`` from one that goes with its last user.
    """

    phase: Phase
    stays: bool
    supervisor: Identity
    parts: Mapping[str, PartRecord] = field(default_factory=dict)

    @property
    def ports(self) -> dict[str, int]:
        """Port of each part that has one."""
        return {name: part.port for name, part in self.parts.items() if part.port is not None}


def write_state(folder: PlatformFolder, state: PlatformState) -> None:
    """Publish ``state`` as a whole."""
    write_private(folder.state, json.dumps(asdict(state), indent=2))


def read_state(folder: PlatformFolder) -> PlatformState | None:
    """What was last published; None where nothing readable was."""
    try:
        found = json.loads(folder.state.read_text(encoding="utf-8"))
        parts = {name: _part(record) for name, record in found["parts"].items()}
        supervisor = Identity(**found["supervisor"])
        return PlatformState(Phase(found["phase"]), found["stays"], supervisor, parts)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        _log.warning("%s is not readable (%s); taking it as empty", folder.state, error)
        return None


def live_state(folder: PlatformFolder) -> PlatformState | None:
    """State of the platform whose supervisor runs at this moment."""
    state = read_state(folder)
    return state if state is not None and is_alive(state.supervisor) else None


def end_leftovers(folder: PlatformFolder) -> bool:
    """End the parts of a supervisor that was killed; whether there were any. Needs the lock."""
    state = read_state(folder)
    if state is None:
        return False
    found = [
        (name, process)
        for name, part in reversed(list(state.parts.items()))
        if part.process is not None and (process := find_process(part.process)) is not None
    ]
    for name, process in found:
        _log.warning("%s: process %d is left of an earlier life; ending it", name, process.pid)
        family = with_descendants([process])
        end_all(family, _LEFTOVER_GRACE)
    return bool(found)


def part_now(process: Identity, port: int | None) -> PartRecord:
    """Record of a part that was started this moment."""
    return PartRecord(PartState.STARTING, port=port, process=process, started=time.time())


def _part(record: dict[str, object]) -> PartRecord:
    process = record.pop("process")
    identity = Identity(**process) if isinstance(process, dict) else None
    state = PartState(str(record.pop("state")))
    return PartRecord(state=state, process=identity, **record)  # type: ignore[arg-type]

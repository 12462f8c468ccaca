"""Looking at a platform from outside, and hurting it."""

import os
import signal
from pathlib import Path

import psutil

from albumart.embedded.folder import PlatformFolder
from albumart.embedded.processes import Identity
from albumart.embedded.state import PlatformState, live_state
from albumart.settings import Settings


def folder_of(settings: Settings) -> PlatformFolder:
    return PlatformFolder.of(settings.home)


def state_of(settings: Settings) -> PlatformState:
    state = live_state(folder_of(settings))
    assert state is not None
    return state


def process_of(settings: Settings, part: str) -> Identity:
    process = state_of(settings).parts[part].process
    assert process is not None
    return process


def all_processes(settings: Settings) -> list[Identity]:
    supervisor = state_of(settings).supervisor
    return [supervisor, *(process_of(settings, part) for part in state_of(settings).parts)]


def kill(identity: Identity) -> None:
    os.kill(identity.pid, signal.SIGKILL)


def command_lines(supervisor: Identity) -> str:
    process = psutil.Process(supervisor.pid)
    family = [process, *process.children(recursive=True)]
    return "\n".join(" ".join(member.cmdline()) for member in family)


def open_to_others(folder: Path) -> list[Path]:
    return [path for path in [folder, *folder.rglob("*")] if path.stat().st_mode & 0o077]

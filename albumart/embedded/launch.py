"""Getting a supervisor: wait for room, join the one that runs, or start one and hear its answer."""

import contextlib
import json
import logging
import select
import subprocess
import sys
from typing import Final

from albumart.embedded.folder import PlatformFolder
from albumart.embedded.logs import last_words, turn_log
from albumart.embedded.parts import Order
from albumart.embedded.processes import Identity, is_alive, wait_until
from albumart.embedded.state import PartState, Phase, PlatformState, live_state
from albumart.errors import PlatformError

_log = logging.getLogger(__name__)

# What a supervisor answers to its order.
READY: Final = "ready"
BUSY: Final = "busy"  # another supervisor has the folder
FAILED: Final = "failed"

STOP_SECONDS: Final = 90.0  # the patience of all parts together, and some
_START_SECONDS: Final = 300.0
_ROOM_SECONDS: Final = 60.0

_started: dict[int, "subprocess.Popen[bytes]"] = {}  # kept so that their exit is collected


def await_room(folder: PlatformFolder, order: Order) -> None:
    """Wait while there is a platform of others, to go with them, that lacks what we want."""

    def fits() -> bool:
        state = live_state(folder)
        return state is None or state.stays or not (order.stays or _missing(state, order))

    if not fits():
        _log.info("waiting for the end of a command that uses %s in its own way", folder.home)
    wait_until(fits, _ROOM_SECONDS, f"the end of the command that has {folder.home} for itself")


def ensure_running(folder: PlatformFolder, order: Order) -> PlatformState:
    """The platform with all that is ordered, started if there is none; PlatformError if not."""

    def running() -> PlatformState | None:
        state = live_state(folder)
        if state is None:
            _launch(folder, order)
            state = live_state(folder)
        return state if state is not None and _fits(folder, state, order) else None

    return wait_until(running, _START_SECONDS, f"the platform at {folder.home}")


def _fits(folder: PlatformFolder, state: PlatformState, order: Order) -> bool:
    """Whether all that is ordered serves; PlatformError where it never will."""
    if state.phase is not Phase.RUNNING:
        return False
    if missing := _missing(state, order):
        raise PlatformError(
            f"expected {', '.join(missing)} in the platform at {folder.home}; got one that was "
            "brought up without; run `albumart down`, then again"
        )
    for name in order.parts:
        if state.parts[name].state is PartState.FAILED:
            raise PlatformError(
                f"{state.parts[name].error}; after mending it, run `albumart down`, then again"
            )
    return all(state.parts[name].state is PartState.RUNNING for name in order.parts)


def _missing(state: PlatformState, order: Order) -> list[str]:
    return [name for name in order.parts if name not in state.parts]


def _launch(folder: PlatformFolder, order: Order) -> None:
    """Start a supervisor; returns when its platform serves, or when another one has the folder."""
    log_path = folder.log("supervisor")
    start = turn_log(log_path)
    log_path.touch(mode=0o600)
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "albumart.embedded.supervisor", str(folder.home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # ctrl-C is for us; it hears of our end by the lease
        )
    for pid, earlier in list(_started.items()):
        if earlier.poll() is not None:
            _started.pop(pid, None)
    _started[process.pid] = process
    try:
        answer = _converse(process, json.dumps(order.to_document()))
    except BaseException:
        process.terminate()
        raise
    if not answer:
        raise PlatformError(f"the supervisor: {last_words(log_path, start)} (log: {log_path})")
    outcome, detail = json.loads(answer)
    if outcome == FAILED:
        process.wait()
        raise PlatformError(detail)


def _converse(process: "subprocess.Popen[bytes]", order: str) -> bytes:
    """Hand over the order; the one line that comes back, empty if it ended without."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("expected pipes")
    with process.stdout:
        with contextlib.suppress(BrokenPipeError), process.stdin:  # its last words tell more
            process.stdin.write(f"{order}\n".encode())
        if not select.select([process.stdout], [], [], _START_SECONDS)[0]:
            raise PlatformError(f"the supervisor said nothing within {_START_SECONDS:.0f} s")
        return process.stdout.readline()


def await_end(supervisor: Identity) -> None:
    """Wait for the end of a supervisor that is on its way."""
    wait_until(lambda: not is_alive(supervisor), STOP_SECONDS, "the platform's end")
    if (process := _started.pop(supervisor.pid, None)) is not None:
        process.wait()

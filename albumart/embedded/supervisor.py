"""The process that keeps the platform: ``python -m albumart.embedded.supervisor``.

It reads one line from its input, the ``Order``, and writes one line to its output when the platform
serves or cannot. It holds the lock of its folder for its life, restarts a part that ends, and stops
all of them when it is told to or, if the platform does not stay, when its last user is gone: each
user holds a lease, which the kernel lets go however the user ends.
"""

import contextlib
import ctypes
import json
import logging
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from albumart.embedded.children import Child
from albumart.embedded.credentials import obtain_credentials
from albumart.embedded.folder import PlatformFolder, told_as_platform_error
from albumart.embedded.launch import BUSY, FAILED, READY
from albumart.embedded.locks import FileLock
from albumart.embedded.part import Site
from albumart.embedded.parts import KINDS, Order, with_embedded
from albumart.embedded.ports import obtain_ports
from albumart.embedded.processes import end_all, identity_of, wait_until, with_descendants
from albumart.embedded.state import (
    Phase,
    PlatformState,
    end_leftovers,
    write_state,
)
from albumart.errors import PlatformError

_log = logging.getLogger(__name__)

_TICK: Final = 0.25  # seconds between two looks at the lease
_LOCK_SECONDS: Final = 1.0
_STRANGER_SECONDS: Final = 5.0
_PR_SET_CHILD_SUBREAPER: Final = 36


class Leaving(Exception):
    """Told to stop, or left by the last user, while starting."""


class Supervisor:
    """The parts of one order, from their start to their end."""

    def __init__(self, order: Order, folder: PlatformFolder) -> None:
        self._order, self._folder = order, folder
        self._children: list[Child] = []
        self._lease = FileLock(folder.lease)
        self._told = False
        self._phase = Phase.STARTING
        self._published: PlatformState | None = None
        self._identity = identity_of(os.getpid())
        self._wakes = _wake_on_signals(self._tell)

    def bring_up(self) -> None:
        """Start every part; returns when all serve. PlatformError says which does not and why."""
        end_leftovers(self._folder)
        with told_as_platform_error(self._folder.home):
            self._children = self._plan()
        for wants_others in (False, True):
            wave = [c for c in self._children if c.part.wants_others is wants_others]
            for child in wave:
                child.start()
            self._publish()
            for child in wave:
                self._await(child)
        self._phase = Phase.RUNNING
        self._publish()
        _log.info("ready: %s", ", ".join(self._order.parts))

    def watch(self) -> None:
        """Keep the parts running until told to stop or left by the last user."""
        while not self._should_leave():
            readable, _, _ = select.select([self._wakes], [], [], _TICK)
            if readable:
                os.read(self._wakes, 4096)
            for child in self._children:
                child.watch()
            self._collect_strangers()
            self._publish()

    def take_down(self) -> None:
        """Stop every part, the last one started first, and whatever they left behind."""
        self._phase = Phase.STOPPING
        self._publish()
        for child in reversed(self._children):
            child.stop()
            self._end_strangers()
        self._phase = Phase.STOPPED
        self._publish()
        _log.info("stopped")

    def _plan(self) -> list[Child]:
        order, folder = self._order, self._folder
        credentials = obtain_credentials(folder)
        listening = tuple(name for name in order.parts if KINDS[name].find is not None)
        ports = obtain_ports(folder, listening, order.ports)
        endpoints = with_embedded(order.endpoints, ports, credentials)
        site = Site(folder, ports, credentials, endpoints, order.stays)
        return [Child(KINDS[name].build(site), folder) for name in KINDS if name in order.parts]

    def _await(self, child: Child) -> None:
        def serves() -> bool:
            if self._should_leave():
                raise Leaving
            if child.has_ended():
                raise PlatformError(child.obituary())
            return child.serves()

        seconds = child.part.start_seconds
        wait_until(serves, seconds, f"{child.part.name} to serve (log: {child.log})")
        _log.info("%s: serves", child.part.name)

    def _should_leave(self) -> bool:
        # Taken, the lease stays ours, so that newcomers wait for our end instead of moving in.
        return self._told or (not self._order.stays and self._lease.take())

    def _tell(self) -> None:
        self._told = True

    def _publish(self) -> None:
        parts = {child.part.name: child.record for child in self._children}
        state = PlatformState(self._phase, self._order.stays, self._identity, parts)
        if state == self._published:
            return
        try:
            write_state(self._folder, state)
        except OSError as error:
            _log.error("cannot write %s: %s", self._folder.state, error)
            return
        self._published = state

    def _end_strangers(self) -> None:
        """End what a part left running when it was killed, such as flow runs; ours by now."""
        own = {child.pid for child in self._children}
        strangers = [p for p in psutil.Process().children() if p.pid not in own]
        end_all(with_descendants(strangers), _STRANGER_SECONDS)

    def _collect_strangers(self) -> None:
        own = {child.pid for child in self._children}
        with contextlib.suppress(ChildProcessError):
            while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if ended.si_pid in own:
                    return
                os.waitpid(ended.si_pid, 0)


def main() -> int:
    """Serve one order; the exit code is 0 unless the platform could not start."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    _adopt_orphans()
    order = Order.from_document(json.loads(sys.stdin.readline()))
    folder = PlatformFolder.of(Path(order.home))
    lock = FileLock(folder.lock)
    try:
        wait_until(lock.take, _LOCK_SECONDS, "the lock of the folder")
    except PlatformError:
        _tell_caller(BUSY)
        return 0
    return _serve(Supervisor(order, folder))


def _serve(supervisor: Supervisor) -> int:
    outcome, detail = READY, ""
    try:
        supervisor.bring_up()
        _tell_caller(READY)
        supervisor.watch()
    except Leaving:
        outcome, detail = FAILED, "told to stop while starting"
    except PlatformError as error:
        outcome, detail = FAILED, str(error)
        _log.error("cannot start: %s", error)
    finally:
        supervisor.take_down()
    if outcome == READY:
        return 0
    _tell_caller(outcome, detail)
    return 1


def _tell_caller(outcome: str, detail: str = "") -> None:
    with contextlib.suppress(BrokenPipeError):  # the caller may have been killed
        os.write(sys.stdout.fileno(), f"{json.dumps([outcome, detail])}\n".encode())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _adopt_orphans() -> None:
    """Become the parent of what our children leave behind, so that we can end and collect it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wake_on_signals(tell: Callable[[], None]) -> int:
    """Call ``tell`` when asked to end. The pipe returned wakes a select, also when a child ends."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: tell())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


if __name__ == "__main__":
    sys.exit(main())

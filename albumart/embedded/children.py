"""One part as the supervisor's child: its process, its health, and how often it may fail."""

import logging
import signal
import subprocess
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil

from albumart.embedded.folder import PlatformFolder
from albumart.embedded.logs import last_words, turn_log
from albumart.embedded.part import Part
from albumart.embedded.processes import end_all, identity_of, with_descendants
from albumart.embedded.state import PartRecord, PartState, part_now
from albumart.errors import PlatformError

_log = logging.getLogger(__name__)

# Seconds to wait before each restart; a part that ends once more within the memory has failed.
RESTART_DELAYS: Final = (0.1, 1.0, 5.0, 15.0, 30.0)
_MEMORY: Final = 600.0
# A part that runs but does not serve may only be busy: two CPUs, and a training on both.
_PATIENCE: Final = 4
_PROBE_INTERVAL: Final = 30.0
_ORPHAN_SECONDS: Final = 2.0


class Child:
    """A part and its process. Not thread-safe; the supervisor has one thread."""

    def __init__(self, part: Part, folder: PlatformFolder) -> None:
        self.part = part
        self.log: Path = folder.log(part.name)
        self.record = PartRecord(PartState.STOPPED, port=part.port)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._ends: deque[float] = deque(maxlen=len(RESTART_DELAYS) + 1)
        self._restart_at = 0.0
        self._probe_at = 0.0
        self._silent = 0

    @property
    def pid(self) -> int | None:
        """Id of its process, if one was started."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process; ``serves`` tells when it is ready."""
        self._log_start = turn_log(self.log)
        self._process = self._spawn()
        self.record = part_now(identity_of(self._process.pid), self.part.port)
        _log.info("%s: started as process %d", self.part.name, self._process.pid)

    def serves(self) -> bool:
        """Whether it is ready; asks it, and may take it a step nearer."""
        version = self.part.probe(self.record.started or 0.0)
        if version is None:
            return False
        self.record = replace(self.record, state=PartState.RUNNING, version=version)
        self._silent, self._probe_at = 0, time.monotonic() + _PROBE_INTERVAL
        return True

    def has_ended(self) -> bool:
        """Whether its process is gone; collects it."""
        return self._process is not None and self._process.poll() is not None

    def obituary(self) -> str:
        """Why its process ended, in one line, and where to read more."""
        code = self._process.returncode if self._process else 0
        if code < 0:
            name = signal.Signals(-code).name
            return f"{self.part.name} was ended by a signal, {name} (log: {self.log})"
        words = last_words(self.log, self._log_start)
        return f"{self.part.name} ended with code {code}: {words} (log: {self.log})"

    def watch(self) -> None:
        """Restart it where it ended or fell silent; one step, called again and again."""
        if self.record.state is PartState.FAILED:
            return
        if self._process is None:
            self._restart_when_due()
        elif self.has_ended():
            self._forgive(self.obituary())
        elif self.record.state is PartState.STARTING:
            self._await_service(self._process)
        elif time.monotonic() >= self._probe_at:
            self._check_health(self._process)

    def stop(self) -> None:
        """End it and all that it started."""
        if self._process is not None and not self.has_ended():
            _log.info("%s: stopping", self.part.name)
            self._end(self._process)
        self._process = None
        if self.record.state is not PartState.FAILED:
            self.record = PartRecord(PartState.STOPPED, port=self.part.port)

    def _spawn(self) -> subprocess.Popen[bytes]:
        try:
            with self.log.open("ab") as log:
                return subprocess.Popen(
                    self.part.command,
                    env=dict(self.part.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise PlatformError(
                f"{self.part.name}: expected a program that runs here; "
                f"got {error.filename}: {error.strerror}"
            ) from None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        part, *offspring = with_descendants([psutil.Process(process.pid)])
        if self.part.children_first:
            end_all(offspring, self.part.stop_seconds)
        end_all([part], self.part.stop_seconds)
        end_all(offspring, _ORPHAN_SECONDS)
        process.poll()

    def _forgive(self, error: str) -> None:
        """Plan the restart after one more end, or give up."""
        now = time.monotonic()
        self._process, self._silent = None, 0
        self._ends.append(now)
        recent = sum(now - end < _MEMORY for end in self._ends)
        if recent > len(RESTART_DELAYS):
            self.record = replace(
                self.record, state=PartState.FAILED, process=None, version=None, error=error
            )
            _log.critical("%s; %d times, giving up", error, recent)
            return
        delay = RESTART_DELAYS[recent - 1]
        self._restart_at = now + delay
        self.record = replace(self.record, state=PartState.STARTING, process=None, error=error)
        _log.error("%s; restarting in %.1f s", error, delay)

    def _restart_when_due(self) -> None:
        if time.monotonic() < self._restart_at:
            return
        try:
            self.start()
        except PlatformError as error:
            self._forgive(str(error))

    def _await_service(self, process: subprocess.Popen[bytes]) -> None:
        late = time.time() - (self.record.started or 0.0) > self.part.start_seconds
        if self._serves():
            _log.info("%s: serves again", self.part.name)
        elif late:
            _log.error("%s: does not serve; ending it", self.part.name)
            self._end(process)

    def _serves(self) -> bool:
        try:
            return self.serves()
        except PlatformError as error:
            _log.warning("%s: %s", self.part.name, error)
            return False

    def _check_health(self, process: subprocess.Popen[bytes]) -> None:
        self._log_start = min(self._log_start, turn_log(self.log))
        self._probe_at = time.monotonic() + _PROBE_INTERVAL
        if self._serves():
            return
        self._silent += 1
        _log.warning("%s: no answer (%d of %d)", self.part.name, self._silent, _PATIENCE)
        if self._silent >= _PATIENCE:
            self._end(process)

"""The sandbox as a child process, which ends when its parent does."""

import logging
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from albumart.errors import PlatformError
from albumart.sandbox.real import RealSite

log = logging.getLogger(__name__)

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0


@contextmanager
def sandbox_process(
    *, real: Path | None = None, seed: int = 0, scale: float = 1.0
) -> Iterator[str]:
    """Run a sandbox beside this process while the block runs; yield its address.

    Raises:
        NotFound: ``real`` is no folder of recorded data.
        PlatformError: the child did not start.
    """
    if real:
        RealSite(real)  # a wrong folder is said here, as itself
    arguments = ["--real", str(real)] if real else ["--seed", str(seed), "--scale", str(scale)]
    with tempfile.TemporaryFile() as complaints:
        child = subprocess.Popen(
            [sys.executable, "-m", "albumart.sandbox", "--until-eof", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,  # Ctrl-C is for the parent, which then ends the child
        )
        try:
            yield _read_address(child, complaints)
        finally:
            _end(child)


def _read_address(child: subprocess.Popen[bytes], complaints: IO[bytes]) -> str:
    assert child.stdout is not None  # noqa: S101
    ready, _, _ = select.select([child.stdout], [], [], START_SECONDS)
    line = child.stdout.readline().decode().strip() if ready else ""
    if line:
        return line
    complaints.seek(0)
    said = complaints.read().decode(errors="replace").strip().splitlines() or ["nothing"]
    raise PlatformError(
        f"sandbox: expected its address within {START_SECONDS:.0f} s; got: {said[-1]}"
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None  # noqa: S101
    child.stdin.close()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        log.warning("the sandbox (pid %d) did not end by itself and is killed", child.pid)
        child.kill()
        child.wait()

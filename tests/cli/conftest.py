"""``albumart`` as a user types it, but in this process: most of a command's time is its imports."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from albumart.cli import main

Typed = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Typed]:
    """``typed("data", "status", ALBUMART_HOME="x")``: how it ended and what it said."""
    # Which file descriptor 2 is stays pytest's affair.
    monkeypatch.setattr("albumart.cli.output._keep_native_noise_off_the_terminal", lambda: None)
    monkeypatch.chdir(tmp_path)

    def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        os.environ.update({"ALBUMART_HOME": str(tmp_path / "home"), "COLUMNS": "100"} | environment)
        monkeypatch.setattr(sys, "argv", ["albumart", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return subprocess.CompletedProcess(words, int(ended.value.code or 0), told.out, told.err)

    logger, on_term = logging.getLogger("albumart"), signal.getsignal(signal.SIGTERM)
    handlers, level = list(logger.handlers), logger.level
    with mock.patch.dict(os.environ):
        yield run
    logger.handlers[:] = handlers
    logger.setLevel(level)
    signal.signal(signal.SIGTERM, on_term)

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from albumart.errors import NotFound, PlatformError
from albumart.sandbox import process
from albumart.sandbox.bandcamp import LIST_PATH
from albumart.sandbox.process import sandbox_process
from albumart.sandbox.site import MadeSite

Ask = Callable[..., Any]
LISTING = f"/raw.githubusercontent.com{LIST_PATH}"
PARENT = """
import sys
from albumart.sandbox.process import sandbox_process
with sandbox_process(scale=0.01) as url:
    sys.stdout.write(url + "\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def test_a_child_serves_the_same_bytes_and_ends_with_the_block(
    site: MadeSite, ask_url: Ask
) -> None:
    with sandbox_process(seed=3, scale=0.1) as url:
        assert ask_url(url + LISTING).body == site.bandcamp_list.body
    with pytest.raises(ConnectionRefusedError):
        connect(url)


def test_real_files_in_a_child(tmp_path: Path, ask_url: Ask) -> None:
    (tmp_path / "bandcamp").mkdir()
    (tmp_path / "bandcamp" / "dataset-links.tsv").write_text("x\ty\n")
    with sandbox_process(real=tmp_path) as url:
        assert ask_url(url + LISTING).body == b"x\ty\n"


def test_a_wrong_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--real DIR"), sandbox_process(real=tmp_path):
        pass


def test_a_child_that_cannot_start_says_why() -> None:
    with (
        pytest.raises(PlatformError, match=r"got: .*expected a number above 0"),
        sandbox_process(scale=-1),
    ):
        pass


def test_a_child_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch, ask_url: Ask) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.2)
    with sandbox_process(scale=0.01) as url:
        child = process_of(url, ask_url)
        os.kill(child, signal.SIGSTOP)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def process_of(url: str, ask_url: Ask) -> int:
    import psutil

    assert ask_url(f"{url}/_sandbox/faults").status == 200
    return next(
        child.pid
        for child in psutil.Process().children()
        if any(f":{one.laddr.port}" in url for one in child.net_connections())
    )


def test_killing_the_parent_ends_the_child() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    url = parent.stdout.readline().decode().strip()
    with connect(url) as held:
        parent.kill()
        assert held.recv(1) == b""  # the child hangs up as it ends
    parent.communicate()
    with pytest.raises(ConnectionRefusedError):
        connect(url)

"""``albumart serve`` as an operator types it."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from albumart.cli.app import app
from albumart.cli.serve import read_token
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError

TOKEN = "a-token-of-some-length"


def test_an_address_that_others_reach_is_refused_without_a_token() -> None:
    result = CliRunner().invoke(app, ["serve", "--host", "0.0.0.0"])
    assert isinstance(result.exception, PlatformError)
    assert "a token is needed" in str(result.exception)


def test_the_token_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    assert read_token(None) is None
    with pytest.raises(PlatformError, match="cannot read"):
        read_token(path)
    path.write_text("\n")
    with pytest.raises(PlatformError, match="it is empty"):
        read_token(path)
    path.write_text(f"{TOKEN}\nrest")
    assert read_token(path) == TOKEN


def test_it_answers_until_it_is_stopped(own_endpoints: Endpoints, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        **own_endpoints.as_environment(),
        "ALBUMART_HOME": str(tmp_path / "home"),
        "ALBUMART_WEB_TOKEN": TOKEN,
    }
    command = [sys.executable, "-m", "albumart", "serve", "--port", "0", "--host", "127.0.0.1"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().partition(" ")[0].strip()
        assert address.startswith("http://127.0.0.1:"), server.stderr and server.stderr.read()
        with urllib.request.urlopen(f"{address}/api/v1/health", timeout=20) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{address}/api/v1/studies", timeout=20)
        taken = subprocess.run(
            [*command[:5], address.rpartition(":")[2]],
            env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert taken.returncode == 1
        assert "is the port taken?" in taken.stderr
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
    assert TOKEN not in taken.stderr

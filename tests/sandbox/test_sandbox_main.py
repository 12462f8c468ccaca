import io
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from albumart.sandbox.__main__ import main
from albumart.sandbox.server import Sandbox


@pytest.fixture(autouse=True)
def _ended_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))


def test_the_address_is_the_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    fault = '{"kind": "html", "match": "/"}'
    assert main(["--scale", "0.01", "--until-eof", "--fault", fault]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("http://127.0.0.1:")
    assert (out.count("\n"), err) == (1, "")


def test_errors_are_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--real", str(tmp_path), "--until-eof"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "--real DIR" in err


def test_a_taken_port(capsys: pytest.CaptureFixture[str], sandbox: Sandbox) -> None:
    port = urlsplit(sandbox.url).port
    assert main(["--scale", "0.01", "--port", str(port)]) == 1
    assert f"port {port}; got: the port is taken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "0"], "expected a number above 0"),
        (["--scale", "nan"], "expected a number above 0"),
        (["--fault", '{"kind": "fire", "match": "/"}'], "expected one of status"),
        (["--fault", "{"], "Expecting property name"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err


def test_an_interrupt_ends_it_quietly() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "albumart.sandbox", "--scale", "0.01"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout.readline().startswith(b"http://127.0.0.1:")
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=20) == (b"", b"")
    assert child.returncode == 0

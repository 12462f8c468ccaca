"""The supervisor with one odd part in place of the real ones, so that it can be hurt at leisure."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from albumart.embedded.folder import PlatformFolder
from albumart.embedded.parts import Order
from albumart.embedded.processes import Identity, find_process, identity_of, is_alive, wait_until
from albumart.embedded.state import PartState, Phase, read_state
from albumart.endpoints import Endpoints, S3Endpoint

SCRIPT = """
import sys
from pathlib import Path
from albumart.embedded import children, part, parts, supervisor

shell, answers = sys.argv[1], Path(sys.argv[2])

def probe(started):
    return answers.read_text() if answers.exists() else None

def build(site):
    return part.Part("odd", ("sh", "-c", shell), part.clean_environment(), probe,
                     start_seconds=1, stop_seconds=1)

supervisor.KINDS = {"odd": parts.Kind(build)}
children.RESTART_DELAYS = (0.0, 0.0)
children._PROBE_INTERVAL = 0.05
children._PATIENCE = 2
sys.exit(supervisor.main())
"""


class Odd:
    """A supervisor of one ``sh -c`` that serves while a file is there."""

    def __init__(self, folder: PlatformFolder, *, serves: bool = True) -> None:
        self.folder, self.answers = folder, folder.home / "answers"
        self.process: subprocess.Popen[bytes] | None = None
        if serves:
            self.answers.write_text("1.0")

    def start(self, shell: str, *, stays: bool = True) -> "subprocess.Popen[bytes]":
        s3 = S3Endpoint(None, "b", "r", None, None)
        order = Order(str(self.folder.home), ("odd",), stays, Endpoints("", "d", s3))
        with self.folder.log("supervisor").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, shell, str(self.answers)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order.to_document()).encode() + b"\n")
        self.process.stdin.close()
        return self.process

    def answer(self) -> list[str]:
        assert self.process is not None
        assert self.process.stdout is not None
        found: list[str] = json.loads(self.process.stdout.readline())
        return found

    def record(self) -> Any:
        state = read_state(self.folder)
        return None if state is None else state.parts.get("odd")

    def log(self) -> str:
        return self.folder.log("supervisor").read_text()


@pytest.fixture
def odd(folder: PlatformFolder) -> Iterator[Odd]:
    found = Odd(folder)
    yield found
    if found.process is not None:
        assert found.process.stdout is not None
        found.process.terminate()
        found.process.wait(10)
        found.process.stdout.close()


def test_ready_then_told_to_stop(odd: Odd) -> None:
    process = odd.start("exec sleep 60")
    assert odd.answer() == ["ready", ""]
    part = odd.record().process
    assert odd.record().version == "1.0"
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert not is_alive(part)
    state = read_state(odd.folder)
    assert state is not None
    assert state.phase is Phase.STOPPED
    assert state.parts["odd"].state is PartState.STOPPED


def test_a_second_one_leaves_the_folder_alone(odd: Odd) -> None:
    odd.start("exec sleep 60")
    assert odd.answer() == ["ready", ""]
    second = Odd(odd.folder)
    with second.start("exec sleep 60") as process:
        assert second.answer() == ["busy", ""]
        assert process.wait(10) == 0
    assert is_alive(odd.record().process)


def test_without_users_it_goes_at_once(odd: Odd) -> None:
    process = odd.start("exec sleep 60", stays=False)
    assert odd.answer()[0] == "failed"
    assert process.wait(10) == 1


def test_told_to_stop_while_it_starts(folder: PlatformFolder) -> None:
    odd = Odd(folder, serves=False)
    with odd.start("exec sleep 60") as process:
        wait_until(odd.record, 10, "the part's start")
        process.terminate()
        assert odd.answer()[0] == "failed"
        assert process.wait(10) == 1
    assert odd.record().state is PartState.STOPPED


def test_a_part_that_never_serves(folder: PlatformFolder) -> None:
    odd = Odd(folder, serves=False)
    with odd.start("exec sleep 60"):
        outcome, why = odd.answer()
    assert outcome == "failed"
    assert "odd to serve" in why
    assert str(folder.log("odd")) in why


def test_a_part_that_ends_at_once(folder: PlatformFolder) -> None:
    odd = Odd(folder, serves=False)
    with odd.start("echo bad luck; exit 3"):
        outcome, why = odd.answer()
    assert outcome == "failed"
    assert why == f"odd ended with code 3: bad luck (log: {folder.log('odd')})"


def test_a_program_that_is_not_there(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    odd.start("exec sleep 60")
    assert odd.answer() == [
        "failed",
        "odd: expected a program that runs here; got sh: No such file or directory",
    ]


def test_a_part_that_ends_again_and_again_has_failed(odd: Odd) -> None:
    odd.start("echo something is wrong; exec sleep 0.2")
    assert odd.answer() == ["ready", ""]
    wait_until(lambda: odd.record().state is PartState.FAILED, 20, "the supervisor giving up")
    assert "ended with code 0: something is wrong" in odd.record().error
    assert "3 times, giving up" in odd.log()
    assert odd.process is not None
    assert odd.process.poll() is None


def test_a_silent_part_is_started_again(odd: Odd) -> None:
    odd.start("exec sleep 60")
    assert odd.answer() == ["ready", ""]
    first = odd.record().process
    odd.answers.unlink()
    wait_until(lambda: odd.record().process not in {first, None}, 20, "a restart")
    odd.answers.write_text("2.0")
    wait_until(lambda: odd.record().version == "2.0", 20, "the new one to serve")
    assert not is_alive(first)
    assert "no answer (2 of 2)" in odd.log()


def test_a_restarted_part_that_does_not_serve_is_ended(odd: Odd) -> None:
    odd.start("exec sleep 60")
    assert odd.answer() == ["ready", ""]
    odd.answers.unlink()
    wait_until(lambda: odd.record().state is PartState.FAILED, 20, "the supervisor giving up")
    assert "does not serve; ending it" in odd.log()


def test_what_a_killed_part_leaves_is_collected_and_ended(odd: Odd, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    odd.start(f"(sleep 60 & sleep 0.1 & echo $!; exec sleep 61) > {pids} & exec sleep 62")
    assert odd.answer() == ["ready", ""]
    assert odd.process is not None
    part = psutil.Process(odd.record().process.pid)
    wait_until(lambda: len(part.children(recursive=True)) >= 2, 10, "its children")
    left = [identity_of(child.pid) for child in part.children(recursive=True)]
    os.kill(part.pid, signal.SIGKILL)
    wait_until(lambda: find_process(left[0]) is not None, 10, "orphans")
    wait_until(lambda: "SIGKILL" in odd.log(), 10, "its end to be seen")
    odd.process.terminate()
    odd.process.wait(15)
    assert not any(map(is_alive, left))


def test_an_ended_orphan_does_not_stay_a_zombie(odd: Odd) -> None:
    odd.start("(sh -c 'sleep 1 & exec sleep 0.1') & exec sleep 60")
    assert odd.answer() == ["ready", ""]
    assert odd.process is not None
    supervisor = psutil.Process(odd.process.pid)
    part = odd.record().process.pid

    def strangers() -> list[Identity]:
        return [identity_of(c.pid) for c in supervisor.children() if c.pid != part]

    wait_until(strangers, 10, "an orphan")
    wait_until(lambda: not strangers(), 10, "its collection")


def test_leftovers_of_a_killed_supervisor_are_ended(odd: Odd) -> None:
    first = odd.start("exec sleep 60")
    assert odd.answer() == ["ready", ""]
    left = odd.record().process
    first.kill()
    first.wait(10)
    assert first.stdout is not None
    first.stdout.close()
    assert is_alive(left)
    odd.start("exec sleep 60")
    assert odd.answer() == ["ready", ""]
    assert not is_alive(left)
    assert "left of an earlier life" in odd.log()

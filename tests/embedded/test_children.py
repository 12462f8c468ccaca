import sys
from collections.abc import Iterator

import pytest

from albumart.embedded import children
from albumart.embedded.children import Child
from albumart.embedded.folder import PlatformFolder
from albumart.embedded.part import Part
from albumart.embedded.processes import identity_of, is_alive, wait_until
from albumart.embedded.state import PartState
from albumart.errors import PlatformError

FAMILY = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("child told", flush=True), sys.exit()))
print("up", flush=True)
time.sleep(60)
'''])
signal.signal(signal.SIGTERM, lambda *_: (child.kill(), print("part told", flush=True), sys.exit()))
child.wait()
time.sleep(60)
"""


def part(*command: str, children_first: bool = False) -> Part:
    return Part("odd", command, {}, lambda _: "1", children_first=children_first)


@pytest.fixture
def started() -> Iterator[list[Child]]:
    found: list[Child] = []
    yield found
    for child in found:
        child.stop()


@pytest.mark.parametrize("children_first", [False, True])
def test_offspring_may_be_told_first(
    children_first: bool, folder: PlatformFolder, started: list[Child]
) -> None:
    child = Child(part(sys.executable, "-c", FAMILY, children_first=children_first), folder)
    started.append(child)
    child.start()
    wait_until(lambda: "up" in child.log.read_text(), 10, "the family")
    child.stop()
    assert ("child told" in child.log.read_text()) is children_first
    assert ("part told" in child.log.read_text()) or children_first


def test_stopping_what_never_started(folder: PlatformFolder) -> None:
    child = Child(part("true"), folder)
    child.stop()
    assert child.pid is None
    assert not child.has_ended()


def test_a_program_that_cannot_be_restarted_counts_as_ended(
    folder: PlatformFolder, monkeypatch: pytest.MonkeyPatch, started: list[Child]
) -> None:
    monkeypatch.setattr(children, "RESTART_DELAYS", (0.0,))
    child = Child(part("/nonexistent/program"), folder)
    with pytest.raises(PlatformError, match="/nonexistent/program"):
        child.start()
    for _ in range(3):
        child.watch()
    assert child.record.state is PartState.FAILED
    child.watch()  # and stays so
    child.stop()
    assert child.record.state is PartState.FAILED


def test_a_restart_waits_for_its_time(
    folder: PlatformFolder, monkeypatch: pytest.MonkeyPatch, started: list[Child]
) -> None:
    monkeypatch.setattr(children, "RESTART_DELAYS", (60.0,))
    child = Child(part("true"), folder)
    started.append(child)
    child.start()
    wait_until(child.has_ended, 10, "its end")
    for _ in range(3):
        child.watch()
    assert child.pid is None
    assert child.record.state is PartState.STARTING


def test_a_probe_that_refuses_is_no_answer(folder: PlatformFolder, started: list[Child]) -> None:
    def refuse(_: float) -> str:
        raise PlatformError("the password is lost")

    child = Child(Part("odd", ("sleep", "60"), {}, refuse), folder)
    started.append(child)
    child.start()
    process = identity_of(child.pid or 0)
    child.watch()
    assert child.record.state is PartState.STARTING
    child.stop()
    assert not is_alive(process)

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from albumart.embedded.processes import (
    Identity,
    end_all,
    find_process,
    identity_of,
    is_alive,
    wait_until,
    with_descendants,
)
from albumart.errors import PlatformError

STUBBORN = """
import signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "60"])
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def stubborn() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_is_known_by_id_and_birth() -> None:
    me = identity_of(os.getpid())
    assert is_alive(me)
    assert not is_alive(Identity(me.pid, me.created - 100))  # the id was given out again
    assert find_process(me) is not None


def test_the_ended_are_not_alive_even_before_they_are_collected() -> None:
    process = subprocess.Popen(["sleep", "60"])
    identity = identity_of(process.pid)
    process.kill()
    wait_until(lambda: not is_alive(identity), 5, "its end")
    process.wait()
    assert not is_alive(identity)


def test_the_stubborn_are_killed_with_their_children(
    stubborn: "subprocess.Popen[bytes]",
) -> None:
    family = with_descendants([psutil.Process(stubborn.pid)])
    assert len(family) == 2
    end_all(family, 0.2)
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)
    end_all(family, 0.2)  # again: harmless


def test_the_family_of_the_ended_is_empty() -> None:
    process = subprocess.Popen(["true"])
    gone = psutil.Process(process.pid)
    process.wait()
    assert with_descendants([gone]) == []
    end_all([gone], 1)


def test_waiting_ends_with_the_answer_or_the_deadline() -> None:
    answers = iter([None, 0, "here"])
    assert wait_until(lambda: next(answers), 5, "an answer") == "here"
    began = time.monotonic()
    with pytest.raises(PlatformError, match="within 0 s: the moon"):
        wait_until(lambda: None, 0.1, "the moon")
    assert time.monotonic() - began < 2

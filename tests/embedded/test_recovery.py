"""Killed with -9: the user, the supervisor, a part."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from looking import all_processes, folder_of, kill, process_of, state_of

from albumart.embedded.platform import current_endpoints, down, open_platform, status, up
from albumart.embedded.processes import is_alive, wait_until
from albumart.embedded.state import PartState, live_state
from albumart.settings import Settings
from albumart.stores.mongodb import connect

USER = """
import sys
from pathlib import Path
from albumart.embedded.platform import open_platform
from albumart.settings import Settings
with open_platform(Settings(home=Path(sys.argv[1]), prefect_api_url=sys.argv[2])):
    print("open", flush=True)
    sys.stdin.read()
"""


def start_user(settings: Settings) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(settings.home), settings.prefect_api_url or ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_user_takes_its_platform_along(settings: Settings) -> None:
    with start_user(settings) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "open\n"
        processes = all_processes(settings)
        user.kill()
    wait_until(lambda: not any(map(is_alive, processes)), 15, "the end of the platform")
    assert "stopped" in folder_of(settings).log("supervisor").read_text()  # cleanly


def test_a_user_killed_while_it_starts(settings: Settings) -> None:
    folder = folder_of(settings)
    with start_user(settings) as user:
        wait_until(lambda: live_state(folder), 30, "a supervisor")
        processes = all_processes(settings)
        user.kill()
    wait_until(lambda: not any(map(is_alive, processes)), 15, "the end of the platform")


def test_recovery_from_a_killed_supervisor_and_a_killed_mongod(settings: Settings) -> None:
    up(settings)
    endpoints = current_endpoints(settings)
    assert endpoints is not None
    with connect(endpoints.mongodb_uri) as client:
        client.albumart.things.insert_one({"_id": 1})
    before = all_processes(settings)
    kill(state_of(settings).supervisor)
    wait_until(lambda: live_state(folder_of(settings)) is None, 10, "the supervisor's end")
    assert {p.state for p in status(settings) if p.managed} == {PartState.FAILED}
    assert current_endpoints(settings) is None

    up(settings)
    assert not any(map(is_alive, before))
    assert current_endpoints(settings) == endpoints

    mongod = process_of(settings, "mongodb")
    kill(mongod)

    def is_back() -> bool:
        part = state_of(settings).parts["mongodb"]
        return part.state is PartState.RUNNING and part.process != mongod

    wait_until(is_back, 20, "mongod again")
    with open_platform(settings) as again, connect(again.mongodb_uri) as client:
        assert client.albumart.things.count_documents({}) == 1
    assert "restarting in" in folder_of(settings).log("supervisor").read_text()


def test_down_ends_what_a_killed_supervisor_left(settings: Settings) -> None:
    up(settings)
    processes = all_processes(settings)
    kill(state_of(settings).supervisor)
    wait_until(lambda: live_state(folder_of(settings)) is None, 10, "the supervisor's end")
    assert down(settings)
    assert not any(map(is_alive, processes))
    assert not down(settings)


def test_ctrl_c_while_it_starts(settings: Settings) -> None:
    threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), open_platform(settings):
        pass
    wait_until(lambda: live_state(folder_of(settings)) is None, 20, "the end of the platform")
    log = folder_of(settings).log("supervisor")
    wait_until(lambda: not log.read_text() or "stopped" in log.read_text(), 20, "a clean end")


def test_a_state_that_cannot_be_written_is_not_the_end(settings: Settings) -> None:
    up(settings)
    folder = folder_of(settings)
    supervisor, mongod = state_of(settings).supervisor, process_of(settings, "mongodb")
    folder.state.unlink()
    folder.state.mkdir()  # what a full disk would do, as far as writing goes
    kill(mongod)
    wait_until(lambda: "cannot write" in folder.log("supervisor").read_text(), 10, "the trouble")
    folder.state.rmdir()
    wait_until(lambda: live_state(folder), 10, "the state to be written after all")
    assert state_of(settings).supervisor == supervisor

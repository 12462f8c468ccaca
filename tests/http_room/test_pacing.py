import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from albumart.errors import FetchError, PlatformError
from albumart.http import pacing
from albumart.http.pacing import Pace, Pacer

INTERVAL = 0.05
WORKER = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from albumart.http.pacing import Pace, Pacer
pacer = Pacer(Path(sys.argv[1]))
def turn(_):
    with pacer.slot("example.test", Pace(interval=float(sys.argv[2]))):
        return time.monotonic()
with ThreadPoolExecutor(2) as pool:
    print(*pool.map(turn, range(6)))
"""
HOLDER = """
import sys, time
from pathlib import Path
from albumart.http.pacing import Pace, Pacer
with Pacer(Path(sys.argv[1])).slot("example.test", Pace()):
    print("held", flush=True)
    time.sleep(60)
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def gaps(starts: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(sorted(starts))]


def test_threads_keep_the_interval(pacer: Pacer) -> None:
    def turn(_: int) -> float:
        with pacer.slot("example.test", Pace(INTERVAL, concurrency=4)):
            return time.monotonic()

    with ThreadPoolExecutor(4) as pool:
        starts = list(pool.map(turn, range(8)))
    assert min(gaps(starts)) >= INTERVAL
    assert max(starts) - min(starts) < 7 * INTERVAL * 3


def test_processes_keep_the_interval_together(tmp_path: Path) -> None:
    workers = [start(WORKER, tmp_path, INTERVAL) for _ in range(2)]
    starts = [float(text) for worker in workers for text in worker.communicate()[0].split()]
    assert len(starts) == 12
    assert min(gaps(starts)) >= INTERVAL


@pytest.mark.parametrize("is_answered", [True, False])
def test_the_interval_counts_from_when_the_host_has_seen_the_request(
    pacer: Pacer, is_answered: bool
) -> None:
    with pacer.slot("example.test", Pace(INTERVAL)) as turn:
        seen_at = time.monotonic() + (INTERVAL if is_answered else 0)
        turn.answered_at = seen_at if is_answered else None
    with pacer.slot("example.test", Pace(INTERVAL)):
        assert time.monotonic() >= seen_at + INTERVAL


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_than_agreed_are_in_flight(pacer: Pacer, concurrency: int) -> None:
    lock, flying, highest = threading.Lock(), 0, 0
    full = threading.Event()

    def turn(_: int) -> None:
        nonlocal flying, highest
        with pacer.slot("example.test", Pace(concurrency=concurrency)):
            with lock:
                flying += 1
                highest = max(highest, flying)
                if flying == concurrency:
                    full.set()
            assert full.wait(10)
            with lock:
                flying -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(turn, range(16)))
    assert highest == concurrency


def test_hosts_do_not_wait_for_each_other(pacer: Pacer) -> None:
    with pacer.slot("a.test", Pace(60.0)), pacer.slot("b.test", Pace(60.0)):
        pass


def test_a_killed_process_gives_its_slot_back(tmp_path: Path) -> None:
    with start(HOLDER, tmp_path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        eager = Pacer(tmp_path, longest_wait=0.1)
        with pytest.raises(FetchError, match="turn"), eager.slot("example.test", Pace()):
            pass
        os.kill(holder.pid, signal.SIGKILL)
    with Pacer(tmp_path, longest_wait=10).slot("example.test", Pace()):
        pass


@pytest.mark.parametrize("pace", [None, Pace(), Pace(0.01)])
def test_a_pause_holds_every_pacer_of_the_folder(tmp_path: Path, pace: Pace | None) -> None:
    Pacer(tmp_path).pause("example.test", 0.2)
    until = time.monotonic() + 0.19
    with Pacer(tmp_path).slot("example.test", pace):
        assert time.monotonic() >= until


def test_a_shorter_pause_does_not_end_a_longer_one(pacer: Pacer) -> None:
    pacer.pause("example.test", 3600)
    pacer.pause("example.test", 0)
    with pytest.raises(FetchError), pacer.slot("example.test", None):
        pass


@pytest.mark.parametrize("pace", [None, Pace()])
def test_a_long_wait_is_deferred_at_once(pacer: Pacer, pace: Pace | None) -> None:
    pacer.pause("example.test", 16 * 60)
    began = time.monotonic()
    with pytest.raises(FetchError) as caught, pacer.slot("example.test", pace):
        pass
    assert caught.value.code == "deferred"
    assert caught.value.retry_after == pytest.approx(16 * 60, abs=5)
    assert time.monotonic() - began < 5


def test_times_of_before_a_restart_mean_nothing(
    pacer: Pacer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pacer.pause("example.test", 3600)
    monkeypatch.setattr(pacing, "_boot_id", lambda: bytes(16))
    with pacer.slot("example.test", None), pacer.slot("example.test", Pace(0.01)):
        pass


def test_a_slot_is_free_after_an_error(pacer: Pacer) -> None:
    def fail() -> None:
        with pacer.slot("example.test", Pace(0.001)):
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            fail()


@pytest.mark.parametrize("name", ["../../escape", "A B", "x" * 250, "", "é"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    with Pacer(tmp_path / "pace").slot(name, Pace(0.001)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["pace"]


def test_crawl_delay_only_slows() -> None:
    assert Pace(2.0).at_least(1.0) == Pace(2.0)
    assert Pace(0.5, 2).at_least(1.0) == Pace(1.0, 2)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PlatformError, match="ALBUMART_HOME"):
        Pacer(tmp_path / "file" / "pace")


def test_the_files_are_private(pacer: Pacer, tmp_path: Path) -> None:
    with pacer.slot("example.test", Pace(0.001)):
        pass
    modes: Callable[[Path], int] = lambda path: path.stat().st_mode & 0o077  # noqa: E731
    assert [modes(path) for path in (tmp_path / "pace").iterdir()] == [0, 0]

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from http_room import ONCE, Shelf
from hypothesis import given
from hypothesis import strategies as st

from albumart.errors import FetchError, PlatformError
from albumart.http import pacing
from albumart.http.client import PoliteClient
from albumart.http.pacing import LONGEST_DELAY, PROMPT, Pace, Pacer, slowed
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox
from albumart.sandbox.wire import PLAIN, tagged

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


CLIENT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from pathlib import Path
from albumart.http import dialing
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.http.pacing import Pace, Pacer
folder, port, interval, count = sys.argv[1:]
real = dialing.connect
dialing.connect = lambda a, p, seconds: real(ip_address("127.0.0.1"), int(port), seconds)
policy = FetchPolicy(pace=Pace(float(interval)), robots=False)
resolve = lambda host: [ip_address("93.184.216.34")]
with PoliteClient("me@example.org", pacer=Pacer(Path(folder)), resolve=resolve) as client:
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(2) as pool:
        urls = ["http://x.test/example.test/x"] * int(count)
        assert all(pool.map(lambda url: client.get(url, policy).body == b"x", urls))
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


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


def test_processes_keep_the_pace_as_the_host_sees_it(
    sandbox: Sandbox, shelf: Shelf, tmp_path: Path
) -> None:
    """Three processes of two workers; ``python -m benchmarks.pace`` is the long form."""
    shelf.answers["/x"] = tagged(b"x", PLAIN)
    interval, port = 0.1, urlsplit(sandbox.url).port
    workers = [start(CLIENT, tmp_path, port, interval, 4) for _ in range(3)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.communicate("go\n")
    seen = [request.at for request in sandbox.requests.all()]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert len(seen) == 12
    assert min(gaps(seen)) >= interval
    assert max(seen) - min(seen) < 11 * interval * 2


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


LATENCIES = st.floats(0, 100)


class TestSlowing:
    @pytest.mark.parametrize(
        ("delay", "latency", "concurrency", "is_well", "expected"),
        [
            (0.0, 0.001, 1, True, 0.0),
            (0.0, PROMPT, 1, True, 0.0),
            (0.0, 3.0, 1, True, 3.0),  # at once
            (0.0, 3.0, 2, True, 1.5),
            (3.0, 0.6, 1, True, 1.8),  # by half
            (3.0, 0.1, 1, True, 1.5),
            (0.0015, 0.1, 1, True, 0.0),  # in the end, not at all
            (3.0, 0.1, 1, False, 3.0),  # errors come quickly
            (0.0, 3.0, 1, False, 3.0),
            (0.0, 1000.0, 1, True, LONGEST_DELAY),
        ],
    )
    def test_follows_the_latency(
        self, delay: float, latency: float, concurrency: int, is_well: bool, expected: float
    ) -> None:
        assert slowed(delay, latency, concurrency, is_well=is_well) == pytest.approx(expected)

    @given(st.floats(0, LONGEST_DELAY), LATENCIES, st.integers(1, 8), st.booleans())
    def test_has_its_bounds(
        self, delay: float, latency: float, concurrency: int, is_well: bool
    ) -> None:
        after = slowed(delay, latency, concurrency, is_well=is_well)
        assert 0 <= after <= LONGEST_DELAY
        assert is_well or after >= delay
        if latency > PROMPT:
            assert after >= min(latency / concurrency, LONGEST_DELAY)

    @given(LATENCIES, st.integers(1, 8))
    def test_settles_at_the_latency_and_ends_with_it(
        self, latency: float, concurrency: int
    ) -> None:
        target = min(latency / concurrency, LONGEST_DELAY) if latency > PROMPT else 0.0
        delay = 0.0
        for _ in range(3):
            delay = slowed(delay, latency, concurrency, is_well=True)
        assert delay == pytest.approx(target)
        for _ in range(16):
            delay = slowed(delay, 0.01, concurrency, is_well=True)
        assert delay == 0

    @pytest.fixture
    def prompt(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pacing, "PROMPT", 0.05)

    @pytest.mark.usefixtures("prompt")
    @pytest.mark.parametrize("concurrency", [1, 2])
    def test_a_slow_host_is_asked_less_often_until_it_recovers(
        self, sandbox: Sandbox, shelf: Shelf, paced: PoliteClient, concurrency: int
    ) -> None:
        shelf.answers["/x"] = tagged(b"x", PLAIN)
        policy = replace(ONCE, pace=Pace(0.0, concurrency))
        latency = 0.2

        def ask(times: int) -> list[float]:
            sandbox.requests.clear()
            for _ in range(times):
                paced.get("http://x.test/example.test/x", policy)
            return gaps([request.at for request in sandbox.requests.all()])

        assert min(ask(5)) < latency / 4
        sandbox.faults.add(Fault("late:0.2", "/example.test/", times=3))
        assert min(ask(3)) >= latency + latency / concurrency
        assert max(ask(2)) >= latency / concurrency / 2
        assert any(max(ask(2)) < latency / 4 for _ in range(50))

    @pytest.mark.usefixtures("prompt")
    @pytest.mark.parametrize("kind", ["status:503", "status:429", "drop"])
    def test_quick_errors_do_not_hasten_it(
        self, sandbox: Sandbox, shelf: Shelf, paced: PoliteClient, kind: str
    ) -> None:
        shelf.answers["/x"] = tagged(b"x", PLAIN)
        for fault in ("late:0.15", kind, kind, kind):
            sandbox.faults.add(Fault(fault, "/example.test/"))
        for _ in range(4):
            with contextlib.suppress(FetchError):
                paced.get("http://x.test/example.test/x", ONCE)
        seen = [request.at for request in sandbox.requests.all()]
        assert min(gaps(seen)) >= 0.15

    @pytest.mark.usefixtures("prompt")
    def test_a_request_without_an_answer_slows_too(
        self, sandbox: Sandbox, paced: PoliteClient
    ) -> None:
        sandbox.faults.add(Fault("silent:5", "/example.test/"))
        for _ in range(2):
            with contextlib.suppress(FetchError):
                paced.get("http://x.test/example.test/x", replace(ONCE, deadline=0.2))
        first, second = (request.at for request in sandbox.requests.all())
        assert second - first >= 0.4 - 0.01

    @pytest.mark.usefixtures("prompt")
    def test_is_shared_by_all_pacers_of_the_folder(self, tmp_path: Path) -> None:
        with Pacer(tmp_path).slot("example.test", Pace()) as turn:
            turn.asked_at -= 0.3
        ended = time.monotonic()
        with Pacer(tmp_path).slot("example.test", Pace(concurrency=2)):
            assert time.monotonic() >= ended + 0.29

    def test_a_prompt_host_is_not_slowed_at_all(
        self,
        shelf: Shelf,
        paced: PoliteClient,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Not even a time is written down; ``python -m benchmarks.pace`` shows the figures."""
        monkeypatch.setattr(pacing, "PROMPT", 5.0)
        shelf.answers["/x"] = tagged(b"x", PLAIN)
        policy = replace(ONCE, pace=Pace(0.0, concurrency=2))
        with ThreadPoolExecutor(2) as pool:
            urls = ["http://x.test/example.test/x"] * 50
            assert all(pool.map(lambda url: paced.get(url, policy).body == b"x", urls))
        assert (tmp_path / "pace" / "x.test").read_bytes() == b""


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PlatformError, match="ALBUMART_HOME"):
        Pacer(tmp_path / "file" / "pace")


def test_the_files_are_private(pacer: Pacer, tmp_path: Path) -> None:
    with pacer.slot("example.test", Pace(0.001)):
        pass
    modes: Callable[[Path], int] = lambda path: path.stat().st_mode & 0o077  # noqa: E731
    assert [modes(path) for path in (tmp_path / "pace").iterdir()] == [0, 0, 0]

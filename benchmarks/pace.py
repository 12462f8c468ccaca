"""The pace of one host as the host sees it, and what slowing for slow hosts costs a fast one.

``python -m benchmarks.pace`` asks a sandbox host 200 times at one request a second from three
processes of two workers each: every gap ≥ 1.000 s, at most 210 s in all (199 are the ideal).
"""

import argparse
import itertools
import json
import math
import multiprocessing
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Protocol
from unittest.mock import patch
from urllib.parse import urlsplit

from albumart.http import dialing, pacing
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.http.pacing import Pace, Pacer
from albumart.sandbox.process import sandbox_process

HOST: Final = "f1.bcbits.com"
# A live client knows no mirror, which would lift the pace: it is told that this name is at a public
# address, and each connection to that ends at the sandbox, which reads the host from the path.
URL: Final = f"http://paced.example/{HOST}/robots.txt"
PUBLIC: Final = ip_address("93.184.216.34")
LATE: Final = 0.2  # seconds that a slow host takes


@dataclass(frozen=True)
class Plan:
    """``requests`` at one per ``interval`` seconds from ``processes`` of ``workers`` threads."""

    requests: int = 200
    interval: float = 1.0
    processes: int = 3
    workers: int = 2

    def share(self, process: int) -> int:
        """How many requests a process makes."""
        return len(range(process, self.requests, self.processes))


class Barrier(Protocol):
    """Where all processes wait for each other."""

    def wait(self) -> int:
        """Wait for the last one."""
        ...


@contextmanager
def live_client(port: int, folder: Path) -> Iterator[PoliteClient]:
    """A client that keeps every pace, with each of its connections ending at ``port``."""
    real = dialing.connect

    def connect(address: object, port_: int, seconds: float) -> dialing.DeadlineSocket:
        return real(ip_address("127.0.0.1"), port, seconds)

    with (
        patch.object(dialing, "connect", connect),
        PoliteClient("me@example.org", pacer=Pacer(folder), resolve=lambda _: [PUBLIC]) as client,
    ):
        yield client


def work(plan: Plan, process: int, port: int, folder: Path, barrier: Barrier) -> None:
    """What each process does."""
    policy = FetchPolicy(pace=Pace(plan.interval), robots=False)
    with live_client(port, folder) as client, ThreadPoolExecutor(plan.workers) as pool:
        barrier.wait()
        asked = [pool.submit(client.get, URL, policy) for _ in range(plan.share(process))]
        assert {one.result().status for one in asked} == {200}


def arrivals(plan: Plan) -> list[float]:
    """When the host saw each request, by its own record."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(plan.processes, timeout=60)
    with sandbox_process(scale=0.01) as url, tempfile.TemporaryDirectory() as folder:
        rest = (urlsplit(url).port, Path(folder), barrier)
        children = [
            context.Process(target=work, args=(plan, number, *rest))
            for number in range(plan.processes)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join()
        assert [child.exitcode for child in children] == [0] * plan.processes
        with urllib.request.urlopen(f"{url}/_sandbox/requests") as answer:
            return sorted(seen["at"] for seen in json.load(answer)["requests"])


def print_pace(plan: Plan) -> None:
    """Measure ``plan`` and print its gaps."""
    seen = arrivals(plan)
    gaps = [later - earlier for earlier, later in itertools.pairwise(seen)]
    total, ideal = seen[-1] - seen[0], plan.interval * (plan.requests - 1)
    print(
        f"{len(seen)} requests, {plan.processes} processes × {plan.workers} workers, one per "
        f"{plan.interval:g} s: gaps {min(gaps):.4f} to {max(gaps):.4f} s, total {total:.2f} s, "
        f"lost {total - ideal:.2f} s of {ideal:.1f} ({(total - ideal) / ideal:.1%})"
    )


def print_slowing() -> None:
    """Print what slowing costs a fast host (nothing) and spares a slow one."""
    for name, late, count, rounds in (("fast", 0.0, 1000, 9), (f"{LATE:g} s late", LATE, 12, 1)):
        with sandbox_process(scale=0.01) as url:
            if late:
                _add_fault(url, {"kind": f"late:{late}", "match": "/", "times": None})
            for at_once in (1, 2):
                pairs = [_slowed_and_not(url, count, at_once) for _ in range(rounds)]
                rate = statistics.median(ours for ours, _ in pairs)
                ratio = statistics.median(ours / plain for ours, plain in pairs)
                print(f"{name} host, {at_once} at once, slowed by latency: {rate:.1f}/s", end=", ")
                print(f"{ratio:.2f} × the rate without")


def _slowed_and_not(url: str, count: int, at_once: int) -> tuple[float, float]:
    """Requests a second where answers are late after half of LATE, and where none ever is."""
    with patch.object(pacing, "PROMPT", LATE / 2):
        ours = _rate(url, count, at_once)
    with patch.object(pacing, "PROMPT", math.inf):
        return ours, _rate(url, count, at_once)


def _rate(url: str, count: int, at_once: int) -> float:
    port = urlsplit(url).port
    assert port
    policy = FetchPolicy(pace=Pace(0.0, at_once), robots=False)
    with (
        tempfile.TemporaryDirectory() as folder,
        live_client(port, Path(folder)) as client,
        ThreadPoolExecutor(at_once) as pool,
    ):
        list(pool.map(lambda _: client.get(URL, policy), range(at_once)))  # connect
        began = time.perf_counter()
        list(pool.map(lambda _: client.get(URL, policy), range(count)))
        return count / (time.perf_counter() - began)


def _add_fault(url: str, fault: dict[str, object]) -> None:
    body = json.dumps(fault).encode()
    request = urllib.request.Request(f"{url}/_sandbox/faults", data=body, method="POST")
    urllib.request.urlopen(request).close()


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pace", description=__doc__)
    parser.add_argument("--requests", type=int, default=Plan.requests)
    parser.add_argument("--interval", type=float, default=Plan.interval)
    parser.add_argument("--processes", type=int, default=Plan.processes)
    parser.add_argument("--workers", type=int, default=Plan.workers)
    parser.add_argument("--slowing", action="store_true", help="measure slowing instead")
    asked = parser.parse_args()
    if asked.slowing:
        print_slowing()
    else:
        print_pace(Plan(asked.requests, asked.interval, asked.processes, asked.workers))


if __name__ == "__main__":
    main()

"""A running server under load: how long one waits for a verdict, and what a crowd gets.

    ALBUMART_HOME=… python -m benchmarks.serve --study bandcamp-genre

``albumart serve`` is started on the platform of that home, whose study has a champion, and asked
over HTTP with made JPEGs of 1000 pixels a side: once while all is cold, then one request after the
other, plain and with an overlay, and then by so many clients at once. Printed: times, what the
crowd was answered, and the greatest memory of the server's process.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpx
import psutil

from benchmarks.decode import made_jpegs

ROUNDS: Final = 15
PAUSE: Final = 0.5  # seconds between requests: one client may send two covers a second


@dataclass(frozen=True, slots=True)
class Served:
    """Where it answers for a study, and its process."""

    judge: str
    process: psutil.Process

    def ask(self, cover: bytes, *, explain: bool = False) -> tuple[int, float]:
        """The status, and how many seconds it took."""
        fields = {"explain": "true"} if explain else {}
        started = time.perf_counter()
        answer = httpx.post(
            self.judge, files={"covers": ("made.jpg", cover)}, data=fields, timeout=120
        )
        return answer.status_code, time.perf_counter() - started

    def memory(self) -> int:
        """MiB that the process holds."""
        return int(self.process.memory_info().rss / 2**20)


@contextmanager
def serving(study: str) -> Iterator[Served]:
    """``albumart serve`` until the end of the block."""
    command = [sys.executable, "-m", "albumart", "serve", "--port", "0", "--study", study]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[0]
            judge = f"{address}/api/v1/studies/{study}/judge"
            yield Served(judge, psutil.Process(process.pid))
        finally:
            process.terminate()


def print_waits(served: Served, covers: list[bytes], *, explain: bool) -> None:
    """One request after the other."""
    spent = []
    for number in range(ROUNDS):
        time.sleep(PAUSE)
        status, seconds = served.ask(covers[number % len(covers)], explain=explain)
        assert status == 200, status
        spent.append(1000 * seconds)
    what = "labels and overlay" if explain else "labels alone"
    print(f"{what:<20} median {statistics.median(spent):6.0f} ms, slowest {max(spent):6.0f} ms")


def print_crowd(served: Served, covers: list[bytes], clients: int) -> None:
    """So many requests at the same moment."""
    most, before = 0, served.memory()
    with ThreadPoolExecutor(clients) as pool:
        waiting = [
            pool.submit(served.ask, covers[number % len(covers)]) for number in range(clients)
        ]
        while not all(one.done() for one in waiting):
            most = max(most, served.memory())
            time.sleep(0.01)
    answers = [one.result() for one in waiting]
    counts = Counter(status for status, _ in answers)
    told = ", ".join(f"{n} × {status}" for status, n in sorted(counts.items()))
    slowest = max(seconds for _, seconds in answers)
    print(f"{clients} at once          {told}; the last after {slowest:.1f} s")
    print(f"memory               {before} MiB before, at most {most} MiB under the crowd")


def main() -> None:
    """Start it, ask, and stop it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", default="bandcamp-genre")
    parser.add_argument("--clients", type=int, default=100)
    given = parser.parse_args()
    covers = made_jpegs(1000)
    with serving(given.study) as served:
        status, seconds = served.ask(covers[0])
        print(f"the first request    {1000 * seconds:.0f} ms ({status})")
        print_waits(served, covers, explain=False)
        print_waits(served, covers, explain=True)
        print_crowd(served, covers, given.clients)


if __name__ == "__main__":
    main()

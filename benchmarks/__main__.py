"""``make bench``: run every benchmark and print its ratios.

A benchmark times us and a peer in turn, several rounds, and prints the median of the rounds'
ratios: absolute figures drift with the machine, ratios hold. The pace of a host is measured in its
short form; ``python -m benchmarks.pace`` is the long one.
"""

import statistics
import time
from collections.abc import Callable

from benchmarks.decode import BENCHMARKS as DECODE
from benchmarks.pace import Plan, print_pace, print_slowing

ROUNDS = 5


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    """Warm up, then time ours and the peer's in turn."""
    for name, (ours, peer, count) in DECODE.items():
        ours(), peer()
        rounds = [(seconds(ours), seconds(peer)) for _ in range(ROUNDS)]
        ratio = statistics.median(theirs / mine for mine, theirs in rounds)
        rate = count / statistics.median(mine for mine, _ in rounds)
        print(f"{name:<52}{rate:9.0f}/s  {ratio:6.2f} × the peer")
    print_pace(Plan(requests=20, interval=0.1))
    print_slowing()


if __name__ == "__main__":
    main()

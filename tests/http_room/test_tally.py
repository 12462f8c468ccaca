"""How often hosts were asked: added up by threads and processes."""

import contextlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from albumart.errors import FetchError
from albumart.http.pacing import Pace, Pacer
from albumart.http.tally import HostTally, add_to_tally, read_tallies


def test_a_folder_where_nobody_was_asked_has_none(tmp_path: Path) -> None:
    assert read_tallies(tmp_path / "nowhere") == {}


def test_threads_and_processes_add_to_the_same_numbers(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from albumart.http.tally import *\n"
        "for _ in range(50): add_to_tally(Path(sys.argv[1]), 'a.test', HostTally(requests=1))"
    )
    path = tmp_path / "a.test"
    with subprocess.Popen([sys.executable, "-c", script, path]), ThreadPoolExecutor(4) as pool:
        for _ in range(200):
            pool.submit(add_to_tally, path, "a.test", HostTally(requests=1, waited=0.5))
    found = read_tallies(tmp_path)["a.test"]
    assert (found.requests, found.waited) == (250, 100.0)


@pytest.mark.parametrize("pace", [None, Pace(), Pace(interval=0.05)])
def test_each_turn_is_counted_with_what_it_took(tmp_path: Path, pace: Pace | None) -> None:
    pacer = Pacer(tmp_path)
    for is_well in (True, True, False):
        with pacer.slot("A host of an odd name/", pace) as turn:
            turn.is_well = is_well
    with contextlib.suppress(RuntimeError), pacer.slot("b.test", pace):
        raise RuntimeError
    (odd, found), (other, failed) = read_tallies(tmp_path).items()
    assert (odd, other) == ("A host of an odd name/", "b.test")
    assert (found.requests, found.failures, failed.failures) == (3, 1, 1)
    assert found.waited >= (0.09 if pace and pace.interval else 0)
    assert found.asked > 0


def test_pauses_and_what_they_put_off_are_counted(tmp_path: Path) -> None:
    pacer = Pacer(tmp_path, longest_wait=0.0)
    pacer.pause("a.test", 60)
    for pace in (None, Pace()):
        with pytest.raises(FetchError), pacer.slot("a.test", pace):
            pass
    found = read_tallies(tmp_path)["a.test"]
    assert (found.pauses, found.deferred, found.requests) == (1, 2, 0)

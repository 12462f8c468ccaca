import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from albumart.dataset.arrays import grow_array
from albumart.errors import PlatformError

SHAPE = (20, 3, 2)

# A process that builds the array of SHAPE in blocks of 4. It says which block it begins, and waits
# for a line before each of them.
BUILDER = """
import logging, resource, signal, sys
from pathlib import Path
import numpy as np
from albumart.dataset.arrays import grow_array
from albumart.errors import PlatformError

logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stdout)
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

def blocks(start, stop):
    print("begins", start, flush=True)
    sys.stdin.readline()
    return np.arange(start * 6, stop * 6, dtype=np.int32).reshape(-1, 3, 2)

try:
    array = grow_array(Path(sys.argv[1]), shape=(20, 3, 2), dtype=np.int32, blocks=blocks, block=4)
    print("sum", int(array.sum()), flush=True)
except PlatformError as error:
    print("error", error, flush=True)
"""


@contextmanager
def builder(path, *limits):
    # Coverage's record of a process that is killed would be a broken file.
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    process = subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(path), *map(str, limits)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=quiet,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def go_on(process, lines=1):
    process.stdin.write("\n" * lines)
    process.stdin.flush()


def rows(start, stop):
    return np.arange(start * 6, stop * 6, dtype=np.int32).reshape(-1, 3, 2)


class Blocks:
    """Makes the rows, and remembers which it was asked for."""

    def __init__(self, make=rows):
        self.make, self.asked = make, []

    def __call__(self, start, stop):
        self.asked.append((start, stop))
        return self.make(start, stop)


def grow(path, blocks, *, shape=SHAPE, **options):
    return grow_array(path, shape=shape, dtype=np.int32, blocks=blocks, block=4, **options)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "x.npy"


def stopped_after(path, count):
    """Leaves a partial of ``count`` blocks, by an error in the next one."""

    def make(start, stop):
        if start >= 4 * count:
            raise KeyboardInterrupt
        return rows(start, stop)

    with pytest.raises(KeyboardInterrupt):
        grow(path, make)


def test_an_array_is_built_by_blocks_and_opened_read_only(path):
    blocks, told = Blocks(), []
    array = grow(path, blocks, shape=(18, 3, 2), progress=told.append)
    assert np.array_equal(array, rows(0, 18))
    assert blocks.asked == [(0, 4), (4, 8), (8, 12), (12, 16), (16, 18)]
    assert told == [0, 4, 4, 4, 4, 2]
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable
    assert sorted(p.name for p in path.parent.iterdir()) == ["x.npy", "x.npy.lock"]


def test_a_finished_array_is_opened_at_once(path):
    grow(path, rows)
    blocks = Blocks()
    assert np.array_equal(grow(path, blocks), rows(0, 20))
    assert blocks.asked == []


def test_an_array_without_rows(path):
    assert grow(path, rows, shape=(0, 3, 2)).shape == (0, 3, 2)


def test_a_stopped_build_goes_on_where_it_was(path):
    stopped_after(path, 3)
    assert not path.exists()
    blocks, told = Blocks(), []
    assert np.array_equal(grow(path, blocks, progress=told.append), rows(0, 20))
    assert blocks.asked == [(12, 16), (16, 20)]
    assert told == [12, 4, 4]


@pytest.mark.parametrize("finished", [0, 1, 4])
def test_a_killed_build_goes_on_where_it_was(path, finished):
    with builder(path) as process:
        for block in range(finished + 1):
            assert process.stdout.readline() == f"begins {4 * block}\n"
            if block < finished:
                go_on(process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not path.exists()
    blocks = Blocks()
    assert np.array_equal(grow(path, blocks), rows(0, 20))
    assert blocks.asked[0] == (4 * finished, 4 * finished + 4)


def test_rows_after_the_last_counted_one_are_not_trusted(path):
    stopped_after(path, 2)
    with path.with_name("x.npy.partial").open("ab") as file:
        file.write(b"half a block, written before the kill")
    assert np.array_equal(grow(path, rows), rows(0, 20))


def spoil_count(partial, count):
    count.write_text("many")


def spoil_count_too_large(partial, count):
    count.write_text("21")


def spoil_count_negative(partial, count):
    count.write_text("-4")


def spoil_data_short(partial, count):
    os.truncate(partial, partial.stat().st_size - 1)


def spoil_data_other_shape(partial, count):
    np.save(partial.with_suffix(".npy"), np.zeros((20, 4, 2), dtype=np.int32))
    partial.with_suffix(".npy").replace(partial)


def spoil_data_gone(partial, count):
    partial.unlink()


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_count,
        spoil_count_too_large,
        spoil_count_negative,
        spoil_data_short,
        spoil_data_other_shape,
        spoil_data_gone,
    ],
)
def test_a_damaged_partial_is_begun_anew(path, spoil):
    stopped_after(path, 2)
    spoil(path.with_name("x.npy.partial"), path.with_name("x.npy.partial.rows"))
    blocks = Blocks()
    assert np.array_equal(grow(path, blocks), rows(0, 20))
    assert blocks.asked[0] == (0, 4)


@pytest.mark.parametrize("content", [b"", b"not an array", None])
def test_a_damaged_final_file_is_built_anew(path, content):
    grow(path, rows)
    path.write_bytes(path.read_bytes()[:-1] if content is None else content)
    assert np.array_equal(grow(path, rows), rows(0, 20))


def test_a_finished_array_of_another_shape_is_built_anew(path):
    grow(path, rows)
    assert grow(path, rows, shape=(8, 3, 2)).shape == (8, 3, 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda start, stop: rows(start, stop + 1),
        lambda start, stop: rows(start, stop).astype(np.int64),
    ],
)
def test_a_block_of_another_form_is_refused(path, make):
    with pytest.raises(ValueError, match=r"blocks: expected int32 of shape \(4, 3, 2\); got"):
        grow(path, make)
    assert not path.exists()


def test_of_two_builders_one_builds_and_the_other_waits(path):
    with builder(path) as first:
        assert first.stdout.readline() == "begins 0\n"
        with builder(path) as second:
            assert "is being built by another process" in second.stdout.readline()
            go_on(first, 5)
            assert first.stdout.read().splitlines()[-1] == f"sum {sum(range(120))}"
            # The second makes no block of its own.
            assert second.stdout.read() == f"sum {sum(range(120))}\n"


def test_a_waiting_builder_takes_over_from_a_killed_one(path):
    with builder(path) as first:
        first.stdout.readline()
        go_on(first)
        assert first.stdout.readline() == "begins 4\n"
        with builder(path) as second:
            assert "is being built by another process" in second.stdout.readline()
            first.kill()
            assert second.stdout.readline() == "begins 4\n"
            go_on(second, 4)
            assert second.stdout.read().splitlines()[-1] == f"sum {sum(range(120))}"


def test_a_full_disk_is_a_plain_error_and_loses_nothing(path):
    with builder(path, 128 + 10 * 24) as process:
        go_on(process, 5)
        said = process.stdout.read().splitlines()
    assert said[-1].startswith(f"error cannot use {path}: File too large; make room")
    assert not path.exists()
    blocks = Blocks()
    assert np.array_equal(grow(path, blocks), rows(0, 20))
    assert blocks.asked[0] == (8, 12)


def test_too_little_room_is_told_before_anything_is_written(path):
    with pytest.raises(PlatformError, match=r"expected [\d.]+ GiB of free disk; got [\d.]+ GiB"):
        grow(path, rows, shape=(10**12, 300, 300))
    assert [p.name for p in path.parent.iterdir()] == ["x.npy.lock"]


def test_a_folder_that_cannot_be_made_is_a_plain_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PlatformError, match=r"cannot use .*make room or rights"):
        grow(tmp_path / "file" / "x.npy", rows)


def test_the_limit_of_the_full_disk_test_is_not_left_behind():
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY

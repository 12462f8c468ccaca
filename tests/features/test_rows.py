"""Rows of covers on the disk: found by cover, appended safely, whole after any kill."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.errors import PlatformError
from albumart.features.rows import CoverRows


def cover(number: int) -> str:
    return f"{number:064x}"


def row(number: int, width: int = 3) -> np.ndarray:
    return np.arange(width, dtype=np.float32) + 10 * number


def add(folder: Path, numbers: list[int], width: int = 3) -> None:
    rows = CoverRows(folder)
    with rows.locked(), rows.appending(width, {"maker": "test"}) as append:
        for number in numbers:
            append([cover(number)], row(number, width)[None])


def test_rows_come_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    add(tmp_path, [0, 1, 2, 3])
    rows = CoverRows(tmp_path)
    wanted = [2, 0, 2, 3]
    assert (rows.take([cover(n) for n in wanted]) == [row(n) for n in wanted]).all()
    assert json.loads((tmp_path / "about.json").read_text()) == {"maker": "test", "width": 3}


def test_rows_side_by_side_are_mapped_not_copied(tmp_path: Path) -> None:
    add(tmp_path, [0, 1, 2, 3])
    taken = CoverRows(tmp_path).take([cover(1), cover(2)])
    assert isinstance(taken, np.memmap)
    assert (taken == [row(1), row(2)]).all()


def test_what_is_missing_is_named_once_where_it_stands_first(tmp_path: Path) -> None:
    rows = CoverRows(tmp_path / "new")
    assert rows.missing([cover(5), cover(1), cover(5)]) == [0, 1]
    add(tmp_path / "new", [1])
    assert rows.missing([cover(1), cover(5), cover(1), cover(5), cover(6)]) == [1, 4]


@settings(deadline=None, max_examples=50)  # every append reaches the disk
@given(lost=st.integers(0, 200))
def test_a_tail_lost_at_any_byte_costs_only_the_rows_it_touches(
    tmp_path_factory: pytest.TempPathFactory, lost: int
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    add(folder, list(range(5)))
    names, numbers = folder / "covers", folder / "rows.f32"
    with names.open("r+b") as file:
        file.truncate(max(0, names.stat().st_size - lost))
    with numbers.open("r+b") as file:
        file.truncate(max(0, numbers.stat().st_size - lost // 4))
    kept = [n for n in range(5) if n not in CoverRows(folder).missing([cover(m) for m in range(5)])]
    assert kept == list(range(len(kept)))
    assert len(kept) == min((160 - min(lost, 160)) // 32, (60 - min(lost // 4, 60)) // 12)
    add(folder, [n for n in range(5) if n not in kept])
    everything = CoverRows(folder).take([cover(n) for n in range(5)])
    assert (everything == [row(n) for n in range(5)]).all()
    shutil.rmtree(folder)


def test_rows_of_another_width_are_dropped(tmp_path: Path) -> None:
    add(tmp_path, [0, 1])
    add(tmp_path, [2], width=5)
    rows = CoverRows(tmp_path)
    assert rows.missing([cover(0), cover(1), cover(2)]) == [0, 1]
    assert (rows.take([cover(2)]) == row(2, 5)).all()


def test_a_wrong_shape_is_not_written(tmp_path: Path) -> None:
    rows = CoverRows(tmp_path)
    with (
        rows.locked(),
        rows.appending(3, {}) as append,
        pytest.raises(ValueError, match=r"expected float32 \(1, 3\); got \(2, 3\)"),
    ):
        append([cover(0)], np.zeros((2, 3), np.float32))
    assert rows.missing([cover(0)]) == [0]


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PlatformError, match="make room or rights there"):
        add(tmp_path / "file" / "rows", [0])

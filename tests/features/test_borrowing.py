"""Rows are borrowed from a network that says the same, and from no other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from albumart.features import borrowing
from albumart.features.borrowing import borrowed_rows
from albumart.features.rows import CoverRows


def cover(number: int) -> str:
    return f"{number:062x}00"  # a digest may end in zeros


def say(names: Sequence[str], *, scale: float = 1.0, turn: float = 0.0) -> np.ndarray:
    numbers = np.array([int(name, 16) // 256 for name in names])
    return (scale * np.stack([numbers + 1, np.ones(len(numbers)) + turn, numbers % 7], 1)).astype(
        np.float32
    )


def look(names: Sequence[str]) -> tuple[list[str], np.ndarray]:
    return list(names), say(names)


def fill(folder: Path, numbers: range, **other: float) -> None:
    rows, names = CoverRows(folder), [cover(n) for n in numbers]
    with rows.locked(), rows.appending(3, {}) as append:
        append(names, say(names, **other))


def borrow(folder: Path, numbers: range, ask: borrowing.Look = look) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for names, values in borrowed_rows(folder, [cover(n) for n in numbers], ask):
        found |= dict(zip(names, values.tolist(), strict=True))
    return found


def test_what_the_same_network_said_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrowing, "BLOCK", 7)
    fill(tmp_path / "a", range(5, 40), scale=1.005)  # as rounding to bfloat16 may do
    fill(tmp_path / "b", range(30, 50))
    fill(tmp_path / "z", range(60), turn=3)
    found = borrow(tmp_path, range(100))
    assert list(found) == [cover(n) for n in range(5, 50)]
    assert found[cover(39)] == pytest.approx(say([cover(39)], scale=1.005)[0].tolist())
    assert found[cover(40)] == say([cover(40)])[0].tolist()


@pytest.mark.parametrize("other", [{"turn": 2.0}, {"scale": 1.1}, {"scale": -1.0}])
def test_what_another_network_said_is_left(tmp_path: Path, other: dict[str, float]) -> None:
    fill(tmp_path / "a", range(40), **other)
    assert borrow(tmp_path, range(40)) == {}


def test_nothing_is_borrowed_where_nothing_can_be_compared(tmp_path: Path) -> None:
    assert borrow(tmp_path, range(3)) == {}
    fill(tmp_path / "a", range(40))
    assert borrow(tmp_path, range(50, 60)) == {}
    assert borrow(tmp_path, range(9), lambda _: ([], np.empty((0, 3), np.float32))) == {}
    assert borrow(tmp_path, range(9), lambda names: (list(names), say(names)[:, :2])) == {}


def test_a_cover_that_is_lost_does_not_keep_the_others(tmp_path: Path) -> None:
    fill(tmp_path / "a", range(40))
    found = borrow(tmp_path, range(40), lambda names: look(names[1:]))
    assert len(found) == 40

"""The nearest rows: exactly, and by a coarse pass that is measured against that."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.errors import PlatformError
from albumart.features import nearest
from albumart.features.nearest import Coarse, Nearest, build_coarse, open_nearest


def clustered(n: int, width: int, *, seed: int = 0) -> np.ndarray:
    """Rows as features are: around centres, in far fewer directions than they have numbers."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n // 50, 24))
    inner = centres[rng.integers(0, len(centres), n)] + 0.4 * rng.normal(size=(n, 24))
    rows = inner @ rng.normal(size=(24, width)) + 0.05 * rng.normal(size=(n, width))
    return np.maximum(rows, 0).astype(np.float32)


def by_hand(rows: np.ndarray, query: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
    return rows @ query / np.where(lengths > 0, lengths, 1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some thousand rows are many."""
    monkeypatch.setattr(nearest, "EXACT_BYTES", 64 * 4 * 500)
    monkeypatch.setattr(nearest, "BLOCK", 300)
    monkeypatch.setattr(nearest, "LEAST_CANDIDATES", 20)


@given(
    st.integers(1, 40),
    st.integers(1, 6),
    st.integers(1, 50),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None)
def test_few_rows_are_found_as_by_hand(n: int, width: int, m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (n, width)).astype(np.float32)
    query = rng.integers(-2, 3, width).astype(np.float32)
    found = Nearest(rows).find(query, m)
    assert len(found.rows) == len(set(found.rows.tolist())) == min(n, m)
    assert found.similarities == pytest.approx(by_hand(rows, query)[found.rows], abs=1e-5)
    everything = np.sort(by_hand(rows, query))[::-1]
    assert found.similarities == pytest.approx(everything[: min(n, m)], abs=1e-5)


def test_a_row_of_zeros_is_like_nothing() -> None:
    found = Nearest(np.array([[0, 0], [1, 0]], np.float32)).find(np.array([2, 0], np.float32), 2)
    assert found.rows.tolist() == [1, 0]
    assert found.similarities.tolist() == [1, 0]
    assert Nearest(np.eye(2, dtype=np.float32)).find(np.zeros(2, np.float32), 1).similarities == [0]


@pytest.mark.usefixtures("small")
def test_of_many_rows_nearly_all_neighbours_are_found(tmp_path: Path) -> None:
    rows, queries = np.split(clustered(3_100, 64), [3_000])
    search = open_nearest(rows, tmp_path)
    assert len(search) == 3_000
    hits = [
        len({*search.find(query, 10).rows} & {*np.argsort(-by_hand(rows, query))[:10]})
        for query in queries
    ]
    assert np.mean(hits) / 10 >= 0.95
    about = Coarse(tmp_path / "coarse-3000").about
    assert (about.rows, about.dimensions) == (3_000, 16)
    assert about.candidates < 1_500
    assert about.recall >= 0.99
    first = search.find(queries[0], 10)
    assert first.similarities == pytest.approx(by_hand(rows, queries[0])[first.rows], abs=1e-5)
    # All are to be had, however many candidates were measured to be enough.
    assert len(set(search.find(queries[0], 3_000).rows.tolist())) == 3_000


@pytest.mark.usefixtures("small")
def test_what_came_later_is_found_and_at_last_built_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = clustered(2_000, 64)
    open_nearest(rows[:1_000], tmp_path)
    built: list[int] = []
    monkeypatch.setattr(
        nearest, "build_coarse", lambda rows, folder: built.append(len(rows)) or build(rows, folder)
    )
    search = open_nearest(rows[:1_400], tmp_path)
    assert built == []
    for row in (3, 1_200, 1_399):
        assert search.find(rows[row], 1).rows.tolist() == [row]
    assert open_nearest(rows, tmp_path).find(rows[1_999], 1).rows.tolist() == [1_999]
    assert built == [2_000]
    assert [path.name for path in tmp_path.glob("coarse-*")] == ["coarse-2000"]
    # The older one still answers whoever has it open.
    assert search.find(rows[3], 1).rows.tolist() == [3]
    # Fewer rows than it is of, or others, are not its rows.
    open_nearest(clustered(2_000, 64, seed=1), tmp_path)
    open_nearest(rows[:1_500], tmp_path)
    open_nearest(rows[:1_500, :40], tmp_path)
    assert built == [2_000, 2_000, 1_500, 1_500]


build = build_coarse


@pytest.mark.usefixtures("small")
def test_a_build_that_was_killed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pulled(BaseException):
        """The plug."""

    rows = clustered(2_000, 64)
    whole, asked = nearest._unit, 0

    def pulled(given: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += 1
        if asked == 4:  # the sample, then three blocks
            raise Pulled
        return whole(given)

    with monkeypatch.context() as patch:
        patch.setattr(nearest, "_unit", pulled)
        with pytest.raises(Pulled):
            open_nearest(rows, tmp_path)
    partial = tmp_path / "coarse-2000.partial"
    assert (partial / "short.npy.partial.rows").read_text() == f"{600:020}"
    before = (partial / "directions.npy").read_bytes()
    search = open_nearest(rows, tmp_path)
    assert search.find(rows[5], 1).rows.tolist() == [5]
    assert not partial.exists()
    assert (tmp_path / "coarse-2000" / "directions.npy").read_bytes() == before
    about = json.loads((tmp_path / "coarse-2000" / "about.json").read_text())
    assert about["rows"] == 2_000


@pytest.mark.usefixtures("small")
def test_rows_without_main_directions_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(nearest, "MOST_CANDIDATES", 30)
    rows = np.random.default_rng(0).normal(size=(2_000, 64)).astype(np.float32)
    open_nearest(rows, tmp_path)
    assert "% of the nearest are found" in caplog.text


def test_a_folder_that_cannot_be_written_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PlatformError, match="cannot use"):
        build_coarse(clustered(100, 64), tmp_path / "file")

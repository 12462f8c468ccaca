"""What is kept of a training: all of it comes back, and a kill leaves nothing torn."""

from pathlib import Path

import numpy as np
import pytest

from albumart.training import state as module
from albumart.training.lr_finder import RateSearch
from albumart.training.state import STATE, StageResult, State, load_state, save_state
from albumart.training.variables import Arrays

SEARCH = RateSearch((0.1, 1.0), (2.0, 1.0), 0.1)


def arrays(*values: float) -> Arrays:
    return [np.array([value], dtype=np.float32) for value in values] + [np.arange(3)]


def make_state() -> State:
    """In the second epoch of the second stage; the first epoch was the better one."""
    best = {"stage": 1.0, "epoch": 1.0, "val_loss": 0.5}
    result = StageResult(16, ("head",), 0.1, 8, 1, "float32", best, SEARCH)
    state = State(8, history=[best], results=[result], stage=1, start=arrays(0))
    save = state.history.append
    save({"stage": 2.0, "epoch": 1.0, "val_loss": 0.4})
    state.epoch = state.best_epoch = 1
    state.latest, state.peak, state.search = (arrays(1), arrays(5, 6)), 0.1, SEARCH
    state.best = state.latest[0]
    return state


def second_epoch(state: State) -> State:
    state.history.append({"stage": 2.0, "epoch": 2.0, "val_loss": 0.45})
    state.epoch, state.latest = 2, (arrays(2), arrays(7, 8))
    return state


def begin(folder: Path) -> State:
    state = make_state()
    epoch, state.epoch = state.epoch, 0
    latest, state.latest = state.latest, None
    save_state(folder, state, "this")
    state.epoch, state.latest = epoch, latest
    return state


def same(one: Arrays | None, other: Arrays | None) -> bool:
    assert one is not None
    assert other is not None
    return all((a == b).all() and a.dtype == b.dtype for a, b in zip(one, other, strict=True))


def test_all_of_it_comes_back(tmp_path: Path) -> None:
    state = begin(tmp_path)
    save_state(tmp_path, state, "this")
    save_state(tmp_path, second_epoch(state), "this")
    found = load_state(tmp_path, "this")
    assert found is not None
    assert same(found.start, arrays(0))
    assert same(found.best, arrays(1))
    assert found.latest is not None
    assert same(found.latest[0], arrays(2))
    assert same(found.latest[1], arrays(7, 8))
    for name in ("batch_size", "stage", "epoch", "best_epoch", "peak", "history", "search"):
        assert getattr(found, name) == getattr(state, name), name
    assert found.results == state.results


def test_only_files_that_count_are_kept(tmp_path: Path) -> None:
    state = begin(tmp_path)
    save_state(tmp_path, state, "this")
    save_state(tmp_path, second_epoch(state), "this")
    assert {path.name for path in tmp_path.iterdir()} == {
        STATE, "start-1.npz", "epoch-1-1.npz", "epoch-1-2.npz",
    }  # fmt: skip
    state.next_stage(arrays(9), 8)
    save_state(tmp_path, state, "this")
    assert {path.name for path in tmp_path.iterdir()} == {STATE, "start-2.npz"}


@pytest.mark.parametrize("write", ["_write_arrays", "_replace"])
def test_a_kill_between_two_files_leaves_the_epoch_before(
    write: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = begin(tmp_path)
    save_state(tmp_path, state, "this")

    def killed(path: Path, *content: object) -> None:
        path.with_suffix(".npz.partial").write_bytes(b"half of i")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, write, killed)
        with pytest.raises(KeyboardInterrupt):
            save_state(tmp_path, second_epoch(state), "this")
    found = load_state(tmp_path, "this")
    assert found is not None
    assert found.epoch == 1
    save_state(tmp_path, second_epoch(found), "this")
    assert not list(tmp_path.glob("*.partial"))


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    begin(tmp_path)
    assert load_state(tmp_path, "that") is None
    assert load_state(tmp_path / "nowhere", "this") is None
    assert load_state(None, "this") is None


@pytest.mark.parametrize("content", [None, b"no archive"])
def test_a_lost_or_broken_file_means_from_the_start(
    content: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begin(tmp_path)
    path = tmp_path / "start-1.npz"
    path.unlink() if content is None else path.write_bytes(content)
    assert load_state(tmp_path, "this") is None
    assert "from the start" in caplog.text


def test_without_a_folder_nothing_is_kept() -> None:
    save_state(None, make_state(), "this")


def test_a_stage_is_forgotten_to_its_beginning() -> None:
    state = second_epoch(make_state())
    state.forget_stage(4)
    assert (state.stage, state.epoch, state.batch_size, state.peak) == (1, 0, 4, None)
    assert [entry["stage"] for entry in state.history] == [1.0]
    assert state.stage_history == []
    assert state.latest is state.best is None
    assert same(state.start, arrays(0))

"""Where a training stands, kept on disk after each epoch, so that a killed one goes on.

Keras's BackupAndRestore would not do: it knows one ``fit``, not stages; it forgets the best
weights, the patience and the history; and it overwrites its one file of weights in place, which a
kill leaves torn. Here each epoch is a file of its own, and ``state.json``, replaced at one stroke,
says which of them count.
"""

import json
import logging
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from albumart.training.lr_finder import RateSearch
from albumart.training.variables import Arrays

logger = logging.getLogger(__name__)

STATE: Final = "state.json"


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage came to.

    Attributes:
        image_size: side of its images.
        unfrozen: the groups that learnt.
        learning_rate: highest rate of the last group.
        batch_size: smaller than the plan's where the memory did not hold that.
        epochs: that it ran.
        precision: what it computed in.
        best: the entry of the history with the lowest validation loss, whose weights were kept.
        search: where the rate was found by a range test.
    """

    image_size: int
    unfrozen: tuple[str, ...]
    learning_rate: float
    batch_size: int
    epochs: int
    precision: str
    best: dict[str, float]
    search: RateSearch | None = None

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return fields | {"search": self.search.to_dict() if self.search else None}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "StageResult":
        """The inverse of ``to_dict``."""
        search = record["search"]
        return cls(
            **record
            | {
                "unfrozen": tuple(record["unfrozen"]),
                "search": RateSearch.from_dict(search) if search else None,
            }
        )


@dataclass(slots=True)
class State:
    """Where a training stands between two epochs.

    Attributes:
        batch_size: of this stage.
        stage: number of the stage it is in; as many as there are when all is done.
        epoch: epochs of this stage that are done.
        best_epoch: of this stage, counted from 1; 0 before any.
        peak: this stage's highest rate, once it is known.
        history: an entry for each epoch of all stages.
        search: how this stage's rate was found.
        results: of the stages that are done.
        start: the whole network as this stage began.
        latest: what this stage trains, and its optimizer, after the latest epoch.
        best: what this stage trains, at its best.
    """

    batch_size: int
    stage: int = 0
    epoch: int = 0
    best_epoch: int = 0
    peak: float | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    search: RateSearch | None = None
    results: list[StageResult] = field(default_factory=list)
    start: Arrays | None = None
    latest: tuple[Arrays, Arrays] | None = None
    best: Arrays | None = None

    @property
    def stage_history(self) -> list[dict[str, float]]:
        """The entries of this stage."""
        return self.history[len(self.history) - self.epoch :]

    def forget_stage(self, batch_size: int) -> None:
        """Back to the beginning of this stage, with batches of another size."""
        self.history = self.history[: len(self.history) - self.epoch]
        self._clear(batch_size)

    def next_stage(self, start: Arrays, batch_size: int) -> None:
        """On to the next stage, from ``start``."""
        self.stage, self.start = self.stage + 1, start
        self._clear(batch_size)

    def _clear(self, batch_size: int) -> None:
        self.batch_size, self.epoch, self.best_epoch = batch_size, 0, 0
        self.peak = self.search = self.latest = self.best = None


def save_state(folder: Path | None, state: State, fingerprint: str) -> None:
    """Keep ``state`` in ``folder``; a kill at any moment leaves this one or the one before."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    names = [_start_name(state)]
    if state.epoch == 0:
        _write_arrays(folder / names[0], {"model": state.start or []})
    if state.latest is not None:
        names += [_epoch_name(state, state.epoch), _epoch_name(state, state.best_epoch)]
        model, optimizer = state.latest
        _write_arrays(folder / names[1], {"model": model, "optimizer": optimizer})
    record = json.dumps({"fingerprint": fingerprint, **_to_record(state)}).encode()
    _replace(folder / STATE, record)
    for path in folder.glob("*.npz*"):
        if path.name not in names:
            path.unlink()


def load_state(folder: Path | None, fingerprint: str) -> State | None:
    """The state kept in ``folder`` of the training called ``fingerprint``, where there is one."""
    if folder is None or not (folder / STATE).is_file():
        return None
    record: dict[str, Any] = json.loads((folder / STATE).read_bytes())
    if record.pop("fingerprint") != fingerprint:
        logger.info("           what %s holds is of another training: from the start", folder)
        return None
    try:
        return _from_record(record, folder)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        logger.warning("           cannot go on from %s (%s): from the start", folder, error)
        return None


def _to_record(state: State) -> dict[str, object]:
    return {
        "batch_size": state.batch_size,
        "stage": state.stage,
        "epoch": state.epoch,
        "best_epoch": state.best_epoch,
        "peak": state.peak,
        "history": state.history,
        "search": state.search.to_dict() if state.search else None,
        "results": [result.to_dict() for result in state.results],
    }


def _from_record(record: dict[str, Any], folder: Path) -> State:
    search = record.pop("search")
    results = [StageResult.from_dict(each) for each in record.pop("results")]
    state = State(**record, results=results)
    state.search = RateSearch.from_dict(search) if search else None
    state.start = _read_arrays(folder / _start_name(state))["model"]
    if state.epoch:
        latest = _read_arrays(folder / _epoch_name(state, state.epoch))
        state.latest = latest["model"], latest["optimizer"]
        state.best = _read_arrays(folder / _epoch_name(state, state.best_epoch))["model"]
    return state


def _start_name(state: State) -> str:
    return f"start-{state.stage}.npz"


def _epoch_name(state: State, epoch: int) -> str:
    return f"epoch-{state.stage}-{epoch}.npz"


def _write_arrays(path: Path, parts: dict[str, Arrays]) -> None:
    named = {
        f"{part}/{number}": array
        for part, arrays in parts.items()
        for number, array in enumerate(arrays)
    }
    partial = path.with_suffix(".npz.partial")
    with partial.open("wb") as file:
        np.savez(file, **named)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _read_arrays(path: Path) -> dict[str, Arrays]:
    parts: dict[str, Arrays] = {"model": [], "optimizer": []}
    with np.load(path, allow_pickle=False) as file:
        for name in file.files:  # in the order they were written in
            parts[name.partition("/")[0]].append(file[name])
    return parts


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)

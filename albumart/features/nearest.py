"""The rows that lie nearest to a vector by cosine, among a hundred or a million.

Few rows are compared one by one. Of many, a coarse pass compares short vectors, the rows' shares
of their own main directions, and the best candidates of it are compared exactly, from the disk.
How many candidates that takes is measured when the short vectors are made.
"""

import json
import logging
import math
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.arrays import grow_array, plain_errors, sync_folder

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]

EXACT_BYTES: Final = 128 * 2**20  # of rows that are compared one by one
BLOCK: Final = 8192  # rows that are in memory at once
SAMPLE: Final = 20_000  # rows whose main directions stand for all
QUERIES: Final = 64  # rows that are searched for, to see how many candidates it takes
NEIGHBOURS: Final = 10  # that each of them is to find
WANTED: Final = 0.99  # share of those
LEAST_CANDIDATES: Final = 200
MOST_CANDIDATES: Final = 20_000
PARTIAL: Final = ".partial"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """``(m,)`` numbers of rows and their cosines, nearest first."""

    rows: Rows
    similarities: Floats


@dataclass(frozen=True, slots=True)
class About:
    """What a coarse pass is: of how many rows, and how many candidates it hands on.

    ``recall``: share of the true neighbours that are among the candidates, of rows looked for.
    """

    rows: int
    dimensions: int
    candidates: int
    recall: float


class Nearest:
    """Searches ``rows``; safe to call from several threads.

    Args:
        rows: ``(n, d)``, mapped or in memory.
        coarse: of the first of them, or None where all are compared.
    """

    def __init__(self, rows: Floats, coarse: "Coarse | None" = None) -> None:
        self._rows, self._coarse = np.asarray(rows), coarse
        self._first = 0 if coarse is None else coarse.about.rows  # that is compared one by one
        self._scales = 1 / _norms(rows[self._first :])

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, vector: Floats, m: int) -> Found:
        """The ``m`` rows nearest to ``vector`` ``(d,)``, or all where there are fewer."""
        query = np.asarray(vector, np.float32) / _norms(vector[np.newaxis])[0]
        similarities = (self._rows[self._first :] @ query) * self._scales
        numbers = np.arange(self._first, len(self._rows))
        if self._coarse is not None:
            chosen = self._coarse.candidates(query, m)
            near = self._rows[chosen]  # in the order of the disk
            similarities = np.concatenate([near @ query / _norms(near), similarities])
            numbers = np.concatenate([chosen, numbers])
        best = _largest(similarities, m)
        return Found(numbers[best], similarities[best])


class Coarse:
    """Short vectors of rows, and the directions they are told in."""

    def __init__(self, folder: Path) -> None:
        self.about = About(**json.loads((folder / "about.json").read_text("utf-8")))
        self._directions: Floats = np.load(folder / "directions.npy")
        self._short: Floats = np.load(folder / "short.npy", mmap_mode="r")

    def fits(self, rows: Floats) -> bool:
        """Whether these are the short vectors of the first of ``rows``; a few are looked at."""
        if self.about.rows > len(rows) or rows.shape[1] != len(self._directions):
            return False
        some = np.linspace(0, self.about.rows - 1, 8).astype(np.intp)
        return np.allclose(_unit(rows[some]) @ self._directions, self._short[some], atol=1e-3)

    def candidates(self, query: Floats, m: int) -> Rows:
        """Rows, ascending, among which the ``m`` nearest to a vector of length 1 likely are."""
        # Whoever asks for more than was measured gets more to choose from, in proportion.
        wanted = self.about.candidates * max(1, math.ceil(m / NEIGHBOURS))
        return np.sort(_largest(self._short @ (query @ self._directions), wanted))


def open_nearest(rows: Floats, folder: Path) -> Nearest:
    """What searches ``rows``; their coarse pass is kept in ``folder`` and made where it is needed.

    Rows that came after it are compared one by one, until they are too many. Nobody else may make
    one in ``folder`` at the same time. A kill costs the work since the last block, and no more.

    Raises:
        PlatformError: the disk is full.
    """
    kept = _newest(rows, folder)
    if rows[kept.about.rows if kept else 0 :].nbytes > EXACT_BYTES:
        built = build_coarse(rows, folder)
        for path in folder.glob("coarse-*"):
            if path != built:  # a process that has it open keeps it
                shutil.rmtree(path, ignore_errors=True)
        kept = Coarse(built)
    return Nearest(rows, kept)


def _newest(rows: Floats, folder: Path) -> Coarse | None:
    """The coarse pass of the most of ``rows``, if there is one."""
    found = [Coarse(path) for path in folder.glob("coarse-*") if path.suffix != PARTIAL]
    fitting = [coarse for coarse in found if coarse.fits(rows)]
    return max(fitting, key=lambda coarse: coarse.about.rows, default=None)


def build_coarse(rows: Floats, folder: Path) -> Path:
    """Short vectors of all ``rows`` in a folder of ``folder``, which appears when it is whole."""
    done = folder / f"coarse-{len(rows)}"
    partial = done.with_suffix(PARTIAL)
    directions = _kept_directions(rows, partial)

    def blocks(start: int, stop: int) -> Floats:
        return _unit(rows[start:stop]) @ directions

    shape = (len(rows), directions.shape[1])
    short = grow_array(
        partial / "short.npy", shape=shape, dtype=np.float32, blocks=blocks, block=BLOCK
    )
    about = _measure(rows, short, directions)
    with plain_errors(folder):
        (partial / "about.json").write_text(json.dumps(asdict(about), indent=2), "utf-8")
        sync_folder(partial)
        shutil.rmtree(done, ignore_errors=True)  # one that does not fit
        partial.replace(done)
        sync_folder(folder)
    log.info("           %d covers made quick to search", len(rows))
    return done


def _kept_directions(rows: Floats, folder: Path) -> Floats:
    """The same ones for a build that goes on: computed again, they may point the other way."""
    path = folder / "directions.npy"
    with plain_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            unnamed = folder / "directions.partial.npy"
            np.save(unnamed, _main_directions(rows))
            unnamed.replace(path)
    kept: Floats = np.load(path)
    return kept


def _main_directions(rows: Floats) -> Floats:
    """``(d, s)`` orthonormal: along them lies most of what rows of length 1 have in common."""
    width = rows.shape[1]
    sample = _unit(rows[_sample(len(rows), SAMPLE)])
    _, vectors = np.linalg.eigh(sample.T @ sample)  # ascending
    return np.ascontiguousarray(vectors[:, -_short_width(width) :])


def _short_width(width: int) -> int:
    return min(width, 64, max(16, width // 4))


def _measure(rows: Floats, short: Floats, directions: Floats) -> About:
    """How many candidates hold the neighbours of rows that are looked for; twice that is taken."""
    numbers = _sample(len(rows), QUERIES)
    queries = _unit(rows[numbers])
    neighbours = _exact_neighbours(rows, queries, NEIGHBOURS + 1)
    places = np.empty((len(queries), NEIGHBOURS), np.intp)
    for each, (query, near) in enumerate(zip(queries, neighbours, strict=True)):
        scores = short @ (query @ directions)
        others = near[near != numbers[each]][:NEIGHBOURS]
        places[each] = [int((scores > scores[other]).sum()) for other in others]
    enough = 2 * int(np.quantile(places, WANTED, method="higher")) + 1
    candidates = min(max(enough, LEAST_CANDIDATES), MOST_CANDIDATES, len(rows))
    recall = float((places < candidates).mean())
    if recall < WANTED:
        log.warning("similar covers: %.0f %% of the nearest are found", 100 * recall)
    return About(len(rows), short.shape[1], candidates, recall)


def _exact_neighbours(rows: Floats, queries: Floats, m: int) -> list[Rows]:
    """The ``m`` nearest rows of each query, in one walk over all rows."""
    best = [(np.empty(0, np.intp), np.empty(0, np.float32)) for _ in queries]
    for start, block in _blocks(rows):
        for each, scores in enumerate(queries @ _unit(block).T):
            numbers, values = best[each]
            numbers = np.concatenate([numbers, np.arange(start, start + len(block))])
            values = np.concatenate([values, scores])
            kept = _largest(values, m)
            best[each] = numbers[kept], values[kept]
    return [numbers for numbers, _ in best]


def _blocks(rows: Floats) -> Iterator[tuple[int, Floats]]:
    for start in range(0, len(rows), BLOCK):
        yield start, rows[start : start + BLOCK]


def _sample(n: int, size: int) -> Rows:
    """Up to ``size`` different numbers below ``n``, ascending; the same ones each time."""
    return np.sort(np.random.default_rng(0).permutation(n)[:size]).astype(np.intp)


def _largest(values: Floats, m: int) -> Rows:
    """Places of the ``m`` largest values, largest first; of equals, the first."""
    places = np.arange(len(values))
    if m < len(values):
        places = np.sort(np.argpartition(values, -m)[-m:])
    return places[np.argsort(-values[places], kind="stable")]


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / _norms(rows)[:, np.newaxis], np.float32)


def _norms(rows: Floats) -> Floats:
    """``(n,)`` lengths; of a row of zeros 1, so that it is like nothing."""
    norms = np.linalg.norm(rows, axis=1)
    return np.where(norms > 0, norms, 1).astype(np.float32)

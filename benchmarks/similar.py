"""Similar covers: a coarse pass and exact re-ranking against comparing every row, in one run.

    python -m benchmarks.similar --rows 100 10000 100000 1000000 --width 1280

Rows are made as features are: clusters in a few score directions, spread over all numbers, without
negatives, and a little noise. The peer is one product of the whole matrix with the vector, whose
lengths are known. Both read the same mapped file. Recall is of vectors that are no rows.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from albumart.features import nearest
from albumart.features.nearest import open_nearest

K = 10
QUERIES = 30
INNER = 128  # directions in which the made features truly differ
PER_CLUSTER = 200


def made_blocks(n: int, width: int) -> Iterator[np.ndarray]:
    """``n`` rows in blocks; the last QUERIES belong to no album."""
    rng = np.random.default_rng(0)
    spread = (0.97 ** np.arange(INNER))[:, None]  # as the spectrum of features falls
    outward = (rng.normal(size=(INNER, width)) * spread).astype(np.float32)
    centres = rng.normal(size=(max(n // PER_CLUSTER, 1), INNER)).astype(np.float32)
    for start in range(0, n, nearest.BLOCK):
        size = min(nearest.BLOCK, n - start)
        inner = centres[rng.integers(0, len(centres), size)]
        inner = inner + 0.6 * rng.normal(size=inner.shape).astype(np.float32)
        noise = rng.normal(size=(size, width)).astype(np.float32)
        yield np.maximum(inner @ outward + 0.5 * noise, 0)


def made_rows(n: int, width: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Rows on the disk, and vectors to look for."""
    path = folder / "rows.f32"
    with path.open("wb") as file:
        for block in made_blocks(n + QUERIES, width):
            file.write(block.tobytes())
    every = np.memmap(path, np.float32, "r", shape=(n + QUERIES, width))
    return every[:n], np.array(every[n:])


def lengths(rows: np.ndarray) -> np.ndarray:
    """Of each row, a block at a time."""
    blocks = range(0, len(rows), nearest.BLOCK)
    return np.concatenate([np.linalg.norm(rows[s : s + nearest.BLOCK], axis=1) for s in blocks])


def milliseconds(call: Callable[[np.ndarray], object], queries: np.ndarray) -> list[float]:
    """Of one call each."""
    spent = []
    for query in queries:
        started = time.perf_counter()
        call(query)
        spent.append(1000 * (time.perf_counter() - started))
    return spent


def measure(n: int, width: int, folder: Path) -> None:
    """Print one line."""
    rows, queries = made_rows(n, width, folder)
    plain, norms = np.asarray(rows), np.maximum(lengths(rows), 1e-9)

    def brute(query: np.ndarray) -> np.ndarray:
        scores = plain @ query / norms
        best = np.argpartition(-scores, min(K, n - 1))[:K]
        return best[np.argsort(-scores[best], kind="stable")]

    started = time.perf_counter()
    search = open_nearest(rows, folder)
    built = time.perf_counter() - started
    coarse = search._coarse
    hits = [len({*brute(query)} & {*search.find(query, K).rows}) for query in queries]
    # In turn, so that both meet the same machine; the first ones warm the file.
    pairs = [
        (milliseconds(lambda q: search.find(q, K), query[None])[0],
         milliseconds(brute, query[None])[0])
        for query in queries
    ]  # fmt: skip
    ours = statistics.median(mine for mine, _ in pairs)
    ratio = statistics.median(theirs / mine for mine, theirs in pairs)
    how = f"{coarse.about.candidates} of {coarse.about.dimensions} d" if coarse else "exact"
    print(
        f"{n:>9} × {width:<5}{how:<18}{ours:8.2f} ms  {ratio:6.1f} × exact  "
        f"recall@{K} {np.mean(hits) / K:6.1%}  opened in {built:6.1f} s",
        flush=True,
    )
    if coarse:
        again = milliseconds(lambda _: open_nearest(rows, folder), queries[:1])[0]
        print(f"{'':>17}opened again in {again:.0f} ms", flush=True)


def main() -> None:
    """Measure each size in a folder of its own, which is taken away again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[100, 10_000, 100_000])
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--folder", type=Path, help="with room for rows × width × 4 bytes")
    given = parser.parse_args()
    for n in given.rows:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            measure(n, given.width, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"greatest memory {peak:.2f} GiB, mapped files among it")


if __name__ == "__main__":
    main()

"""``python -m benchmarks.dataset``: matching, clustering and splitting made rows at two sizes.

The rows tell albums of four sources, spelled and dated as sources do, with planted copies of
covers, a placeholder and blank covers. Shown are the steps, one by one, and the whole of
``build_manifest`` with labels and digest. Each runs in a process of its own, whose peak memory is
shown. Aim at 130,000 rows: three minutes and 2 GiB on two cores.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.dataset.build import build_manifest
from albumart.dataset.duplicates import (
    assign_clusters,
    count_duplicates,
    find_contradictions,
    find_placeholders,
    flag_placeholders,
)
from albumart.dataset.folds import assign_folds
from albumart.dataset.manifest import Manifest
from albumart.dataset.matching import find_matches, match_albums
from albumart.dataset.splits import assign_groups, assign_random_splits, assign_splits

FULL: Final = 130_000
LIMITS: Final = (180.0, 2048.0)  # seconds, MiB
SOURCES: Final = ("allmusic", "bandcamp", "itunes", "musicbrainz")
LABELS: Final = ("ambient", "folk", "hiphop_rap", "jazz", "metal", "pop", "rock")
SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str.upper,
    lambda name: f"The {name}",
    lambda name: name.replace("o", "ó"),
)
MBID: Final = "{:08x}-0000-4000-8000-000000000000"
EDITIONS: Final = ("", "", "", " (Deluxe Edition)", " [Remastered 2011]", " - EP")
COPIED, RENDERED, PLACEHOLDERS, BLANK = 0.5, 0.3, 0.002, 0.002
STOLEN: Final = 0.01  # covers of any other album


def made_rows(count: int) -> pd.DataFrame:
    """Rows of albums that one to four sources tell; ``made_work`` says which are one."""
    rng = np.random.default_rng(count)
    told = rng.choice(4, count, p=(0.55, 0.25, 0.15, 0.05)) + 1
    work = np.repeat(np.arange(count), told)[:count]
    turn = np.arange(count) - np.searchsorted(work, work)
    artist_of_work = np.minimum(rng.zipf(1.6, count), count) + rng.integers(0, count // 4, count)
    artist, year = artist_of_work[work], 1960 + (work * 7919) % 60
    source = (turn + work) % 4
    frame = pd.DataFrame(
        {
            "album": [f"{SOURCES[s]}:{MBID.format(w)}" for s, w in zip(source, work, strict=True)],
            "artist": [SPELLINGS[n % 4](f"Artist no {a}") for n, a in enumerate(artist)],
            "artist_id": [f"{a}" for a in artist],
            "title": [f"Song of {w} moons{EDITIONS[n % 6]}" for n, w in enumerate(work)],
            "year": pd.array(year + rng.integers(0, 2, count), dtype="Int64"),
            "mbid": [MBID.format(w) if w % 10 == 0 else None for w in work],
            "label": np.array(LABELS)[artist % len(LABELS)],
            "made_work": work,
        }
    )
    frame.loc[rng.random(count) < 0.1, "year"] = pd.NA
    frame.loc[rng.random(count) < 0.05, ["artist", "artist_id"]] = ["Various Artists", None]
    return frame.assign(**_made_covers(rng, work)).sort_values("album", ignore_index=True)


def _made_covers(rng: np.random.Generator, work: NDArray[np.int64]) -> dict[str, object]:
    """Pixels and hashes: of one work often the same picture, or one that differs in a few bits."""
    count = len(work)
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
    dark = rng.random(count) < 0.1  # nearly black ones differ in few bits
    hashes[dark] &= np.uint64(0x0000_00FF_FFFF_FFFF)
    first = np.searchsorted(work, work)
    kind = rng.random(count)
    pixels = np.where(kind < COPIED, first, np.arange(count))
    alike = kind < COPIED + RENDERED
    flips = np.uint64(1) << rng.integers(0, 64, (2, count), dtype=np.uint64)
    hashes[alike] = hashes[first[alike]]
    rendered = alike & (kind >= COPIED)
    hashes[rendered] ^= (flips[0] | flips[1])[rendered]
    stolen = np.flatnonzero(rng.random(count) < STOLEN)
    owner = rng.integers(0, count, len(stolen))
    pixels[stolen], hashes[stolen] = pixels[owner], hashes[owner]
    missing, blank = rng.random(count) < PLACEHOLDERS, rng.random(count) < BLANK
    pixels[missing], hashes[missing] = -1, np.uint64(0x0F0F_A5A5_3C3C_9696)
    return {
        "pixel_sha256": [f"{pixel & (2**64 - 1):064x}" for pixel in pixels.tolist()],
        "phash": [f"{value:016x}" for value in hashes.tolist()],
        "blank": blank,
    }


def measure(count: int) -> dict[str, Any]:
    """Seconds of each step, what it found, and the peak memory of this process."""
    match_albums(made_rows(100))  # what is imported late is not timed
    frame, seconds, clock = made_rows(count), dict[str, float](), time.perf_counter
    made = frame["made_work"].nunique()

    def timed(name: str, step: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
        started = clock()
        done = step(frame)
        seconds[name] = clock() - started
        return done

    frame = timed("match", match_albums)
    works = frame["work"].nunique()
    rules = timed("list matches", find_matches)["rule"].value_counts().to_dict()
    frame = timed("flag placeholders", flag_placeholders)
    pictures, flagged = len(find_placeholders(frame)), int(frame["placeholder"].sum())
    frame = frame[~frame["placeholder"]].reset_index(drop=True)
    frame = timed("cluster", assign_clusters)
    copies = len(frame) - frame["cluster"].nunique()
    clustered = len(frame)
    frame = timed("set aside", lambda rows: rows[~find_contradictions(rows, "cluster")])
    frame = timed("group", lambda rows: assign_groups(rows.reset_index(drop=True)))
    frame = timed("split", lambda rows: assign_splits(rows, seed=0))
    timed("split at random", lambda rows: assign_random_splits(rows, seed=0))
    timed("five folds", lambda rows: assign_folds(rows, 5, seed=0))
    found = (
        f"{works} works of {made} made, by {rules}; {flagged} covers are placeholders, by "
        f"{pictures} pictures; {copies} copies; {clustered - len(frame)} contradict; the rest in "
        f"{frame['group'].nunique()} groups: {frame['split'].value_counts().to_dict()}"
    )
    return {"rows": count, "seconds": seconds, "found": found, "peak_mib": _peak_mib()}


def measure_whole(count: int) -> dict[str, Any]:
    """Seconds of ``build_manifest`` and of its digest, and the peak memory of this process."""
    _build(store_rows(made_rows(100)))  # what is imported late is not timed
    rows = store_rows(made_rows(count))
    started = time.perf_counter()
    manifest = _build(rows)
    built = time.perf_counter()
    found = f"{manifest.digest[:12]}: {len(manifest.frame)} albums; {manifest.excluded}; "
    seconds = {"build_manifest": built - started, "digest": time.perf_counter() - built}
    found += str(count_duplicates(manifest))
    return {"rows": count, "seconds": seconds, "found": found, "peak_mib": _peak_mib()}


def store_rows(frame: pd.DataFrame) -> list[dict[str, object]]:
    """The rows as the stores give them."""
    plain = frame.astype("object").where(frame.notna(), None)
    told = zip(*(plain[name].tolist() for name in plain.columns), strict=True)
    rows = (dict(zip(plain.columns, values, strict=True)) for values in told)
    same: dict[str, object] = {"url": "https://x/y.jpg", "width": 600, "height": 600}
    return [
        {**row, **same, "genres": (row["label"],), "cover_sha256": row["pixel_sha256"]}
        for row in rows
    ]


def _build(rows: list[dict[str, object]]) -> Manifest:
    return build_manifest(rows, study="benchmark", classes=LABELS, seed=0)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


MEASURES: Final = {"steps": measure, "whole": measure_whole}


def main() -> None:
    """Measure a tenth of the rows, then all: step by step, and as a whole."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dataset", description=__doc__)
    parser.add_argument("--rows", type=int, default=FULL)
    parser.add_argument("--child", choices=MEASURES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(MEASURES[asked.child](asked.rows)))
        return
    for what in MEASURES:
        _show(*(_measured(what, count) for count in (asked.rows // 10, asked.rows)))


def _show(small: dict[str, Any], large: dict[str, Any]) -> None:
    print(f"{'':<20}{small['rows']:>10} rows{large['rows']:>10} rows   time of a row, ratio")
    for step, seconds in small["seconds"].items():
        _print_step(step, (seconds, small["rows"]), (large["seconds"][step], large["rows"]))
    totals = [sum(each["seconds"].values()) for each in (small, large)]
    _print_step("all", (totals[0], small["rows"]), (totals[1], large["rows"]))
    print(f"{'peak memory':<20}{small['peak_mib']:>11.0f} MiB{large['peak_mib']:>11.0f} MiB")
    for each in (small, large):
        print(f"{each['rows']} rows: {each['found']}")
    within = totals[1] <= LIMITS[0] and large["peak_mib"] <= LIMITS[1]
    print(f"limits of {LIMITS[0]:g} s and {LIMITS[1]:g} MiB: {'kept' if within else 'exceeded'}")


def _measured(what: str, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.dataset", "--child", what, "--rows", str(count)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _print_step(name: str, small: tuple[float, int], large: tuple[float, int]) -> None:
    ratio = (large[0] / large[1]) / (small[0] / small[1])
    print(f"{name:<20}{small[0]:>13.2f} s{large[0]:>13.2f} s{ratio:>12.2f}")


if __name__ == "__main__":
    main()

"""``python -m benchmarks.scale``: made albums and covers through every station at two sizes.

Pages of 1,000 albums with small, distinct covers are collected, their covers stored, a dataset
version is built and validated, covers are decoded and their features computed: each station in a
process of its own, by the code that flows run, on embedded stores. Only the network is left out:
pages and covers come from files. Shown are seconds per 1,000 albums and the peak of anonymous
memory at each size, the bytes that an album takes in each store, and which station would be the
first that a machine like this could not bear at 4,000,000. Each ``--albums`` is one size.
"""

import argparse
import io
import json
import math
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from PIL import Image

from albumart.album import Album, Origin
from albumart.collect.scrape import Options, collect_albums
from albumart.covers import download_covers, sweep_covers
from albumart.dataset.manifest import read_manifest
from albumart.dataset.version import build_version
from albumart.embedded.folder import PlatformFolder
from albumart.embedded.platform import open_platform
from albumart.embedded.state import live_state
from albumart.endpoints import Endpoints, S3Endpoint
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.query import Query
from albumart.settings import Settings
from albumart.sources import SOURCES, Page, Source
from albumart.sources.base import Crawl
from albumart.stores.mongodb import connect
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace, open_workspace
from albumart.study import Study, load_study
from albumart.training.networks import cached_features, cached_pixels
from albumart.validation.scraped import ScrapeJudge
from albumart.validation.stations import judge_manifest, judge_stored_rows

SIZES: Final = (13_000, 130_000)
AIM: Final = 4_000_000
PAGE: Final = 1_000  # albums
COVER: Final = 64  # pixels, about 2 kB
GENRES: Final = ("ambient", "folk", "hip hop", "jazz", "metal", "pop", "punk", "rock", "soul")
MAY_GROW: Final = 1.1
_WEEK: Final = 7 * 86_400.0
_SAMPLE: Final = 0.05  # seconds between looks at the memory


@dataclass(frozen=True, slots=True)
class Job:
    """What a station works on."""

    workspace: Workspace
    client: PoliteClient
    folder: Path

    @property
    def pages(self) -> Path:
        """Made pages and covers."""
        return self.folder / "made"

    @property
    def query(self) -> Query:
        """What the made source is asked."""
        return Query(url=self.pages.as_uri())

    @property
    def study(self) -> Study:
        """The study of the made covers: as the sandbox's, on them."""
        study = load_study("sandbox-genre").with_source("folder", self.query.url)
        return study.with_model(backbone="small", weights="random")


def make_covers(folder: Path, albums: int) -> None:
    """Write pages and covers; the same number makes the same ones."""
    rng = np.random.default_rng(albums)
    for first in range(0, albums, PAGE):
        place = folder / f"{first // PAGE:06}"
        place.mkdir(parents=True)
        rows = [_make_album(place, n, rng) for n in range(first, min(first + PAGE, albums))]
        (place / "page.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def _make_album(place: Path, number: int, rng: np.random.Generator) -> dict[str, str]:
    buffer = io.BytesIO()
    rough = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    rough.resize((COVER, COVER), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=80)
    name = f"{number:07}.jpg"
    (place / name).write_bytes(buffer.getvalue())
    return {
        "file": name,
        "sha256": f"{number:064x}",
        "genre": GENRES[number % len(GENRES)],
        "artist": f"Artist no {number // 3}",
        "title": f"Song of {number} moons",
        "year": str(1960 + number % 60),
    }


def made_source() -> Source:
    """Pages of albums as a source of the internet has them; covers are files."""

    def fetch(crawl: Crawl, query: Query) -> Iterator[Page]:
        folder = Path(str(query.url).removeprefix("file://"))
        places = sorted(folder.iterdir())
        crawl.expect(len(places))
        for place in places:
            yield crawl.keep(f"{place.as_uri()}/", (place / "page.jsonl").read_bytes())

    return replace(SOURCES["folder"], fetch=fetch, lists_all=False)


def collect(job: Job) -> dict[str, Any]:
    """Pages → stored albums."""
    options = Options(judge=ScrapeJudge("folder"))
    counts = collect_albums(job.client, job.workspace, made_source(), job.query, options)
    return {"albums": counts.albums.inserted}


def collect_again(job: Job) -> dict[str, Any]:
    """The same pages, of which none has changed."""
    options = Options(judge=ScrapeJudge("folder"))
    counts = collect_albums(job.client, job.workspace, made_source(), job.query, options)
    return {"pages": dict(counts.pages)}


def covers(job: Job) -> dict[str, Any]:
    """Stored albums → stored covers, in batches as tasks have them."""
    albums, scope, stored = job.workspace.albums, job.query.scope("folder"), 0
    for keys in albums.due_ranges(scope):
        found = download_covers(job.client, job.workspace, albums.due_albums(scope, keys))
        stored += found.by_status["stored"]
    return {"covers": stored}


def sweep(job: Job) -> dict[str, Any]:
    """Documents and objects, side by side."""
    counts = sweep_covers(job.workspace)
    return {"missing": counts.missing, "orphaned": counts.orphaned}


def validate(job: Job) -> dict[str, Any]:
    """What is stored, by Great Expectations."""
    report = judge_stored_rows(job.study, job.workspace)
    return {"passed": f"{sum(each.passed for each in report.results)} of {len(report.results)}"}


def dataset(job: Job) -> dict[str, Any]:
    """Stored covers → a dataset version."""
    manifest = build_version(job.study, job.workspace)
    (job.folder / "digest").write_text(manifest.digest)
    return {"albums": len(manifest.frame), "excluded": dict(manifest.excluded)}


def validate_dataset(job: Job) -> dict[str, Any]:
    """The dataset version, by Great Expectations."""
    report = judge_manifest(_manifest(job), job.workspace, job.study)
    return {"passed": f"{sum(each.passed for each in report.results)} of {len(report.results)}"}


def decode(job: Job) -> dict[str, Any]:
    """Covers → pixels in a mapped file."""
    return {"pixels": list(cached_pixels(_manifest(job), job.workspace, COVER).shape)}


def features(job: Job) -> dict[str, Any]:
    """Pixels → rows of numbers, through a small network with random weights."""
    return {"features": list(cached_features(job.study, _manifest(job), job.workspace).shape)}


def _manifest(job: Job) -> Any:
    return read_manifest(job.workspace.objects, (job.folder / "digest").read_text())


STATIONS: Final[dict[str, Callable[[Job], dict[str, Any]]]] = {
    "collect": collect,
    "collect again": collect_again,
    "covers": covers,
    "sweep": sweep,
    "validate": validate,
    "dataset": dataset,
    "validate dataset": validate_dataset,
    "decode": decode,
    "features": features,
}
JUDGING: Final = frozenset({"collect", "collect again", "validate", "validate dataset"})


def run_station(name: str, options: dict[str, Any]) -> None:
    """One station, in a process of its own; prints what it took."""
    endpoints = Endpoints(options["mongodb_uri"], "albumart", S3Endpoint(*options["s3"]))
    folder = Path(options["folder"])
    with (
        open_workspace(endpoints, folder / "cache", Origin.SANDBOX) as workspace,
        PoliteClient("", pacer=Pacer(folder / "pace")) as client,
        _peak_of_memory() as peak,
    ):
        if name in JUDGING:  # what is imported late is not timed
            ScrapeJudge("folder")([Album("folder", "0", ())])
        if name == "features":
            import_module("keras")
        started, worked = time.perf_counter(), time.process_time()
        found = STATIONS[name](Job(workspace, client, folder))
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    told = {"seconds": seconds, "cpu": cpu, "peak_mib": peak[0], "found": found}
    print(json.dumps(told))


@contextmanager
def _peak_of_memory() -> Iterator[list[float]]:
    """The most anonymous memory of this process: what mapped files take can be taken back."""
    peak, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(_SAMPLE):
            peak[0] = max(peak[0], _memory("self", "RssAnon"))

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield peak
    finally:
        over.set()
        watch.join()


def _memory(pid: int | str, what: str) -> float:
    """MiB of a process, as the kernel's ``status`` tells."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"{what}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def measure(albums: int, folder: Path) -> dict[str, Any]:
    """Every station at one size, and what the stores then take."""
    print(f"\n{albums:,} albums: making covers", flush=True)
    make_covers(folder / "made", albums)
    home = folder / "home"
    with open_platform(Settings(home=home), parts=()) as endpoints:
        s3 = endpoints.s3
        options = {
            "mongodb_uri": endpoints.mongodb_uri,
            "s3": [s3.endpoint_url, s3.bucket, s3.region, s3.access_key_id, s3.secret_access_key],
            "folder": str(folder),
        }
        servers, stations = _servers(home), {}
        for name in STATIONS:
            before = _cpu(servers)
            stations[name] = took = _in_process(name, options)
            took["cpu"] += _cpu(servers) - before
            line = f"  {name:<18}{took['seconds']:9.1f} s, of CPU {took['cpu']:7.1f} s"
            print(f"{line} {took['peak_mib']:7.0f} MiB  {took['found']}", flush=True)
        return {"stations": stations, "albums": albums, "stores": _stores(endpoints, servers)}


def _in_process(name: str, options: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.scale", "--station", name]
    command += ["--options", json.dumps(options)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _servers(home: Path) -> dict[str, psutil.Process]:
    """The programs of the stores."""
    state = live_state(PlatformFolder.of(home))
    parts = state.parts if state else {}
    return {name: psutil.Process(part.process.pid) for name, part in parts.items() if part.process}


def _cpu(servers: Mapping[str, psutil.Process]) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in servers.values())


def _stores(endpoints: Endpoints, servers: Mapping[str, psutil.Process]) -> dict[str, float]:
    """Bytes in both stores, and the most memory that their servers had."""
    with connect(endpoints.mongodb_uri) as client, ObjectStore(endpoints.s3) as objects:
        client.admin.command("fsync")  # what is not written yet has no size
        told = client[endpoints.mongodb_database].command("dbStats")
        sizes = [(each.key.partition("/")[0], each.size) for each in objects.entries()]
    peaks = {f"{name} MiB": _memory(each.pid, "VmHWM") for name, each in servers.items()}
    return {
        "documents": told["dataSize"],
        "documents on disk": told["storageSize"],
        "indexes on disk": told["indexSize"],
        "covers": sum(size for kind, size in sizes if kind == "covers"),
        "other objects": sum(size for kind, size in sizes if kind != "covers"),
        **peaks,
    }


def show(small: dict[str, Any], large: dict[str, Any]) -> None:
    """Seconds per 1,000 and memory at both sizes, and what 4,000,000 would take."""
    sizes = (small["albums"], large["albums"])
    print(f"\nper 1,000 albums, of {sizes[0]:,} and of {sizes[1]:,}; peak memory of the process")
    heads = ("seconds", "", "ratio", "of CPU", "", "ratio", "MiB", "", "ratio")
    print(" " * 18 + "".join(f"{head:>8}" for head in heads) + f"   at {AIM:,}")
    for name in STATIONS:
        pair = (small["stations"][name], large["stations"][name])
        cells = [_compared(pair, sizes, what) for what in ("seconds", "cpu")]
        peaks = [took["peak_mib"] for took in pair]
        cells.append(f"{peaks[0]:>8.0f}{peaks[1]:>8.0f}{peaks[1] / max(peaks[0], 1):>8.2f}")
        hours, gib = _at_aim(pair, sizes)
        print(f"{name:<18}{''.join(cells)}{hours:>8.1f} h {gib:>6.1f} GiB")
    _show_stores(small, large)
    _conclude(small, large)


def _compared(
    pair: tuple[dict[str, Any], dict[str, Any]], sizes: tuple[int, int], what: str
) -> str:
    each = [took[what] / n * 1000 for took, n in zip(pair, sizes, strict=True)]
    return f"{each[0]:>8.2f}{each[1]:>8.2f}{each[1] / max(each[0], 1e-9):>8.2f}"


def _show_stores(small: dict[str, Any], large: dict[str, Any]) -> None:
    for name, taken in large["stores"].items():
        one, other = small["stores"][name], taken
        if name.endswith("MiB"):
            print(f"{name.removesuffix(' MiB') + ' (peak)':<20}{one:>10.0f}{other:>10.0f} MiB")
        else:
            each = (one / small["albums"], other / large["albums"])
            print(f"{name:<20}{each[0]:>10.0f}{each[1]:>10.0f} bytes an album")


def _at_aim(pair: tuple[dict[str, Any], dict[str, Any]], sizes: tuple[int, int]) -> Any:
    """Hours and GiB at AIM: time as a power of the size, memory as a line."""
    one, other = pair
    power = math.log(other["seconds"] / one["seconds"]) / math.log(sizes[1] / sizes[0])
    seconds = other["seconds"] * (AIM / sizes[1]) ** power
    slope = (other["peak_mib"] - one["peak_mib"]) / (sizes[1] - sizes[0])
    return seconds / 3600, max(other["peak_mib"] + slope * (AIM - sizes[1]), 0.0) / 1024


def _conclude(small: dict[str, Any], large: dict[str, Any]) -> None:
    """Name what breaks first: what wants most of the memory, or of a week."""
    sizes = (small["albums"], large["albums"])
    here = int(re.findall(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[0]) / 2**20
    shares: dict[str, float] = {}
    for name in STATIONS:
        pair = (small["stations"][name], large["stations"][name])
        hours, gib = _at_aim(pair, sizes)
        shares[name] = max(gib / here, hours * 3600 / _WEEK)
    first = max(shares, key=lambda name: shares[name])
    print()
    for what in ("seconds", "cpu"):
        totals = [sum(s[what] for s in each["stations"].values()) for each in (small, large)]
        ratio = (totals[1] / sizes[1]) / (totals[0] / sizes[0])
        kept = "kept" if ratio <= MAY_GROW else "exceeded"
        print(f"all stations: {ratio:.2f} × the {what} of an album (limit {MAY_GROW:g}: {kept})")
    print(
        f"at {AIM:,} albums {first!r} breaks first: {100 * shares[first]:.0f} % of what there is "
        f"(of {here:.0f} GiB of memory, or of a week)"
    )


def main() -> None:
    """Measure each size, and hold the largest to the smallest."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--albums", type=int, action="append", help="a size; again for more")
    parser.add_argument("--folder", type=Path, help="where to work; by default a temporary one")
    parser.add_argument("--station", choices=STATIONS, help=argparse.SUPPRESS)
    parser.add_argument("--options", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.station:
        run_station(asked.station, json.loads(asked.options))
        return
    measured = []
    for albums in sorted(asked.albums or SIZES):
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            measured.append(measure(albums, Path(folder)))
    if len(measured) > 1:
        show(measured[0], measured[-1])


if __name__ == "__main__":
    main()

"""``python -m benchmarks.scrape``: all four sources from the sandbox into embedded stores, twice.

Shows what the first scrape accounts for, what the second one (nothing changed) asks, writes and
takes, and the peak memory of the scraping process at two sizes.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from albumart.album import Origin
from albumart.collect.scrape import Options, collect_albums
from albumart.covers import download_covers
from albumart.embedded.platform import open_platform
from albumart.endpoints import Endpoints, S3Endpoint
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.query import Query
from albumart.sandbox.process import sandbox_process
from albumart.settings import Settings
from albumart.sources import SOURCES
from albumart.stores.mongodb import connect
from albumart.stores.workspace import Workspace, open_workspace
from albumart.validation.scraped import ScrapeJudge

FULL = 8.34  # 10 × 1,000 Bandcamp, 36 × 200 iTunes, 2,000 MusicBrainz, 1,000 AllMusic
COVER_HOSTS = ("f1.bcbits.com", "mzstatic.com", "archive.org", "rovicorp.com", "cdn-")
SCRAPED = ("bandcamp", "itunes", "musicbrainz", "allmusic")


def main() -> None:
    """Run the scenario at a tenth of the size and at the full one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=FULL, help="of the made catalogue")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        _scrape_once(**json.loads(asked.child))
        return
    peaks = [_scenario(scale) for scale in (asked.scale / 10, asked.scale)]
    print(f"peak memory at ten times the albums: {peaks[1] / peaks[0]:.2f} × that at one")


def _scenario(scale: float) -> float:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_platform(Settings(home=Path(folder)), parts=()) as endpoints,
        sandbox_process(scale=scale) as sandbox,
    ):
        print(f"\nscale {scale:g}")
        first, before = _run(endpoints, sandbox, folder), _writes(endpoints)
        asked, due = _covers_asked(sandbox), _due_again(endpoints, Path(folder))
        second = _run(endpoints, sandbox, folder)
        written = _writes(endpoints) - before
        print(
            f"  second run: {second['seconds']:.1f} s; covers asked: "
            f"{_covers_asked(sandbox) - asked}, documents written: {written}; {due} covers that "
            "came truncated were due again"
        )
        return float(first["peak_mib"])


def _run(endpoints: Endpoints, sandbox: str, folder: str) -> dict[str, Any]:
    s3 = endpoints.s3
    options = {
        "mongodb_uri": endpoints.mongodb_uri,
        "s3": [s3.endpoint_url, s3.bucket, s3.region, s3.access_key_id, s3.secret_access_key],
        "sandbox": sandbox,
        "folder": folder,
    }
    command = [sys.executable, "-m", "benchmarks.scrape", "--child", json.dumps(options)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    for name, counts in found["sources"].items():
        print(f"  {name:<12}{counts}")
    print(f"  {found['seconds']:.1f} s, peak memory {found['peak_mib']:.0f} MiB")
    return found


def _scrape_once(mongodb_uri: str, s3: list[str], sandbox: str, folder: str) -> None:
    endpoints = Endpoints(mongodb_uri, "albumart", S3Endpoint(*s3))
    started, sources = time.perf_counter(), {}
    pacer = Pacer(Path(folder, "pace"))
    with (
        open_workspace(endpoints, Path(folder, "cache"), Origin.SANDBOX) as workspace,
        PoliteClient("", pacer=pacer, mirror=sandbox) as client,
    ):
        for name in SCRAPED:
            sources[name] = _scrape_source(client, workspace, name)
    found = {
        "sources": sources,
        "seconds": time.perf_counter() - started,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))


def _scrape_source(client: PoliteClient, workspace: Workspace, name: str) -> str:
    started, covers = time.perf_counter(), Counter[str]()
    options = Options(judge=ScrapeJudge(name))
    counts = collect_albums(client, workspace, SOURCES[name], Query(), options)
    collected = time.perf_counter()
    for keys in workspace.albums.due_ranges(name):
        batch = download_covers(client, workspace, workspace.albums.due_albums(name, keys))
        covers.update(batch.by_status)
    albums = counts.albums
    by_status = {s: n for s, n in workspace.albums.cover_counts(name).items() if n}
    return (
        f"{sum(counts.pages.values())} pages; albums {albums.inserted} new {albums.changed} "
        f"changed {albums.quarantined} aside in {collected - started:.1f} s; "
        f"covers {by_status} in {time.perf_counter() - collected:.1f} s"
    )


def _writes(endpoints: Endpoints) -> int:
    """Inserts, updates and removals of documents in our collections since the server started."""
    with connect(endpoints.mongodb_uri) as client:
        totals = client.admin.command("top")["totals"]
    ours = [counts for name, counts in totals.items() if name.startswith("albumart.")]
    return sum(each[kind]["count"] for each in ours for kind in ("insert", "update", "remove"))


def _due_again(endpoints: Endpoints, folder: Path) -> int:
    """Covers that failed before and whose next try has come: the only ones to be asked for."""
    with open_workspace(endpoints, folder / "cache", Origin.SANDBOX) as workspace:
        ranges = (workspace.albums.due_ranges(s, only_failed=True, size=1) for s in SCRAPED)
        return sum(map(len, ranges))


def _covers_asked(sandbox: str) -> int:
    """Requests for images: those of the hosts that serve nothing else."""
    with urllib.request.urlopen(f"{sandbox}/_sandbox/requests") as answer:
        counts = json.load(answer)["counts"]
    return sum(
        sum(paths.values())
        for host, paths in counts.items()
        if any(part in host for part in COVER_HOSTS)
    )


if __name__ == "__main__":
    main()

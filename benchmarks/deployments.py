"""Every deployment, deployed and run once by a worker, on sandbox sources.

    ALBUMART_HOME=/tmp/deployments python -m benchmarks.deployments [--limit 1200] [NAME …]

A platform of its own is brought up, all is deployed, the schedules are listed, and each deployment
is run by ``prefect deployment run … --watch``: scrapes first, then studies, then single stations on
what these made. Whatever a scrape's event sets off meanwhile, trains too, and is told in the end.
It takes some twenty minutes on two cores.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from albumart.embedded.platform import ALL_PARTS, open_platform
from albumart.sandbox.process import sandbox_process
from albumart.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
STATIONS = "sandbox-genre"  # the study that single stations work on
Parameters = Mapping[str, object]


def prefect(*words: str) -> "subprocess.CompletedProcess[str]":
    """One of Prefect's own commands, as people type it."""
    return subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *words],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip


def last_dataset() -> str:
    """Digest of the dataset that the single stations work on."""
    done = subprocess.run(
        [sys.executable, "-m", "albumart", "data", "datasets", "list", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])["datasets"]
    digest: str = next(each["digest"] for each in found if each["study"] == STATIONS)
    return digest


def planned(mirror: str, limit: int) -> Iterator[tuple[str, Parameters]]:
    """Names of deployments and what each is given; each finds what those before it made."""
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    by_kind: dict[str, list[str]] = {}
    for each in deployments:
        by_kind.setdefault(each["entrypoint"].rpartition(".")[2], []).append(each["name"])
    made = {"origin": "sandbox"}
    for name in by_kind.pop("scrape_source"):
        yield name, {"mirror": mirror, **made}
    yield "covers", {"mirror": mirror, "limit": limit, **made}
    for name in by_kind.pop("run_study"):
        yield name, {"sandbox": True, "limit": limit}
    yield "build-dataset", {"study": STATIONS, **made}
    yield "compute-features", {"study": "itunes-genre", "dataset": None, "weights": "random"}
    yield "train-model", {"study": STATIONS, "dataset": None}
    yield "promote-model", {"study": STATIONS, "version": 1}
    yield "retrain", {"study": STATIONS, **made}
    yield "score-covers", {"study": STATIONS}
    yield "sweep", {}
    yield "backup", {}


def run(name: str, given: Parameters) -> bool:
    """Run a deployment and tell how it ended; whether it completed."""
    entries = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    entry = next(each["entrypoint"] for each in entries if each["name"] == name)
    flow = entry.rpartition(".")[2].replace("_", "-")
    known = {key: last_dataset() if value is None else value for key, value in given.items()}
    told = [f"{key}={json.dumps(value)}" for key, value in known.items()]
    words = [word for each in told for word in ("--param", each)]
    started = time.monotonic()
    done = prefect("deployment", "run", f"{flow}/{name}", *words, "--watch")
    seconds = time.monotonic() - started
    state, message = state_of(done.stdout)
    print(f"{name:<30}{state:<12}{seconds:6.0f} s  {message[:300]}", flush=True)
    return done.returncode == 0 and state == "COMPLETED"


def state_of(told: str) -> tuple[str, str]:
    """How the run ended that the command told of, and what it says."""
    from prefect.client.orchestration import get_client

    found = re.search(r"UUID: ([0-9a-f-]{36})", told)
    if found is None:
        return "NONE", told.strip().replace("\n", " ")
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(UUID(found[1])).state
    return (state.type.value, state.message or "") if state else ("NONE", "")


def automatic() -> dict[str, int]:
    """Runs that automations began, by flow and state; none of them was asked for here."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(limit=200)
    begun = [each for each in runs if each.created_by and each.created_by.type == "AUTOMATION"]
    return Counter(f"{each.parameters.get('study')} {each.state_name}" for each in begun)


def schedules() -> list[dict[str, Any]]:
    """Of every deployment, as the server has them."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return [
            {
                "deployment": found.name,
                "cron": getattr(each.schedule, "cron", ""),
                "timezone": each.schedule.timezone,
                "active": each.active,
            }
            for found in client.read_deployments()
            for each in found.schedules
        ]


def main() -> None:
    """Bring up, deploy, list, run."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--limit", type=int, default=1200)
    asked.add_argument("names", nargs="*")
    options = asked.parse_args()
    settings = load_settings()
    with open_platform(settings, parts=ALL_PARTS) as endpoints, sandbox_process() as mirror:
        os.environ.update(endpoints.as_environment())
        started = time.monotonic()
        if (done := prefect("deploy", "--all")).returncode:
            sys.exit(done.stdout + done.stderr)
        print(f"deployed in {time.monotonic() - started:.0f} s")
        for each in schedules():
            print("  {deployment:<18}{cron:<14}{timezone:<22}{active}".format(**each))
        plan = [each for each in planned(mirror, options.limit) if each[0] in options.names]
        plan = plan or list(planned(mirror, options.limit))
        completed = sum(run(name, given) for name, given in plan)
        print("retrained by events:", dict(automatic()))
    print(f"{completed} of {len(plan)} completed")
    sys.exit(completed < len(plan))


if __name__ == "__main__":
    main()

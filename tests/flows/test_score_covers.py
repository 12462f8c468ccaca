"""`albumart models score` on a real Prefect server: the flow, and the artifacts it leaves."""

import dataclasses
import json
import os
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scored_covers import key_of, made_champion, store_covers

from albumart.album import Origin
from albumart.endpoints import Endpoints
from albumart.stores.workspace import Workspace, open_workspace

N = 150


@pytest.fixture
def own(prefect_endpoints: Endpoints) -> Endpoints:
    s3 = dataclasses.replace(prefect_endpoints.s3, bucket="scored")
    return dataclasses.replace(prefect_endpoints, mongodb_database="scored", s3=s3)


@pytest.fixture
def workspace(own: Endpoints, tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(own, tmp_path / "cache", Origin.SANDBOX) as opened:
        store_covers(opened, range(N))
        made_champion(opened)
        yield opened


def artifacts(endpoints: Endpoints) -> dict[str, Any]:
    token = b64encode(str(endpoints.prefect_auth).encode()).decode()
    request = urllib.request.Request(
        f"{endpoints.prefect_api_url}/artifacts/latest/filter",
        data=b"{}",
        headers={"Content-Type": "application/json", "Authorization": f"Basic {token}"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return {found["key"]: found["data"] for found in json.load(answer)}


def test_every_cover_is_scored_and_the_artifacts_tell(
    workspace: Workspace, own: Endpoints, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "albumart", "models", "score", "made"],
        env=os.environ | own.as_environment() | {"ALBUMART_HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first_line, *lines, last = done.stdout.splitlines()
    counts = f"{N} scored, 0 missing, 0 unreadable"
    assert first_line == f"made: version 2, sandbox covers: {counts}"
    assert [line.split() for line in lines] == [["blue", str(N // 2)], ["red", str(N // 2)]]
    assert last.split(maxsplit=1) == ["ask", "albumart models most made blue"]
    assert f"score      {counts}" in done.stderr

    shown = artifacts(own)
    assert shown["scores-progress"] == 100.0
    assert json.loads(shown["scores-counts"])[0] == {"scores": "scored", "count": N}
    most = json.loads(shown["most"])
    assert len(most) == 10
    (first, *_) = (row for row in most if row["asked"] == "red")
    assert (first["album"], first["title"]) == (f"bandcamp:{key_of(N - 1)}", f"T{N - 1}")
    assert first["artist"] == " &#91;31mA"

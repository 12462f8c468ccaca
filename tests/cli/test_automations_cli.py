"""`albumart automations` on a real Prefect server."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from albumart.endpoints import Endpoints


@pytest.fixture
def environment(prefect_endpoints: Endpoints, tmp_path: Path) -> dict[str, str]:
    own = {"ALBUMART_HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect")}
    return {**os.environ, **prefect_endpoints.as_environment(), **own}


def automations(*words: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "albumart", "automations", *words],
        env=environment, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def changes(out: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(out.splitlines()[-1])["changes"]
    return found


def test_apply_tells_what_it_would_change_and_then_changes_it(environment: dict[str, str]) -> None:
    wanted = environment | {"ALBUMART_SILENCE_SECONDS": "4321"}
    tried = changes(automations("apply", "--dry-run", "--json", environment=wanted))
    assert {"automation", "limit"} == {change["kind"] for change in tried}
    crashed = next(change for change in tried if "machine died" in change["name"])
    assert crashed["what"] in ("created", "changed")
    assert "nothing was changed" in automations("apply", "--dry-run", environment=wanted)
    assert crashed["name"] in automations("apply", environment=wanted)
    assert "nothing to change" in automations("apply", environment=wanted)
    done = changes(automations("apply", "--json", environment=wanted))
    assert {change["what"] for change in done} == {"unchanged"}


def test_blocks_hold_what_the_environment_says(
    environment: dict[str, str], prefect_endpoints: Endpoints
) -> None:
    out = automations("blocks", environment=environment)
    assert out == "saved: albumart-mongodb-uri, albumart-s3\n"
    prefect = [sys.executable, "-m", "prefect", "--no-prompt", "block"]
    for name in ("albumart-mongodb-uri", "albumart-s3"):
        subprocess.run(
            [*prefect, "delete", f"secret/{name}"], env=environment, check=True, capture_output=True
        )
    bare = {name: value for name, value in environment.items() if "MONGODB" not in name}
    bare = {name: value for name, value in bare.items() if "S3_" not in name}
    assert automations("blocks", environment=bare).startswith("nothing is set")

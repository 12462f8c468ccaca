"""What opens the stores is in no parameter, log, artifact or event that the server keeps."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from albumart.endpoints import Endpoints

PLANTED = "planted-secret-51c9"
KEPT = ("flow_runs", "task_runs", "logs", "artifacts", "deployments", "events", "variables")
PAGE = 200


def scrape(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "albumart", "scrape", "bandcamp", "--sandbox"],
        env=environment, capture_output=True, text=True, timeout=200,
    )  # fmt: skip


def everything_kept(endpoints: Endpoints) -> str:
    """All that the server tells of runs, as text."""
    given = {
        PREFECT_API_URL: endpoints.prefect_api_url,
        PREFECT_API_AUTH_STRING: endpoints.prefect_auth,
    }
    told = []
    with temporary_settings(given), get_client(sync_client=True) as client:
        for kind in KEPT:
            offset = 0
            while True:
                paged = {} if kind == "events" else {"offset": offset, "limit": PAGE}
                answer = client.request("POST", f"/{kind}/filter", json=paged)
                told.append(answer.text)
                offset += PAGE
                if kind == "events" or len(answer.json()) < PAGE:
                    break
    return "\n".join(told)


@pytest.fixture
def environment(prefect_endpoints: Endpoints, tmp_path: Path) -> dict[str, str]:
    s3 = dataclasses.replace(prefect_endpoints.s3, bucket="secretive")
    known = dataclasses.replace(prefect_endpoints, mongodb_database="secretive", s3=s3)
    own = {"ALBUMART_HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect")}
    return {**os.environ, **known.as_environment(), **own}


def test_nothing_of_a_run_tells_a_secret(
    environment: dict[str, str], prefect_endpoints: Endpoints, tmp_path: Path
) -> None:
    done = scrape(environment)
    assert done.returncode == 0, done.stderr
    # What fails tells most: a store that does not answer, and one that refuses the key.
    dead = f"mongodb://me:{PLANTED}@127.0.0.1:9/?serverSelectionTimeoutMS=300&connectTimeoutMS=300"
    lost = scrape(environment | {"ALBUMART_MONGODB_URI": dead})
    assert lost.returncode == 1
    refused = scrape(environment | {"ALBUMART_S3_SECRET_ACCESS_KEY": PLANTED})
    assert refused.returncode == 1

    kept = everything_kept(prefect_endpoints)
    assert "scrape-bandcamp" in kept
    assert "MongoDB failed" in kept
    assert "ALBUMART_S3_SECRET_ACCESS_KEY" in kept  # by its name, as what is to be checked
    printed = "".join(each.stdout + each.stderr for each in (done, lost, refused))
    written = "".join(
        path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()
    )
    secrets = (PLANTED, prefect_endpoints.s3.secret_access_key, prefect_endpoints.prefect_auth)
    password = prefect_endpoints.mongodb_uri.partition("@")[0].rpartition(":")[2]
    for secret in (*secrets, password):
        assert secret
        for text in (kept, printed, written):
            assert secret not in text

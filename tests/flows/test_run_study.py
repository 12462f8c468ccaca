"""The front door on the embedded platform: deployed, run by a worker, looked at through the API."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from in_chromium import DESKTOP, PATIENCE, needs_chromium, open_browser
from made_studies import TWO_SOURCES
from playwright.sync_api import expect

from albumart.dataset.duplicates import count_duplicates
from albumart.dataset.manifest import read_manifest
from albumart.endpoints import Endpoints
from albumart.reports.key_figures import KEY_FIGURES
from albumart.stores.workspace import open_workspace
from albumart.training.candidate import read_candidate

ROOT = Path(__file__).resolve().parents[2]
ALBUMS = 500  # of the sandbox's 1,200: enough to beat the majority class

Api = Callable[[str, dict[str, Any]], Any]


@pytest.fixture
def environment(prefect_endpoints: Endpoints, prefect_home: Path) -> dict[str, str]:
    own = {"ALBUMART_HOME": str(prefect_home), "PREFECT_HOME": str(prefect_home / "client")}
    return {**os.environ, **prefect_endpoints.as_environment(), **own}


@pytest.fixture
def api(prefect_endpoints: Endpoints) -> Api:
    """POST to the Prefect server's REST API."""

    def post(path: str, body: dict[str, Any]) -> Any:
        token = b64encode(str(prefect_endpoints.prefect_auth).encode()).decode()
        request = urllib.request.Request(
            f"{prefect_endpoints.prefect_api_url}/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Basic {token}"},
        )
        # Without the proxy that a variable may have named when urllib was first asked.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as answer:
            return json.load(answer)

    return post


def prefect(*words: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_deployed_study_runs_to_a_champion_and_its_artifacts(
    environment: dict[str, str], prefect_endpoints: Endpoints, api: Api, tmp_path: Path
) -> None:
    prefect("deploy", "--all", environment=environment)
    names = {found["name"] for found in api("deployments/filter", {})}
    assert {"sandbox-genre", "bandcamp-genre", "itunes", "promote-model"} <= names

    prefect(
        "deployment", "run", "run-study/sandbox-genre", "--param", f"limit={ALBUMS}", "--watch",
        environment=environment,
    )  # fmt: skip
    runs = api("flow_runs/filter", {"deployments": {"name": {"any_": ["sandbox-genre"]}}})
    assert [run["state_type"] for run in runs] == ["COMPLETED"]

    artifacts = {found["key"]: found for found in api("artifacts/latest/filter", {})}
    assert {
        "albums-counts", "pages-counts", "pages-progress", "scrape-comparison", "data-docs",
        "covers-counts", "covers-progress", "validation", "metrics", "confusion-matrix", "report",
    } <= set(artifacts)  # fmt: skip
    assert artifacts["covers-progress"]["data"] == 100.0
    counts = json.loads(artifacts["covers-counts"]["data"])
    assert sum(row["count"] for row in counts) == ALBUMS

    with open_workspace(prefect_endpoints, tmp_path) as workspace:
        champion = workspace.models.champion("sandbox-genre")
        assert champion is not None
        accuracy = champion.evaluation["metrics"]["accuracy"]
        assert accuracy["low"] > champion.baselines["majority"]["value"]
        assert workspace.objects.exists("reports/sandbox-genre/v1.html")


@needs_chromium
def test_the_run_page_shows_what_came_of_it(prefect_endpoints: Endpoints, api: Api) -> None:
    """In the Prefect UI, for somebody who has nothing else."""
    (run,) = api("flow_runs/filter", {"deployments": {"name": {"any_": ["sandbox-genre"]}}})
    of_run = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}}
    artifacts = {each["key"]: each["id"] for each in api("artifacts/filter", of_run)}
    ui = f"{prefect_endpoints.prefect_api_url}".removesuffix("/api")
    with open_browser() as browser:
        page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
        page.set_default_timeout(PATIENCE)
        page.goto(ui)
        page.locator("input").fill(str(prefect_endpoints.prefect_auth))
        page.keyboard.press("Enter")
        page.wait_for_url("**/dashboard**")
        page.goto(f"{ui}/v2/runs/flow-run/{run['id']}?tab=Artifacts")
        for key in ("result", "key-figures", "report", *(f"figure-{name}" for name in KEY_FIGURES)):
            expect(page.get_by_text(key, exact=True)).to_be_visible()
        page.goto(f"{ui}/v2/artifacts/artifact/{artifacts['figure-comparison']}")
        picture = page.locator("img[src^='data:image/png']")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") == 800
        page.goto(f"{ui}/v2/artifacts/artifact/{artifacts['key-figures']}")
        expect(page.get_by_role("cell", name="this model")).to_be_visible()
        page.goto(f"{ui}/v2/artifacts/artifact/{artifacts['result']}")
        expect(page.get_by_text("of test covers get their genre right").first).to_be_visible()


def test_a_second_run_from_the_command_line_does_nothing_again(
    environment: dict[str, str], api: Api
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "albumart", "run", "sandbox-genre", "--limit", str(ALBUMS),
         "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["model"]["version"] == 1
    assert result["model"]["promoted"]
    assert sum(result["dataset"]["by_status"].values()) == ALBUMS
    assert set(result["seconds"]) == {"collect", "covers", "dataset", "train", "promote"}
    assert "train      unchanged" in done.stderr
    assert "bandcamp: unchanged" in done.stderr
    page = urllib.request.url2pathname(urlsplit(data_docs_address(api)).path)
    assert "bandcamp" in Path(page).read_text()


def test_a_candidate_of_the_newest_dataset_says_its_device(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "albumart", "train", "sandbox-genre", "--device", "cpu"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"device     \w+ on cpu:0; ", done.stderr)
    assert "train      unchanged" in done.stderr
    assert done.stdout.startswith("sandbox-genre: version 1: accuracy ")


def data_docs_address(api: Api) -> str:
    """Where the link artifact leads."""
    artifacts = {found["key"]: found for found in api("artifacts/latest/filter", {})}
    found = re.search(r"\((file://[^)]+)\)", artifacts["data-docs"]["data"])
    assert found
    return found[1]


def test_a_mistake_inside_a_flow_is_one_line_too(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """A list with a broken row, served by a sandbox of real files."""
    folder = tmp_path / "bandcamp"
    folder.mkdir()
    row = "http://f1.bcbits.com/img/a1_2.jpg\tmetal/a1.jpg\n"
    (folder / "dataset-links.tsv").write_text(row + "a row without a tab\n")
    done = subprocess.run(
        [sys.executable, "-m", "albumart", "run", "sandbox-genre", "--real", str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("albumart: ")
    assert "line 2" in last
    assert "Traceback" not in done.stderr


QUICK = """
[[train.stages]]
epochs = 2
unfrozen = "all"
[trials]
seeds = 1
random_split = false
"""


def test_a_study_of_two_sources_runs_to_its_report(
    environment: dict[str, str], prefect_endpoints: Endpoints, tmp_path: Path
) -> None:
    file = tmp_path / "two-sources.toml"
    file.write_text(TWO_SOURCES + QUICK)
    done = subprocess.run(
        [sys.executable, "-m", "albumart", "run", str(file), "--limit", "150", "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"collect +itunes\?genres=2&.*: stored", done.stderr)
    assert re.search(r"collect +musicbrainz\?genres=jazz&.*: stored", done.stderr)
    result = json.loads(done.stdout.splitlines()[-1])
    dataset = result["dataset"]
    assert sum(dataset["by_status"].values()) == 140 + 150  # the charts list no more
    with open_workspace(prefect_endpoints, tmp_path) as workspace:
        copies = count_duplicates(read_manifest(workspace.objects, dataset["digest"]))
        version = workspace.models.find_version("two-sources", result["model"]["version"])
        assert read_candidate(workspace.objects, version.run).provenance.scopes == (
            "itunes?genres=2&genres=11&genres=21&genres=22",
            "musicbrainz?genres=jazz&genres=rock",
        )
    assert copies.works > 5
    assert copies.told == 2 * copies.works
    assert copies.parted == 0

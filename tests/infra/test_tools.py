"""The files of infra/, read by the programs that will read them: Compose, hadolint, the schemas of
Kubernetes. None of them asks an engine or a cluster."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.utilities.templating import apply_values

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
DOCKERFILES = sorted(INFRA.glob("Dockerfile*"))
KUBERNETES = ("1.30", "1.34")  # the oldest that the guide names, and one of this year
MANIFESTS = sorted(
    path for path in INFRA.glob("kubernetes/*.yaml") if path.name != "kustomization.yaml"
)


def check(name: str, *words: str | Path) -> str:
    """What a program of the development group says of files, which is to be nothing bad."""
    program = shutil.which(name, path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip(f"no {name} here: its package has no wheel for this machine")
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def compose_folder(tmp_path: Path) -> Path:
    """infra/ as the guide has it before `docker compose up`."""
    for path in INFRA.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    shutil.copy(INFRA / ".env.example", tmp_path / ".env")
    subprocess.run(["sh", str(tmp_path / "make-secrets")], check=True)
    return tmp_path


@pytest.mark.parametrize("profile", [[], ["--profile", "gpu"]], ids=["cpu", "gpu"])
def test_compose_takes_its_file(compose_folder: Path, profile: list[str]) -> None:
    given = ("--project-directory", compose_folder, *profile, "config")
    told = yaml.safe_load(check("docker-compose", *given))["services"]
    written = yaml.safe_load((INFRA / "compose.yaml").read_text())["services"]
    for name, service in told.items():
        assert int(service["deploy"]["resources"]["limits"]["pids"]) > 0, name
    assert told.keys() == {
        name for name, service in written.items() if profile or "profiles" not in service
    }


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_finds_nothing(path: Path) -> None:
    check("hadolint", "--failure-threshold", "info", path)


@pytest.mark.parametrize("version", KUBERNETES)
def test_manifests_are_as_kubernetes_has_them(version: str) -> None:
    check("kubernetes-validate", "--strict", "-k", version, *MANIFESTS)


@pytest.mark.parametrize("pool", ["cpu", "gpu"])
def test_a_run_of_a_pool_is_a_job(pool: str, tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text(
        json.dumps(job_of(json.loads((INFRA / f"kubernetes/pools/{pool}.json").read_text())))
    )
    check("kubernetes-validate", "--strict", "-k", KUBERNETES[-1], path)


def job_of(pool: dict[str, Any]) -> dict[str, Any]:
    """The Job of one run, as Prefect's worker makes it of the pool's template."""
    variables = pool["variables"]["properties"]
    given = {name: each["default"] for name, each in variables.items() if each.get("default")}
    env = [{"name": name, "value": value} for name, value in given["env"].items()]
    job: dict[str, Any] = apply_values(
        pool["job_configuration"]["job_manifest"],
        given | {"name": "run", "env": env, "command": shlex.split("prefect flow-run execute")},
        remove_notset=True,
    )
    job["metadata"]["name"] = "run"
    return job

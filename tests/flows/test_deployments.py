"""prefect.yaml: checked against Prefect's own schema, against the flows, and deployed."""

import json
import os
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from jsonschema import Draft202012Validator
from prefect.cli.deploy._models import DeploymentConfig, PrefectYamlModel, RawScheduleConfig
from prefect.cli.deploy._triggers import DeploymentTriggerAdapter
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from albumart.embedded.prefect_server import GPU_POOL, WORK_POOL
from albumart.endpoints import Endpoints
from albumart.sources import SOURCES
from albumart.study import list_studies
from tasks.events import COVERS_ENOUGH

ROOT = Path(__file__).resolve().parents[2]
ON_GPU = {"train-model", "compute-features", "score-covers"}
BY_HAND = {"folder"}  # sources without a deployment: files of the operator's own

FILE: dict[str, Any] = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS: dict[str, dict[str, Any]] = {each["name"]: each for each in FILE["deployments"]}
named = pytest.mark.parametrize("name", list(DEPLOYMENTS))


def flow_of(name: str) -> Flow[..., Any]:
    found: Flow[..., Any] = load_flow_from_entrypoint(DEPLOYMENTS[name]["entrypoint"])
    return found


def check_parameters(given: Mapping[str, Any], flow: Flow[..., Any]) -> None:
    """Known names, and values that the flow's form takes; what is left out is given by hand."""
    schema = parameter_schema(flow).model_dump_for_openapi()
    assert given.keys() <= schema["properties"].keys()
    Draft202012Validator({**schema, "required": []}).validate(dict(given))


def test_the_file_is_as_prefects_own_schema_says() -> None:
    schema = PrefectYamlModel.model_json_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(FILE)
    PrefectYamlModel.model_validate(FILE)
    # Prefect passes over what it does not know, such as a word that is misspelt.
    known = {field.alias or name for name, field in PrefectYamlModel.model_fields.items()}
    assert FILE.keys() - known == {"definitions"}


@named
def test_each_deployment_says_nothing_that_prefect_does_not_know(name: str) -> None:
    deployment = DEPLOYMENTS[name]
    assert deployment.keys() <= DeploymentConfig.model_fields.keys()
    assert deployment["description"]
    assert deployment["tags"]
    assert deployment["work_pool"].keys() == {"name", "work_queue_name"}
    assert deployment.get("concurrency_limit", {"limit": 1})["limit"] == 1


@named
def test_each_deployment_fits_its_flow(name: str) -> None:
    check_parameters(DEPLOYMENTS[name].get("parameters", {}), flow_of(name))


@named
def test_each_schedule_is_in_a_time_zone_and_spread(name: str) -> None:
    flow = flow_of(name)
    for schedule in DEPLOYMENTS[name].get("schedules", []):
        found = RawScheduleConfig.model_validate(schedule)
        assert found.cron is not None
        assert found.timezone is not None
        CronSchedule(cron=found.cron, timezone=ZoneInfo(found.timezone).key)
        assert found.slug in DEPLOYMENTS[name]["tags"]
        check_parameters(found.parameters, flow)
        takes_jitter = "spread_minutes" in parameter_schema(flow).properties
        assert ("spread_minutes" in found.parameters) is takes_jitter


def test_only_the_sandbox_and_the_sweep_run_without_being_switched_on() -> None:
    active = {
        name
        for name, deployment in DEPLOYMENTS.items()
        if any(schedule.get("active", True) for schedule in deployment.get("schedules", []))
    }
    assert active == {"sandbox-genre", "sweep"}


def test_gpu_stations_run_on_the_gpu_pool_only() -> None:
    pools = {name: each["work_pool"]["name"] for name, each in DEPLOYMENTS.items()}
    assert set(pools.values()) == {WORK_POOL, GPU_POOL}
    assert {name for name, pool in pools.items() if pool == GPU_POOL} == ON_GPU


def test_whoever_trains_hands_it_over() -> None:
    trainers = {
        each["parameters"]["train_by"]
        for name, each in DEPLOYMENTS.items()
        if "train_by" in parameter_schema(flow_of(name)).properties
    }
    assert trainers == {"train-model/train-model"}
    assert flow_of("train-model").name == "train-model"


def test_each_study_and_each_source_has_a_deployment() -> None:
    given = [each.get("parameters", {}) for each in DEPLOYMENTS.values()]
    tags = {name: each["tags"][0] for name, each in DEPLOYMENTS.items()}
    assert {name for name in list_studies() if tags.get(name) != "study"} == set()
    assert {name for name in SOURCES if tags.get(name) != "scrape"} == BY_HAND
    for name in (*list_studies(), *(SOURCES.keys() - BY_HAND)):
        assert name in DEPLOYMENTS[name]["parameters"].values()
    assert {"source", "study"} <= {name for parameters in given for name in parameters}


def test_enough_covers_train_anew() -> None:
    (spec,) = DEPLOYMENTS["retrain"]["triggers"]
    trigger = DeploymentTriggerAdapter.validate_python(spec)
    assert trigger.expect == {COVERS_ENOUGH}
    names = parameter_schema(flow_of("retrain")).properties
    assert spec["parameters"].keys() <= names.keys()


def test_forms_offer_choices() -> None:
    schema = parameter_schema(flow_of("itunes"))
    assert schema.properties["source"]["enum"] == [*SOURCES]
    study = parameter_schema(flow_of("sandbox-genre")).properties["study"]
    assert study["examples"] == list_studies()
    assert study["description"].startswith("name of a study")


def test_everything_deploys_with_its_schedules(
    prefect_endpoints: Endpoints, prefect_home: Path
) -> None:
    own = {"ALBUMART_HOME": str(prefect_home), "PREFECT_HOME": str(prefect_home / "client")}
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=ROOT, env={**os.environ, **prefect_endpoints.as_environment(), **own},
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = {each["name"]: each for each in post(prefect_endpoints, "deployments/filter")}
    assert found.keys() >= DEPLOYMENTS.keys()
    for name, wanted in DEPLOYMENTS.items():
        there = found[name]
        assert there["work_pool_name"] == wanted["work_pool"]["name"]
        assert there["work_queue_name"] == wanted["work_pool"]["work_queue_name"]
        assert there["pull_steps"] in (None, [])
        assert {
            (each["slug"], each["schedule"]["cron"], each["schedule"]["timezone"], each["active"])
            for each in there["schedules"]
        } == {
            (each["slug"], each["cron"], each["timezone"], each.get("active", True))
            for each in wanted.get("schedules", [])
        }
    names = {each["name"] for each in post(prefect_endpoints, "automations/filter")}
    assert "albumart: enough new covers" in names


def post(endpoints: Endpoints, path: str) -> list[dict[str, Any]]:
    token = b64encode(str(endpoints.prefect_auth).encode()).decode()
    request = urllib.request.Request(
        f"{endpoints.prefect_api_url}/{path}",
        data=b"{}",
        headers={"Content-Type": "application/json", "Authorization": f"Basic {token}"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        rows: list[dict[str, Any]] = json.load(answer)
    return rows

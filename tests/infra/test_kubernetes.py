"""What the cluster is told: pods that are restricted, accounts that may little, nothing let in."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

Document = dict[str, Any]
FOLDER = Path(__file__).parents[2] / "infra" / "kubernetes"
OBJECTS: list[Document] = [
    found
    for path in sorted(FOLDER.glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for found in yaml.safe_load_all(path.read_text())
]
POOLS = {
    name: json.loads((FOLDER / "pools" / f"{name}.json").read_text()) for name in ("cpu", "gpu")
}


def _pods() -> Iterator[tuple[str, Document]]:
    for each in OBJECTS:
        if each["kind"] in {"Deployment", "Job"}:
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]
    for name, pool in POOLS.items():
        yield name, pool["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]


def _kind(kind: str) -> list[Document]:
    return [each for each in OBJECTS if each["kind"] == kind]


@pytest.mark.parametrize(("name", "pod"), list(_pods()))
def test_pod_is_restricted(name: str, pod: Document) -> None:
    about = pod["securityContext"]
    assert about["runAsNonRoot"] is True
    assert about["runAsUser"] > 0
    assert about["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not any(pod.get(door) for door in ("hostNetwork", "hostPID", "hostIPC"))
    assert not any("hostPath" in volume for volume in pod["volumes"])
    for container in pod["containers"]:
        may = container["securityContext"]
        assert may["allowPrivilegeEscalation"] is False
        assert may["readOnlyRootFilesystem"] is True
        assert may["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= container["resources"].keys()


def test_namespace_enforces_it() -> None:
    (namespace,) = _kind("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_nothing_is_let_in() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in _kind("NetworkPolicy")}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert not any("ingress" in policy for policy in policies.values())
    assert not _kind("Service")
    (web,) = policies["web"]["egress"]
    assert "169.254.0.0/16" in web["to"][0]["ipBlock"]["except"]


def test_accounts_may_as_little_as_possible() -> None:
    (role,) = _kind("Role")
    assert not _kind("ClusterRole")
    for rule in role["rules"]:
        assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
        assert "secrets" not in rule["resources"]
    assert all(each["automountServiceAccountToken"] is False for each in _kind("ServiceAccount"))
    (binding,) = _kind("RoleBinding")
    assert [subject["name"] for subject in binding["subjects"]] == ["albumart-worker"]


def test_only_workers_hold_a_token() -> None:
    holders = {name for name, pod in _pods() if pod["automountServiceAccountToken"]}
    assert holders == {"worker-cpu", "worker-gpu"}


def test_gpu_runs_ask_for_a_gpu() -> None:
    pod = dict(_pods())["gpu"]
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "{{ gpus }}"
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod[
        "tolerations"
    ]
    assert POOLS["gpu"]["variables"]["properties"]["gpus"]["default"] == 1


def test_cpu_runs_share_a_machine_and_a_home() -> None:
    pod = dict(_pods())["cpu"]
    assert pod["nodeSelector"] == {"albumart/home": "true"}
    (claim,) = _kind("PersistentVolumeClaim")
    assert {"claimName": claim["metadata"]["name"]} in [
        volume.get("persistentVolumeClaim") for volume in pod["volumes"]
    ]


@pytest.mark.parametrize("name", POOLS)
def test_template_is_whole(name: str) -> None:
    pool = POOLS[name]
    text, variables = json.dumps(pool["job_configuration"]), pool["variables"]["properties"]
    asked = {word.split(" }}")[0] for word in text.split("{{ ")[1:]}
    assert asked == variables.keys()
    assert variables["image"]["default"].endswith(f"-{name}")


def test_settings_are_known() -> None:
    from albumart.settings import Settings

    known = {f"ALBUMART_{field.upper()}" for field in Settings.model_fields}
    known |= {"PREFECT_API_URL", "PREFECT_API_AUTH_STRING"}
    for name in ("settings.env", "secret.env.example"):
        lines = (FOLDER / name).read_text().splitlines()
        assert {line.split("=")[0] for line in lines if not line.startswith("#")} <= known


def test_worker_image_is_of_the_locked_prefect() -> None:
    from importlib.metadata import version

    images = {
        c["image"] for name, pod in _pods() if name[:6] == "worker" for c in pod["containers"]
    }
    assert images == {f"prefecthq/prefect:{version('prefect')}-python3.12-kubernetes"}

from pathlib import Path

import pytest
from looking import (
    all_processes,
    command_lines,
    folder_of,
    kill,
    open_to_others,
    process_of,
    state_of,
)

from albumart.embedded.credentials import read_credentials
from albumart.embedded.loopback import ask
from albumart.embedded.platform import status
from albumart.embedded.prefect_server import GPU_POOL, WORK_POOL
from albumart.embedded.processes import is_alive, wait_until
from albumart.embedded.state import PartState
from albumart.endpoints import Endpoints
from albumart.settings import Settings


@pytest.fixture
def settings(prefect_endpoints: Endpoints, prefect_home: Path) -> Settings:
    return Settings(home=prefect_home)


def port_of(endpoints: Endpoints) -> int:
    return int((endpoints.prefect_api_url or "").split(":")[2].removesuffix("/api"))


def test_all_five_run_and_the_interface_comes_first(
    settings: Settings, prefect_endpoints: Endpoints
) -> None:
    found = status(settings)
    assert [part.name for part in found] == ["prefect", "worker", "gpu-worker", "mongodb", "s3"]
    assert {part.state for part in found} == {PartState.RUNNING}
    assert f"{found[0].address}/api" == prefect_endpoints.prefect_api_url
    assert found[0].version == found[1].version == found[2].version
    assert all(is_alive(process) for process in all_processes(settings))


def test_the_interface_is_there(prefect_endpoints: Endpoints) -> None:
    answer = ask(port_of(prefect_endpoints), "/")
    assert answer is not None
    assert answer.status == 200
    assert b"Prefect" in answer.body


@pytest.mark.parametrize("auth", [None, "albumart:wrong"])
@pytest.mark.parametrize("path", ["/api/admin/version", f"/api/work_pools/{WORK_POOL}"])
def test_strangers_are_refused(auth: str | None, path: str, prefect_endpoints: Endpoints) -> None:
    answer = ask(port_of(prefect_endpoints), path, auth=auth)
    assert answer is not None
    assert answer.status == 401


@pytest.mark.parametrize("pool", [WORK_POOL, GPU_POOL])
def test_the_pools_are_process_pools(pool: str, prefect_endpoints: Endpoints) -> None:
    path = f"/api/work_pools/{pool}"
    answer = ask(port_of(prefect_endpoints), path, auth=prefect_endpoints.prefect_auth)
    assert answer is not None
    found = answer.json()
    assert isinstance(found, dict)
    assert (found["type"], found["status"]) == ("process", "READY")


def test_nobody_else_can_read_anything(settings: Settings) -> None:
    assert open_to_others(settings.home) == []


def test_no_secret_in_arguments_logs_or_state(settings: Settings) -> None:
    folder = folder_of(settings)
    known = read_credentials(folder)
    seen = command_lines(state_of(settings).supervisor) + folder.state.read_text()
    seen += "".join(log.read_text() for log in (folder.root / "logs").iterdir())
    for secret in (known.mongodb_password, known.s3_secret_access_key, known.prefect_auth):
        assert secret not in seen
        assert secret.rpartition(":")[2] not in seen


def test_a_killed_worker_comes_back(settings: Settings) -> None:
    worker = process_of(settings, "worker")
    kill(worker)

    def is_back() -> bool:
        part = state_of(settings).parts["worker"]
        return part.state is PartState.RUNNING and part.process != worker

    wait_until(is_back, 60, "the worker again")

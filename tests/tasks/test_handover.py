"""A training by another deployment: what it is given, its version, a machine that died."""

from collections.abc import Iterator
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Crashed, Failed, State

from albumart.album import Origin
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.training.candidate import Provenance
from tasks import handover
from tasks.handover import publish_version, train_elsewhere

DIGEST = "0" * 64
PROVENANCE = Provenance("albumart run made", Origin.SANDBOX, ("bandcamp",))
Asked = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def server(prefect_endpoints: Endpoints) -> Iterator[None]:
    given = {
        PREFECT_API_URL: prefect_endpoints.prefect_api_url,
        PREFECT_API_AUTH_STRING: prefect_endpoints.prefect_auth,
    }
    with temporary_settings(given):
        yield


@flow
def training(version: int | None) -> None:
    """Stands for the run on the other machine, as far as the server sees it."""
    if version is not None:
        publish_version("made", version)


@flow
def front_door() -> int:
    quick = train_elsewhere.with_options(retry_delay_seconds=0)
    return quick("train-model/train-model", "made", DIGEST, None, "random", PROVENANCE)


def ends(monkeypatch: pytest.MonkeyPatch, *states: State[Any], version: int | None = 7) -> Asked:
    """Let each run that is asked for end in the next of ``states``."""
    asked: Asked = []

    def run_deployment(name: str, **options: Any) -> FlowRun:
        asked.append({"name": name, **options})
        training(version)
        with get_client(sync_client=True) as client:
            (run,) = client.read_flow_runs(limit=1, sort="START_TIME_DESC")
        run.state = states[len(asked) - 1]
        return run

    monkeypatch.setattr(handover, "run_deployment", run_deployment)
    return asked


def test_the_version_comes_back_and_all_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ends(monkeypatch, Completed())
    assert front_door() == 7
    (given,) = asked
    assert given["name"] == "train-model/train-model"
    assert given["parameters"] == {
        "study": "made",
        "dataset": DIGEST,
        "backbone": None,
        "weights": "random",
        "label_vectors": None,
        "provenance": {
            "command": "albumart run made", "origin": "sandbox", "scopes": ("bandcamp",)
        },
    }  # fmt: skip


def test_when_the_machine_died_another_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ends(monkeypatch, Crashed(), Completed())
    assert front_door() == 7
    assert len({each["idempotency_key"] for each in asked}) == 2


def test_what_failed_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ends(monkeypatch, Failed())
    with pytest.raises(PlatformError, match="expected run .* to complete; it is Failed"):
        front_door()
    assert len(asked) == 1


def test_a_run_that_tells_no_version_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ends(monkeypatch, Completed(), version=None)
    with pytest.raises(PlatformError, match="to tell its version; got 0"):
        front_door()

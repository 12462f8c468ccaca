"""A training on another machine: the flow runs on the GPU pool, and its version comes back."""

import json
from dataclasses import asdict
from typing import Any, Final

from prefect import State, runtime, task
from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
)
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment

from albumart.errors import PlatformError
from albumart.training.candidate import Provenance

REGISTERED: Final = "registered"  # key of the artifact that brings the version back
POLL_SECONDS: Final = 2


class RunCrashed(PlatformError):
    """The machine of the run died; another one goes on after the last stage that was finished."""


def publish_version(study: str, version: int) -> None:
    """A table that tells people, and whoever handed the training over, which version it became."""
    create_table_artifact([{"study": study, "version": version}], key=REGISTERED)


def has_crashed(_task: object, _run: object, state: State[Any]) -> bool:
    """Whether another machine may do better; what failed would fail again."""
    return isinstance(state.result(raise_on_failure=False), RunCrashed)


@task(
    task_run_name="train-by-{deployment}",
    retries=2,
    retry_delay_seconds=30,
    retry_condition_fn=has_crashed,
)
def train_elsewhere(
    deployment: str,
    study: str,
    dataset: str,
    backbone: str | None,
    weights: str | None,
    provenance: Provenance,
    label_vectors: str | None = None,
) -> int:
    """Let ``deployment`` train, wherever its pool's workers are, and wait; the version's number.

    Raises:
        PlatformError: the run failed; its own page says why.
        RunCrashed: its machine died, three times now.
    """
    given: dict[str, Any] = {"study": study, "dataset": dataset, "label_vectors": label_vectors}
    given |= {"backbone": backbone, "weights": weights}
    given |= {"provenance": asdict(provenance) | {"origin": provenance.origin.value}}
    # Our tasks run outside an event loop, where Prefect's function is synchronous.
    run: FlowRun = run_deployment(  # type: ignore[assignment]
        deployment,
        parameters=given,
        poll_interval=POLL_SECONDS,
        # A request that is repeated after a lost answer begins no second run.
        idempotency_key=f"{runtime.task_run.id}-{runtime.task_run.run_count}",
    )
    if run.state is not None and run.state.is_completed():
        return _version_of(run)
    kind = RunCrashed if run.state is not None and run.state.is_crashed() else PlatformError
    state = run.state.name if run.state else "unknown"
    raise kind(f"expected run {run.name} of {deployment} to complete; it is {state}")


def _version_of(run: FlowRun) -> int:
    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]), key=ArtifactFilterKey(any_=[REGISTERED])
    )
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted)
    if len(found) != 1:
        raise PlatformError(f"expected run {run.name} to tell its version; got {len(found)} tables")
    rows: list[dict[str, Any]] = json.loads(str(found[0].data))
    return int(rows[0]["version"])

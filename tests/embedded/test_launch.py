"""What is expected of a platform that is there already."""

import os

import pytest

from albumart.embedded.folder import PlatformFolder
from albumart.embedded.launch import await_room, ensure_running
from albumart.embedded.parts import Order
from albumart.embedded.processes import identity_of
from albumart.embedded.state import PartRecord, PartState, Phase, PlatformState, write_state
from albumart.endpoints import Endpoints, S3Endpoint
from albumart.errors import PlatformError

NOWHERE = Endpoints("", "d", S3Endpoint(None, "b", "r", None, None))


def order(*parts: str, stays: bool = False) -> Order:
    return Order("/h", parts, stays, NOWHERE)


def publish(
    folder: PlatformFolder,
    s3: PartState = PartState.RUNNING,
    *,
    phase: Phase = Phase.RUNNING,
    stays: bool = True,
) -> PlatformState:
    """A state of which this very process is the supervisor."""
    parts = {"s3": PartRecord(s3, error="s3 ended with code 1: no space")}
    state = PlatformState(phase, stays, identity_of(os.getpid()), parts)
    write_state(folder, state)
    return state


def test_what_runs_is_joined(folder: PlatformFolder) -> None:
    state = publish(folder)
    assert ensure_running(folder, order("s3")) == state


def test_a_missing_part_is_told(folder: PlatformFolder) -> None:
    publish(folder)
    with pytest.raises(PlatformError, match=r"expected mongodb, prefect in .*albumart down"):
        ensure_running(folder, order("mongodb", "s3", "prefect"))


def test_a_failed_part_is_told(folder: PlatformFolder) -> None:
    publish(folder, PartState.FAILED)
    with pytest.raises(PlatformError, match=r"s3 ended with code 1: no space; .*albumart down"):
        ensure_running(folder, order("s3"))


@pytest.mark.parametrize(
    ("part", "phase"),
    [
        (PartState.STARTING, Phase.RUNNING),
        (PartState.RUNNING, Phase.STARTING),
        (PartState.STOPPED, Phase.STOPPING),
    ],
)
def test_what_is_on_its_way_is_waited_for(
    part: PartState, phase: Phase, folder: PlatformFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("albumart.embedded.launch._START_SECONDS", 0.1)
    publish(folder, part, phase=phase)
    with pytest.raises(PlatformError, match="expected within 0 s: the platform at"):
        ensure_running(folder, order("s3"))


def test_room_beside_a_platform_of_others(
    folder: PlatformFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("albumart.embedded.launch._ROOM_SECONDS", 0.1)
    await_room(folder, order("s3", "prefect", stays=True))  # there is none
    publish(folder, stays=True)
    await_room(folder, order("prefect"))  # it will not go: not to be waited for
    publish(folder, stays=False)
    await_room(folder, order("s3"))
    for lacking in (order("prefect"), order("s3", stays=True)):
        with pytest.raises(PlatformError, match="for itself"):
            await_room(folder, lacking)

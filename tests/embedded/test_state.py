import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from albumart.embedded.folder import PlatformFolder
from albumart.embedded.processes import Identity, identity_of
from albumart.embedded.state import (
    PartRecord,
    PartState,
    Phase,
    PlatformState,
    end_leftovers,
    live_state,
    read_state,
    write_state,
)

IDENTITIES = st.builds(Identity, st.integers(1, 2**22), st.floats(0, 2**33))
RECORDS = st.builds(
    PartRecord,
    state=st.sampled_from(PartState),
    port=st.none() | st.integers(1, 65535),
    version=st.none() | st.text(max_size=9),
    process=st.none() | IDENTITIES,
    started=st.none() | st.floats(0, 2**33),
    error=st.none() | st.text(max_size=9),
)
STATES = st.builds(
    PlatformState,
    phase=st.sampled_from(Phase),
    stays=st.booleans(),
    supervisor=IDENTITIES,
    parts=st.dictionaries(st.text(max_size=9), RECORDS, max_size=4),
)


@given(state=STATES)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(state: PlatformState, folder: PlatformFolder) -> None:
    write_state(folder, state)
    assert read_state(folder) == state


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"parts": {"x": {}}}'])
def test_an_unreadable_state_is_none(content: str, folder: PlatformFolder) -> None:
    folder.state.write_text(content)
    assert read_state(folder) is None
    assert not end_leftovers(folder)


def test_only_a_supervisor_that_runs_has_a_live_state(folder: PlatformFolder) -> None:
    assert live_state(folder) is None
    me = identity_of(os.getpid())
    state = PlatformState(Phase.RUNNING, True, me, {"s3": PartRecord(PartState.RUNNING, port=1)})
    write_state(folder, state)
    assert live_state(folder) == state
    assert state.ports == {"s3": 1}
    write_state(folder, PlatformState(Phase.RUNNING, True, Identity(me.pid, 1.0)))
    assert live_state(folder) is None


def test_a_stranger_with_an_old_id_is_left_alone(folder: PlatformFolder) -> None:
    me = identity_of(os.getpid())
    record = PartRecord(PartState.RUNNING, process=Identity(me.pid, me.created - 1000))
    write_state(folder, PlatformState(Phase.RUNNING, True, Identity(1, 0), {"s3": record}))
    assert not end_leftovers(folder)

"""Automations on a real Prefect server: applied, fired by a planted event and a killed worker."""

import json
import os
import queue
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from prefect import Flow
from prefect.blocks.notifications import SlackWebhook
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.deployments import run_deployment
from prefect.events import emit_event
from prefect.events.actions import SendNotification
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from albumart.embedded.prefect_server import WORK_POOL
from albumart.endpoints import Endpoints
from albumart.errors import NotFound
from albumart.settings import Settings
from tasks.automations import HEARTBEAT, Change, apply_automations, plan_automations
from tasks.events import VALIDATION_FAILED
from tasks.turns import turn_names

SILENCE = 10  # seconds; the least that a proactive trigger takes
HANGS = """
import os, threading
from pathlib import Path
from prefect import flow

@flow
def hang(pid: str) -> None:
    Path(pid).write_text(str(os.getpid()))
    threading.Event().wait()
"""


@pytest.fixture
def server(prefect_endpoints: Endpoints) -> Iterator[None]:
    """The session's server as this process's own; without our automations, before and after.

    With a silence that short they would end the runs of other tests.
    """
    given = {
        PREFECT_API_URL: prefect_endpoints.prefect_api_url,
        PREFECT_API_AUTH_STRING: prefect_endpoints.prefect_auth,
    }
    with temporary_settings(given), get_client(sync_client=True) as client:
        forget_automations(client)
        yield
        forget_automations(client)


def forget_automations(client: SyncPrefectClient) -> None:
    for found in client.read_automations():
        if found.name.startswith("albumart: ") and "covers" not in found.name:
            client.delete_automation(found.id)


def by_kind(changes: list[Change], kind: str) -> dict[str, str]:
    return {change.name: change.what for change in changes if change.kind == kind}


def wait_for(reached: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.2)  # a look at the server, not a guess at how long it takes


@pytest.mark.usefixtures("server")
def test_applied_again_it_changes_only_what_is_meant() -> None:
    apply_automations(Settings())
    again = apply_automations(Settings())
    assert by_kind(again, "limit") == dict.fromkeys(turn_names(), "unchanged")
    assert set(by_kind(again, "automation").values()) == {"unchanged"}

    patient = Settings(silence_seconds=900)
    tried = by_kind(apply_automations(patient, dry_run=True), "automation")
    assert sorted(tried.values()) == ["changed", "unchanged"]
    assert apply_automations(Settings()) == again
    assert by_kind(apply_automations(patient), "automation") == tried
    assert set(by_kind(apply_automations(patient), "automation").values()) == {"unchanged"}


@pytest.mark.usefixtures("server")
def test_a_dry_run_makes_nothing() -> None:
    tried = by_kind(apply_automations(Settings(), dry_run=True), "automation")
    assert set(tried.values()) == {"created"}
    with get_client(sync_client=True) as client:
        assert all(client.read_automations_by_name(name) == [] for name in tried)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("block", ["slack-webhook/nobody-made-it", "no-such-type/x", "nonsense"])
def test_an_alert_wants_a_block_that_is_there(block: str) -> None:
    with pytest.raises(NotFound, match="ALBUMART_ALERT_BLOCK"):
        apply_automations(Settings(alert_block=block))


@pytest.mark.usefixtures("server")
def test_slack_and_its_like_are_notified() -> None:
    name = f"told-{uuid.uuid4().hex[:8]}"
    block = SlackWebhook(url="https://hooks.slack.com/services/made")
    known = block.save(name)
    with get_client(sync_client=True) as client:
        planned = plan_automations(Settings(alert_block=f"slack-webhook/{name}"), client)
    ((action,),) = (each.actions for each in planned if "alerts" in each.name)
    assert isinstance(action, SendNotification)
    assert action.block_document_id == known
    assert "{{ event.payload.message }}" in action.body


@pytest.mark.usefixtures("server")
def test_a_planted_event_reaches_the_webhook() -> None:
    with listening() as (url, heard):
        name = f"told-{uuid.uuid4().hex[:8]}"
        Webhook(url=url).save(name)
        apply_automations(Settings(alert_block=f"webhook/{name}"))
        resource = {"prefect.resource.id": "albumart.study.made", "prefect.resource.name": "made"}

        def told() -> bool:
            # A trigger that was just made is not yet known to every part of the server.
            emit_event(VALIDATION_FAILED, resource, payload={"message": "covers/alike failed"})
            return not heard.empty()

        wait_for(told, 60)
        said = heard.get_nowait()
    assert said == {
        "subject": f"albumart: {VALIDATION_FAILED}",
        "text": "made: covers/alike failed",
    }


@contextmanager
def listening() -> Iterator[tuple[str, "queue.Queue[dict[str, Any]]"]]:
    """Address of somebody who hears what is posted."""
    heard: queue.Queue[dict[str, Any]] = queue.Queue()

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Ear) as ear:
        thread = threading.Thread(target=ear.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{ear.server_port}/", heard
        finally:
            ear.shutdown()
            thread.join()


@pytest.mark.usefixtures("server")
def test_the_run_of_a_killed_worker_is_marked_crashed_in_time(tmp_path: Path) -> None:
    apply_automations(Settings(silence_seconds=SILENCE))
    (tmp_path / "hangs.py").write_text(HANGS)
    pid = tmp_path / "pid"
    flow = Flow.from_source(source=str(tmp_path), entrypoint="hangs.py:hang")
    flow.deploy("killed", work_pool_name=WORK_POOL, build=False, push=False, print_next_steps=False)
    run = run_deployment("hang/killed", parameters={"pid": str(pid)}, timeout=0)

    with get_client(sync_client=True) as client:
        wait_for(lambda: pid.exists() and has_beaten(client, run.id))
        began = time.monotonic()
        own = psutil.Process(int(pid.read_text()))
        # The worker first: it would tell of its run's end.
        for process in (own.parent(), own):
            assert process is not None
            os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: state_of(client, run.id) != "RUNNING", 60)
        assert state_of(client, run.id) == "CRASHED"
        assert "No heartbeat" in client.read_flow_run(run.id).state.message
    assert time.monotonic() - began < SILENCE + 30  # and looks every five seconds


def has_beaten(client: Any, run: uuid.UUID) -> bool:
    """Whether the server has heard of the run that it lives."""
    wanted = {"event": {"name": [HEARTBEAT]}, "resource": {"id": [f"prefect.flow-run.{run}"]}}
    found = client.request("POST", "/events/filter", json={"filter": wanted, "limit": 1})
    return bool(found.json()["events"])


def state_of(client: Any, run: uuid.UUID) -> str:
    return str(client.read_flow_run(run).state_type.value)

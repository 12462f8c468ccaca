"""A promotion that waits for a person: paused on a real Prefect server, answered by its API."""

import dataclasses
import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import keras
import pytest
from made_versions import made_answers, made_manifest, made_study, made_version
from PIL import Image

from albumart.album import cover_key
from albumart.endpoints import Endpoints
from albumart.models.network import to_bytes
from albumart.registry import promote_by_hand
from albumart.stores.models import Event
from albumart.stores.workspace import Workspace, open_workspace

ROOT = Path(__file__).resolve().parents[2]
COUNTS = {"folk": 40, "jazz": 40, "metal": 40}
STUDY = """
name = "{name}"
title = "Made"
[collect]
source = "bandcamp"
[labels]
classes = ["folk", "jazz", "metal"]
[model]
backbone = "small"
weights = "random"
image_size = 32
[promotion]
approval = true
approval_hours = {hours}
"""
# As `albumart run` does: the station is a flow within a flow.
RUN = """
import json, sys
from albumart.cli.output import show_stations
show_stations()
from prefect import flow
from flows.promote_model import promote_model

@flow
def front_door(study: str, version: int) -> dict[str, object]:
    return promote_model(study, version)

sys.stdout.write(json.dumps(front_door(sys.argv[1], int(sys.argv[2]))))
"""

Found = TypeVar("Found")


@pytest.fixture
def stores(prefect_endpoints: Endpoints, tmp_path: Path) -> Endpoints:
    """The platform, with a database and a bucket of this test's own."""
    name = f"promote-{abs(hash(tmp_path.name)) % 10**8}"
    s3 = dataclasses.replace(prefect_endpoints.s3, bucket=name)
    return dataclasses.replace(prefect_endpoints, mongodb_database=name, s3=s3)


@pytest.fixture
def workspace(stores: Endpoints, tmp_path: Path) -> Iterator[Workspace]:
    """A champion that is right at 0.5, and beside it a version 2 that is at 0.9."""
    with open_workspace(stores, tmp_path / "cache") as opened:
        manifest, study = made_manifest(COUNTS), made_study("made")
        for sha256 in set(manifest.frame["cover_sha256"]):
            opened.objects.put(cover_key(sha256), png())
        for run, share in (("a", 0.4), ("b", 0.9)):
            answers = made_answers(manifest, share)
            made_version(opened, study, manifest, answers, run=run, model=network())
        promote_by_hand(opened.models, "made", 1)
        yield opened


def network() -> bytes:
    """Pixels → the same for all; the report asks where it looks."""
    inputs = keras.Input((32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    return to_bytes(
        keras.Model(inputs, keras.layers.Dense(len(COUNTS), activation="softmax")(pooled))
    )


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG")
    return buffer.getvalue()


class Server:
    """The Prefect server's REST API."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._url = endpoints.prefect_api_url
        token = b64encode(str(endpoints.prefect_auth).encode()).decode()
        self._headers = {"Content-Type": "application/json", "Authorization": f"Basic {token}"}

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask(path, json.dumps(body).encode())

    def get(self, path: str) -> Any:
        return self._ask(path, None)

    def has(self, path: str) -> bool:
        try:
            return bool(self.get(path))
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return False

    def _ask(self, path: str, data: bytes | None) -> Any:
        """As Prefect's own client does, ask again while SQLite is busy."""
        request = urllib.request.Request(f"{self._url}/{path}", data=data, headers=self._headers)
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 503 or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def run_in(self, state: str, since: str) -> dict[str, Any] | None:
        """The promotion that is in ``state`` and was started since."""
        wanted = {
            "state": {"type": {"any_": [state]}},
            "name": {"like_": "promote-model-"},
            "start_time": {"after_": since},
        }
        found = self.post("flow_runs/filter", {"flow_runs": wanted})
        return found[0] if found else None

    def resume(self, run: str, answer: dict[str, Any]) -> str:
        """Answer the question of ``run``; what the server says to that."""
        return str(self.post(f"flow_runs/{run}/resume", {"run_input": answer})["status"])


@pytest.fixture
def server(prefect_endpoints: Endpoints) -> Server:
    return Server(prefect_endpoints)


class Started:
    """A process that promotes version 2, and its run on the server."""

    def __init__(self, process: "subprocess.Popen[str]", server: Server, since: str) -> None:
        self.process, self._server, self._since = process, server, since

    def paused(self) -> str:
        """Id of its run, once it is paused and its form is there."""
        run = self.eventually(lambda: self._server.run_in("PAUSED", self._since))
        form = run["state"]["state_details"]["run_input_keyset"]["schema"]
        self.eventually(lambda: self._server.has(f"flow_runs/{run['id']}/input/{form}"))
        return str(run["id"])

    def eventually(self, look: Callable[[], Found | None]) -> Found:
        deadline = time.monotonic() + 60
        while not (found := look()):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)  # a poll of the server, not a guess at how long it takes
        return found

    def result(self) -> tuple[dict[str, Any], str]:
        """What the flow returned of the model, and what it said to the terminal."""
        out, err = self.process.communicate(timeout=90)
        assert self.process.returncode == 0, err
        return json.loads(out.splitlines()[-1])["model"], err


Start = Callable[..., Any]


@pytest.fixture
def start(stores: Endpoints, workspace: Workspace, server: Server, tmp_path: Path) -> Start:
    """hours → a promotion of version 2 in a process of its own; killed in the end."""

    @contextmanager
    def started(hours: float = 1) -> Iterator[Started]:
        study = tmp_path / "made.toml"
        study.write_text(STUDY.format(name="made", hours=hours))
        own = {"ALBUMART_HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect")}
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(study), "2"], cwd=ROOT,
            env={**os.environ, **stores.as_environment(), **own},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            yield Started(process, server, since)
        finally:
            process.kill()
            process.wait()

    return started


def champion(workspace: Workspace) -> int:
    found = workspace.models.champion("made")
    assert found is not None
    return found.version


def last(workspace: Workspace) -> Event:
    return workspace.models.history("made")[-1]


def test_a_person_approves_after_wrong_answers_were_refused(
    start: Start, workspace: Workspace, server: Server
) -> None:
    with start() as started:
        run = started.paused()
        assert champion(workspace) == 1
        question = server.get(f"flow_runs/{run}/input/paused-1-description")
        assert "Promote version 2 of made?" in question
        assert "Champion: version 1." in question
        assert "| metal |" in question
        assert "made-v2.html" in question
        wrong: list[dict[str, Any]] = [
            {}, {"approve": True}, {"who": "Ann"}, {"approve": "perhaps", "who": "Ann"},
            {"approve": True, "who": " "}, {"approve": True, "who": "Ann", "more": 1},
        ]  # fmt: skip
        assert [server.resume(run, answer) for answer in wrong] == ["REJECT"] * len(wrong)
        assert server.get(f"flow_runs/{run}")["state"]["type"] == "PAUSED"
        answer = {"approve": True, "who": "Ann", "comment": "looks right"}
        assert server.resume(run, answer) == "ACCEPT"
        model, told = started.result()
    assert model["promoted"]
    assert model["reason"].endswith("; approved by Ann")
    assert champion(workspace) == 2
    event = last(workspace)
    assert (event.action, event.who, event.comment) == ("promote", "Ann", "looks right")
    assert event.evidence == model["evidence"]
    (line,) = [line for line in told.splitlines() if "waits for approval" in line]
    assert f"/runs/flow-run/{run}" in line
    assert line.endswith("or: albumart models promote made 2")
    assert server.get(f"flow_runs/{run}")["state"]["type"] == "COMPLETED"


def test_a_person_rejects(start: Start, workspace: Workspace, server: Server) -> None:
    with start() as started:
        server.resume(started.paused(), {"approve": False, "who": "Bo", "comment": "too red"})
        model, _ = started.result()
    assert not model["promoted"]
    assert model["reason"].startswith("it was rejected by Bo (too red)")
    assert champion(workspace) == 1
    assert (last(workspace).action, last(workspace).who) == ("reject", "Bo")


def test_killed_while_it_waited_it_asks_again_and_nobody_answers(
    start: Start, workspace: Workspace, server: Server
) -> None:
    with start() as killed:
        first = killed.paused()
    with start(hours=1 / 3600) as again:
        model, _ = again.result()
    assert not model["promoted"]
    assert model["reason"].startswith("nobody approved it within")
    assert champion(workspace) == 1
    assert last(workspace).action == "refuse"
    assert server.get(f"flow_runs/{first}")["state"]["type"] == "PAUSED"


def test_promoted_by_hand_while_it_waited_it_goes_on(start: Start, workspace: Workspace) -> None:
    with start() as started:
        started.paused()
        promote_by_hand(workspace.models, "made", 2, comment="in a hurry")
        model, _ = started.result()
    assert model["promoted"]
    assert model["reason"].startswith("it is the champion already")
    assert (last(workspace).reason, last(workspace).comment) == ("promoted by hand", "in a hurry")

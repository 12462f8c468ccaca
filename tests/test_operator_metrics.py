"""Numbers for an operator: the text that Prometheus reads, and what the command prints."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from albumart.album import Album, CoverResult, CoverStatus
from albumart.cli.app import app
from albumart.endpoints import Endpoints
from albumart.http.pacing import Pacer
from albumart.metrics import Metric, collect_metrics, render_prometheus
from albumart.stores.counting import open_counts
from albumart.stores.workspace import Workspace

SCOPE = 'bandcamp?tag="a\\b"\n'


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def pace(workspace: Workspace, own_endpoints: Endpoints, tmp_path: Path) -> Path:
    """A folder of the pace of one host; beside it, stores in which something failed."""
    folder = tmp_path / "home" / "pace"
    with Pacer(folder).slot("x.test", None) as turn:
        turn.is_well = True
    workspace.albums.upsert_albums([Album("bandcamp", n, ("http://x.test/a",)) for n in "ab"])
    workspace.albums.record_covers([CoverResult("bandcamp:a", CoverStatus.AGAIN, "http_503")])
    with open_counts(own_endpoints) as counts:
        counts.add_seconds("covers", 2.5, failed=False)
    return folder


def test_all_that_an_operator_asks_is_there(pace: Path, own_endpoints: Endpoints) -> None:
    before = datetime.now(UTC).timestamp() - 60
    with open_counts(own_endpoints) as counts:
        found = read(render_prometheus(collect_metrics(counts, pace)))
    part = {("items", "covers"), ("origin", "sandbox"), ("scope", "bandcamp")}

    def covers(status: str) -> frozenset[tuple[str, str]]:
        return frozenset(part | {("status", status)})

    host, station = frozenset({("host", "x.test")}), frozenset({("station", "covers")})
    assert found["albumart_items", covers("pending")] == 1
    assert found["albumart_items", covers("again")] == 1
    assert found["albumart_retries", covers("waiting")] == 1
    assert found["albumart_host_requests_total", host] == 1
    assert found["albumart_host_failures_total", host] == 0
    assert 0 < found["albumart_host_request_seconds_total", host] < 60
    assert found["albumart_station_seconds_total", station] == 2.5
    assert found["albumart_station_last_timestamp_seconds", station] > before


@given(text=st.text(max_size=30), value=st.floats(allow_nan=False))
def test_what_a_stranger_wrote_does_not_break_the_text(text: str, value: float) -> None:
    metric = Metric("items", "About.", "gauge", (({"scope": text}, value),))
    (line,) = (line for line in render_prometheus([metric]).split("\n") if line and line[0] != "#")
    assert float(line.rpartition(" ")[2]) == value


def test_a_scope_comes_back_as_it_was_written() -> None:
    metric = Metric("items", "About.", "gauge", (({"scope": SCOPE}, 1.0),))
    assert read(render_prometheus([metric])) == {
        ("albumart_items", frozenset({("scope", SCOPE)})): 1
    }


@pytest.fixture
def metrics(
    pace: Path, own_endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    for name, value in own_endpoints.as_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALBUMART_HOME", str(pace.parent))
    return lambda *words: CliRunner().invoke(app, ["metrics", *words], catch_exceptions=False)


def test_the_command_prints_a_table_json_or_a_file(
    metrics: Callable[..., Result], tmp_path: Path
) -> None:
    assert "covers, sandbox, bandcamp, again" in metrics().output
    names = {metric["name"] for metric in json.loads(metrics("--json").output)["metrics"]}
    assert {"items", "retries", "host_requests_total", "station_seconds_total"} < names
    metrics("--file", str(tmp_path / "albumart.prom"))
    written = (tmp_path / "albumart.prom").read_text()
    assert read(written).keys() == read(metrics("--prometheus").output).keys()
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_it_can_be_scraped(pace: Path, own_endpoints: Endpoints) -> None:
    with _listening(own_endpoints, pace.parent) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        found = read(_get(address).read().decode())
        assert ("albumart_host_requests_total", frozenset({("host", "x.test")})) in found
        with pytest.raises(urllib.error.HTTPError, match="404"):
            _get(address.removesuffix("/metrics"))
        process.send_signal(signal.SIGTERM)


def _get(address: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(address, timeout=30)


def _listening(endpoints: Endpoints, home: Path) -> subprocess.Popen[str]:
    environment = os.environ | endpoints.as_environment() | {"ALBUMART_HOME": str(home)}
    command = [sys.executable, "-m", "albumart", "metrics", "--listen", "0"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

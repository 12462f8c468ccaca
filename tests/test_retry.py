"""What failed, asked for once more, from the sandbox into real stores."""

from collections.abc import Iterator

import pytest

from albumart.collect.scrape import Judge, collect_albums
from albumart.covers import download_covers
from albumart.errors import FetchError
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.query import Query
from albumart.retry import Retrying, retry_failures
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import SOURCES
from albumart.stores.workspace import Workspace

KINDS = ("status:503", "reset", "drop", "truncated", "html", "short")


def unjudged(_: str) -> Judge:
    return lambda albums: {}


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once: how long they wait is retrying's own test."""
    monkeypatch.setattr("albumart.http.retrying.backoff", lambda attempt: 0.0)


@pytest.fixture(scope="module")
def site() -> MadeSite:
    return MadeSite(seed=5, scale=0.2)


@pytest.fixture
def sandbox(site: MadeSite) -> Iterator[Sandbox]:
    with running_sandbox(site) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox, workspace: Workspace) -> Iterator[PoliteClient]:
    with PoliteClient("", pacer=Pacer(workspace.cache), mirror=sandbox.url) as opened:
        yield opened


def download_all(client: PoliteClient, workspace: Workspace) -> None:
    for keys in workspace.albums.due_ranges("bandcamp"):
        download_covers(client, workspace, workspace.albums.due_albums("bandcamp", keys))


def test_errors_of_each_kind_and_one_retry(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox, site: MadeSite
) -> None:
    collect_albums(client, workspace, SOURCES["bandcamp"], Query())
    for kind in KINDS:
        sandbox.faults.add(Fault(kind, "/f1.bcbits.com/img/", None, share=0.05))
    download_all(client, workspace)
    broken = workspace.albums.cover_counts("bandcamp")
    assert sum(broken.values()) == 240
    assert broken["pending"] == 0
    assert broken["again"] > 0
    sandbox.faults.clear()
    sandbox.requests.clear()

    counts = retry_failures(client, workspace, Retrying(), unjudged)
    failed = broken["again"] + broken["quarantined"] + broken["refused"]
    assert counts.covers.total() == failed == sandbox.requests.count("/f1.bcbits.com/img/")
    after = workspace.albums.cover_counts("bandcamp")
    planted = {plant.value: len(where) for plant, where in site.catalogue.planted.items()}
    assert after["absent"] == planted["dead"]
    lost = planted["html"] + planted["tiny"] + planted["truncated"]
    assert after["stored"] == 240 - planted["dead"] - lost
    assert len({row["album"] for row in workspace.albums.rows("bandcamp")}) == after["stored"]


def test_only_the_code_that_is_named(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox
) -> None:
    collect_albums(client, workspace, SOURCES["bandcamp"], Query())
    download_all(client, workspace)
    dead = workspace.albums.cover_counts("bandcamp")["absent"]
    counts = retry_failures(client, workspace, Retrying("bandcamp", "http_404"), unjudged)
    assert dict(counts.covers) | {"absent": dead} == dict(counts.covers)
    assert retry_failures(client, workspace, Retrying("itunes"), unjudged).covers.total() == 0


def test_a_list_that_did_not_come_is_asked_for_again(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault("status:503", "/raw.githubusercontent.com/yanirs", None))
    with pytest.raises(FetchError):
        collect_albums(client, workspace, SOURCES["bandcamp"], Query())
    assert retry_failures(client, workspace, Retrying(), unjudged).pages == {"again": 1}
    sandbox.faults.clear()
    assert retry_failures(client, workspace, Retrying(), unjudged).pages == {"new": 1}
    assert len(list(workspace.albums.find_albums("bandcamp"))) == 240

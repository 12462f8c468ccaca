"""What failed, asked for once more, from the sandbox into real stores."""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from albumart.album import Origin
from albumart.collect.scrape import Judge, collect_albums
from albumart.covers import download_covers
from albumart.endpoints import Endpoints
from albumart.errors import FetchError, ParseError
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.query import Query
from albumart.retry import Retrying, retry_failures
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import SOURCES
from albumart.sources.base import Gate
from albumart.stores.workspace import Workspace, open_workspace

SCRAPED = ("bandcamp", "itunes", "musicbrainz", "allmusic")
pytestmark = pytest.mark.usefixtures("no_waits")

KINDS = ("status:503", "reset", "drop", "truncated", "html", "short")


def unjudged(_: str) -> Judge:
    return lambda albums: {}


@pytest.fixture(scope="module")
def site() -> MadeSite:
    return MadeSite(seed=5, scale=0.2)


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


EVERY_KIND = (
    "status:503", "status:500", "status:429", "reset", "drop", "short", "long", "truncated",
    "html", "svg", "bomb", "redirect:https://127.0.0.1/x", "loop", "empty",
)  # fmt: skip


ANYTHING = Gate(shrink=1.0, growth=math.inf, broken_pages=1.0, broken_rows=1.0)


def scrape_all(sandbox: Sandbox, workspace: Workspace, pace: Path) -> None:
    """Every source once, as its deployment would: its pages, then its covers."""
    with PoliteClient("", pacer=Pacer(pace), mirror=sandbox.url) as client:
        for name in SCRAPED:
            source = replace(SOURCES[name], gate=ANYTHING)
            with suppress(FetchError, ParseError):  # the run of that source fails, loudly
                collect_albums(client, workspace, source, Query())
            for keys in workspace.albums.due_ranges(name):
                download_covers(client, workspace, workspace.albums.due_albums(name, keys))


def test_two_percent_of_each_kind_on_every_page_and_cover_of_every_source(
    workspace: Workspace, own_endpoints: Endpoints, tmp_path: Path
) -> None:
    """Whatever went wrong is accounted for; once the sources are well, one retry mends it all."""
    with running_sandbox(MadeSite(seed=5, scale=0.1)) as sandbox:
        spoil_and_mend(sandbox, workspace, own_endpoints, tmp_path)


def spoil_and_mend(
    sandbox: Sandbox, workspace: Workspace, own_endpoints: Endpoints, tmp_path: Path
) -> None:
    with open_workspace(own_endpoints, tmp_path / "cache", Origin.RECORDED) as undisturbed:
        scrape_all(sandbox, undisturbed, tmp_path / "pace")
        wanted = undisturbed.albums.cover_counts()
        keys = [album.key for album in undisturbed.albums.find_albums()]
    for kind in EVERY_KIND:
        sandbox.faults.add(Fault(kind, "/", None, share=0.02))
    scrape_all(sandbox, workspace, tmp_path / "pace")
    broken = workspace.albums.cover_counts()
    assert broken["pending"] == 0
    assert broken["again"] + broken["quarantined"] + broken["refused"] > 50
    pages = workspace.pages.counts()
    assert sum(n for (_, status, _), n in pages.items() if status != "stored") > 20
    sandbox.faults.clear()

    with PoliteClient("", pacer=Pacer(tmp_path / "pace"), mirror=sandbox.url) as client:
        retry_failures(client, workspace, Retrying(), unjudged)
    scrape_all(sandbox, workspace, tmp_path / "pace")  # covers that the mended pages told of
    assert [album.key for album in workspace.albums.find_albums()] == keys
    assert workspace.albums.cover_counts() == wanted

"""The four sources, scraped twice from the sandbox: where nothing changed, nothing is written."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from albumart.collect.scrape import collect_albums
from albumart.covers import download_covers
from albumart.endpoints import Endpoints
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.query import Query
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import SOURCES
from albumart.stores.mongodb import connect
from albumart.stores.workspace import Workspace

pytestmark = pytest.mark.usefixtures("no_waits")

SCRAPED = sorted(SOURCES.keys() - {"folder"})


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(MadeSite(scale=0.1)) as running:
        yield running


def writes(endpoints: Endpoints) -> Counter[str]:
    """Documents inserted, updated and removed in this test's database, by collection."""
    with connect(endpoints.mongodb_uri) as client:
        totals = client.admin.command("top")["totals"]
    ours = {
        name.partition(".")[2]: sum(kinds[kind]["count"] for kind in ("insert", "update", "remove"))
        for name, kinds in totals.items()
        if name.startswith(f"{endpoints.mongodb_database}.")
    }
    return Counter(ours)


def objects(workspace: Workspace) -> list[str]:
    return [*workspace.objects.keys(""), *workspace.objects.aged_keys("", timedelta(0))]


@pytest.mark.parametrize("name", SCRAPED)
def test_a_second_scrape_writes_nothing_at_all(
    sandbox: Sandbox, workspace: Workspace, own_endpoints: Endpoints, name: str
) -> None:
    def scrape() -> str | None:
        with PoliteClient("", pacer=Pacer(workspace.cache), mirror=sandbox.url) as client:
            run = collect_albums(client, workspace, SOURCES[name], Query()).run
            for keys in workspace.albums.due_ranges(name):
                download_covers(client, workspace, workspace.albums.due_albums(name, keys))
        return run

    assert scrape()
    assert workspace.albums.cover_counts(name)["stored"] > 0
    before, kept = writes(own_endpoints), objects(workspace)
    assert before.total() > 0
    sandbox.requests.clear()
    assert scrape() is None
    assert writes(own_endpoints) - before == Counter()
    assert objects(workspace) == kept
    asked = [path for paths in sandbox.requests.counts().values() for path in paths]
    assert not [path for path in asked if path.endswith((".jpg", ".png"))]

"""Fixtures around the toy source."""

from collections.abc import Iterator

import pytest
from toy_source import TOY, Scrape, ToySite, entry

from albumart.collect.scrape import CollectCounts, Options, collect_albums
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sources.base import Query, Source
from albumart.stores.workspace import Workspace


@pytest.fixture
def site() -> ToySite:
    made = ToySite()
    for name, start in (("one", 0), ("two", 10), ("three", 20)):
        made.write(name, *(entry(start + n) for n in range(5)))
    return made


@pytest.fixture
def toy_server(site: ToySite) -> Iterator[Sandbox]:
    with running_sandbox(site) as running:
        yield running


@pytest.fixture
def toy_client(toy_server: Sandbox, workspace: Workspace) -> Iterator[PoliteClient]:
    with PoliteClient("", pacer=Pacer(workspace.cache), mirror=toy_server.url) as opened:
        yield opened


@pytest.fixture
def scrape(toy_client: PoliteClient, workspace: Workspace) -> Scrape:
    """``scrape()``: one scrape of the toy source; ``scrape(source=…, query=…, options=…)``."""

    def run(
        source: Source = TOY, query: Query | None = None, options: Options | None = None
    ) -> CollectCounts:
        return collect_albums(toy_client, workspace, source, query or Query(), options)

    return run

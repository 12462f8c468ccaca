"""Collecting from the sandbox into real stores."""

import gzip
from collections.abc import Iterator

import pytest

from albumart.collect import collect_albums
from albumart.errors import NotFound, ParseError
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import Query
from albumart.stores.workspace import Workspace

BROKEN = "https://raw.githubusercontent.com/_broken/list.tsv"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(MadeSite(seed=1, scale=0.1)) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox, workspace: Workspace) -> Iterator[PoliteClient]:
    with PoliteClient("", pacer=Pacer(workspace.cache), mirror=sandbox.url) as opened:
        yield opened


def test_a_second_collection_changes_nothing(client: PoliteClient, workspace: Workspace) -> None:
    first = collect_albums(client, workspace, "bandcamp", Query())
    second = collect_albums(client, workspace, "bandcamp", Query())
    assert first.pages == second.pages == 1
    assert first.albums.inserted == second.albums.unchanged == 120
    assert second.albums.inserted == second.albums.changed == 0


def test_the_raw_page_is_kept(client: PoliteClient, workspace: Workspace) -> None:
    collect_albums(client, workspace, "bandcamp", Query())
    (key,) = workspace.objects.keys("pages/bandcamp/")
    assert gzip.decompress(workspace.objects.get(key)).count(b"\n") >= 119


def test_a_broken_row_stores_nothing_and_names_line_and_copy(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox
) -> None:
    body = b"http://f1.bcbits.com/img/a1_2.jpg\tmetal/a1.jpg\nno tab here\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("albumart.sources.bandcamp.LIST_URL", "https://raw.githubusercontent.com/x")
        patch.setattr(
            PoliteClient,
            "get",
            lambda self, url, policy: type("R", (), {"status": 200, "body": body})(),
        )
        with pytest.raises(ParseError, match=r"line 2 \(page kept as pages/bandcamp/[0-9a-f]{64}"):
            collect_albums(client, workspace, "bandcamp", Query())
    assert workspace.albums.sources() == []
    assert len(list(workspace.objects.keys("pages/"))) == 1


def test_a_missing_list_is_not_found_and_not_tried_again(
    client: PoliteClient, workspace: Workspace
) -> None:
    with pytest.raises(NotFound, match="expected the list of covers; got status 404"):
        collect_albums(client, workspace, "bandcamp", Query(url=BROKEN))

"""A small made collection in stores of its own, and its dataset; one for each test module."""

import dataclasses
import uuid
from collections.abc import Iterator

import pytest
from quick_study import study

from albumart.album import Origin
from albumart.collect.scrape import collect_albums
from albumart.covers import download_covers
from albumart.dataset.manifest import Manifest
from albumart.dataset.version import build_version
from albumart.endpoints import Endpoints
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.sandbox.server import running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import SOURCES, Query
from albumart.stores.workspace import Workspace, open_workspace
from albumart.validation.stations import validate_manifest, validate_stored_rows


@pytest.fixture(scope="module")
def filled(endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Stores with the covers of a small made collection, shared by the tests of a module."""
    name = uuid.uuid4().hex
    own = dataclasses.replace(
        endpoints,
        mongodb_database=f"test_{name}",
        s3=dataclasses.replace(endpoints.s3, bucket=f"test-{name}"),
    )
    cache = tmp_path_factory.mktemp("cache")
    with (
        running_sandbox(MadeSite(seed=3, scale=0.25)) as sandbox,
        PoliteClient("", pacer=Pacer(cache), mirror=sandbox.url) as client,
        open_workspace(own, cache, Origin.SANDBOX) as workspace,
    ):
        collect_albums(client, workspace, SOURCES["bandcamp"], Query())
        (keys,) = workspace.albums.due_ranges("bandcamp", size=10_000)
        download_covers(client, workspace, workspace.albums.due_albums("bandcamp", keys))
        yield workspace


@pytest.fixture(scope="module")
def manifest(filled: Workspace) -> Manifest:
    validate_stored_rows(study(), filled)
    built = build_version(study(), filled)
    validate_manifest(built, filled)
    return built

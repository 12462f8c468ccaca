"""One filled workspace for the session, and applications over it."""

import dataclasses
import threading
import uuid
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from made_site import fill

from albumart.album import Origin
from albumart.endpoints import Endpoints
from albumart.stores.mongodb import connect
from albumart.stores.workspace import Workspace, open_workspace
from albumart.web.app import create_app
from albumart.web.options import WebOptions


@pytest.fixture(scope="session")
def filled(endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Stores with a champion; tests only read them, but for the game's answers."""
    name = f"test_{uuid.uuid4().hex}"
    own = dataclasses.replace(
        endpoints,
        mongodb_database=name,
        s3=dataclasses.replace(endpoints.s3, bucket=name.replace("_", "-")),
    )
    with open_workspace(own, tmp_path_factory.mktemp("web") / "cache", Origin.SANDBOX) as opened:
        fill(opened)
        yield opened
    with connect(endpoints.mongodb_uri) as client:
        client.drop_database(name)


@pytest.fixture(scope="session")
def client(filled: Workspace) -> Iterator[TestClient]:
    """Asks the application as a program or a browser does."""
    with TestClient(create_app(filled, WebOptions()), base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    """A test that leaves its own threads behind would slow the others down."""
    before = threading.active_count()
    yield
    assert threading.active_count() < before + 60

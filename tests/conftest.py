"""Real stores and a real Prefect server, one of each for the whole session."""

import dataclasses
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from albumart.album import Origin
from albumart.embedded.platform import ALL_PARTS, open_platform
from albumart.endpoints import Endpoints
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.settings import Settings
from albumart.stores.mongodb import connect
from albumart.stores.workspace import Workspace, open_workspace

LONG = ("flows", "web", "training")
FOR_TESTS = "ALBUMART_REAL_DATA"  # where the real files lie; read by tests alone


def pytest_configure() -> None:
    # Before any test module is imported, for Prefect reads its settings as it is imported.
    for name in [n for n in os.environ if n.startswith(("ALBUMART_", "PREFECT_"))]:
        if name != FOR_TESTS:
            del os.environ[name]
    # A shell without job control starts what it puts in the background with SIGINT ignored, and
    # every child inherits that; some tests press Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Files are handed to the workers in this order: the long ones first, so that all end together.
    items.sort(key=lambda item: not any(folder in item.path.parts for folder in LONG))


@pytest.fixture(scope="session")
def platform_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stores") / "home"


@pytest.fixture(scope="session")
def endpoints(platform_home: Path) -> Iterator[Endpoints]:
    """MongoDB and S3."""
    with open_platform(Settings(home=platform_home), parts=()) as found:
        yield found


@pytest.fixture
def mongo_database(endpoints: Endpoints) -> Iterator[str]:
    """Name of a database that no other test uses."""
    name = f"test_{uuid.uuid4().hex}"
    yield name
    with connect(endpoints.mongodb_uri) as client:
        client.drop_database(name)


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prefect") / "home"


@pytest.fixture(scope="session")
def prefect_endpoints(prefect_home: Path) -> Iterator[Endpoints]:
    """MongoDB, S3, a Prefect server and a worker; slow to start, so for flows only."""
    with open_platform(Settings(home=prefect_home), parts=ALL_PARTS) as found:
        yield found


@pytest.fixture
def own_endpoints(endpoints: Endpoints, mongo_database: str) -> Endpoints:
    """The session's stores, with a database and a bucket of this test's own."""
    bucket = mongo_database.replace("_", "-")
    return dataclasses.replace(
        endpoints,
        mongodb_database=mongo_database,
        s3=dataclasses.replace(endpoints.s3, bucket=bucket),
    )


@pytest.fixture
def workspace(own_endpoints: Endpoints, tmp_path: Path) -> Iterator[Workspace]:
    """Empty stores of this test's own, for what the sandbox tells."""
    with open_workspace(own_endpoints, tmp_path / "cache", Origin.SANDBOX) as opened:
        yield opened


@pytest.fixture
def sandbox(site: MadeSite) -> Iterator[Sandbox]:
    """Serves the module's own ``site``."""
    with running_sandbox(site) as running:
        yield running


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once: how long they wait is retrying's own test."""
    monkeypatch.setattr("albumart.http.retrying.backoff", lambda attempt: 0.0)

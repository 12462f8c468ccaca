from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from http_room import Shelf, Site, divert, divert_to, resolve_example, serving
from large_files import BODY, DATED

from albumart.http import retrying
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sandbox.wire import PLAIN, Answer, tagged


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def pacer(tmp_path: Path) -> Pacer:
    return Pacer(tmp_path / "pace")


@pytest.fixture
def mirrored(site: Site, pacer: Pacer) -> Iterator[PoliteClient]:
    """A client that reaches ``https://example.test/x`` at the site's ``/example.test/x``."""
    with PoliteClient("", pacer=pacer, mirror=site.url) as client:
        yield client


@pytest.fixture
def direct(site: Site, pacer: Pacer, monkeypatch: pytest.MonkeyPatch) -> Iterator[PoliteClient]:
    """A live client for which every name is at one public address, and that is the site."""
    divert(site, monkeypatch)
    with PoliteClient("me@example.org", pacer=pacer, resolve=resolve_example) as client:
        yield client


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def sandbox(shelf: Shelf) -> Iterator[Sandbox]:
    """A sandbox, for the faults that it makes."""
    with running_sandbox(shelf) as running:
        yield running


@pytest.fixture
def tried(sandbox: Sandbox, pacer: Pacer) -> Iterator[PoliteClient]:
    """A client whose mirror is the sandbox."""
    with PoliteClient("", pacer=pacer, mirror=sandbox.url) as client:
        yield client


@pytest.fixture
def paced(
    sandbox: Sandbox, pacer: Pacer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PoliteClient]:
    """A live client that keeps every pace: ``http://x.test/example.test/x`` is the sandbox's."""
    port = urlsplit(sandbox.url).port
    assert port
    divert_to(port, [], monkeypatch)
    with PoliteClient("me@example.org", pacer=pacer, resolve=resolve_example) as client:
        yield client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "dump"


@pytest.fixture
def dump(shelf: Shelf) -> Answer:
    """The file that the sandbox has."""
    shelf.answers["/dump"] = tagged(BODY, PLAIN, last_modified=DATED)
    return shelf.answers["/dump"]


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "backoff", lambda _: 0.0)

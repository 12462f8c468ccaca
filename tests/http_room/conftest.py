from collections.abc import Iterator
from pathlib import Path

import pytest
from http_room import Site, divert, resolve_example, serving

from albumart.http import retrying
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer


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


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "backoff", lambda _: 0.0)

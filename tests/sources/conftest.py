"""A crawl that keeps nothing, for tests of one source at a time."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from albumart.http.client import FetchPolicy, PoliteClient
from albumart.http.pacing import Pacer
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import Page

REAL_DATA = "ALBUMART_REAL_DATA"


class PlainCrawl:
    """Every page is new; what is not answered with 200 did not come."""

    def __init__(self, client: PoliteClient, source: str, folder: Path) -> None:
        self._client, self._source, self._folder = client, source, folder
        self.expected = 0
        self.asked: list[str] = []

    def get(
        self,
        url: str,
        policy: FetchPolicy,
        *,
        headers: Mapping[str, str] | None = None,
        fresh_for: timedelta | None = None,
    ) -> Page | None:
        self.asked.append(url)
        response = self._client.get(url, policy, headers=headers)
        return Page(self._source, response.url, response.body) if response.status == 200 else None

    def keep(self, url: str, body: bytes) -> Page:
        return Page(self._source, url, body)

    def download(self, url: str, policy: FetchPolicy) -> Path:
        path = self._folder / url.rpartition("/")[2]
        path.write_bytes(self._client.get(url, policy).body)
        return path

    def expect(self, pages: int) -> None:
        self.expected += pages


@pytest.fixture(scope="session")
def made_site() -> MadeSite:
    return MadeSite(seed=3, scale=0.3)


@pytest.fixture(scope="session")
def made_sources(made_site: MadeSite) -> Iterator[Sandbox]:
    """All sources, made."""
    with running_sandbox(made_site) as running:
        yield running


@pytest.fixture
def client(made_sources: Sandbox, tmp_path: Path) -> Iterator[PoliteClient]:
    with PoliteClient("", pacer=Pacer(tmp_path / "pace"), mirror=made_sources.url) as opened:
        yield opened


@pytest.fixture
def crawl_of(client: PoliteClient, tmp_path: Path) -> Callable[[str], PlainCrawl]:
    """``crawl_of("itunes")``: a crawl of the sandbox for one source."""
    return lambda source: PlainCrawl(client, source, tmp_path)

"""One small made site, a sandbox that serves it to each test, and ways to ask it."""

import http.client
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from albumart.sandbox.catalogue import MadeAlbum
from albumart.sandbox.server import Sandbox
from albumart.sandbox.site import MadeSite


class Got(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@pytest.fixture(scope="session")
def site() -> MadeSite:
    return MadeSite(seed=3, scale=0.1)


@pytest.fixture
def plain(site: MadeSite) -> MadeAlbum:
    """An album whose cover is an ordinary one."""
    odd = {album for places in site.catalogue.planted.values() for album in places}
    return next(album for album in site.catalogue.albums if album.album_id not in odd)


@pytest.fixture
def cover(plain: MadeAlbum) -> str:
    """Path of an ordinary cover under the sandbox's address."""
    return f"/f1.bcbits.com/img/a{plain.image_id:010}_2.jpg"


@pytest.fixture
def ask(sandbox: Sandbox) -> Callable[..., Got]:
    """Ask the sandbox of the test."""
    return lambda path, **more: ask_url(sandbox.url + path, **more)


@pytest.fixture(name="ask_url")
def ask_url_fixture() -> Callable[..., Got]:
    """Ask any address."""
    return ask_url


def ask_url(
    url: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Got:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request(method, url.partition(parts.netloc)[2], body, headers or {})
        response = connection.getresponse()
        return Got(response.status, response.headers, response.read())
    finally:
        connection.close()

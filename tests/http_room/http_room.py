"""A web site that does as it is told, and what tests ask of a client."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest

from albumart.errors import FetchError, UnsafeInput
from albumart.http import dialing
from albumart.http.addresses import Address
from albumart.http.client import FetchPolicy, PoliteClient

PUBLIC = "93.184.216.34"
ONCE = FetchPolicy(robots=False, attempts=1, deadline=5.0)
MIRRORED = "/example.test"
URL = "https://example.test/x"


class Handler(BaseHTTPRequestHandler):
    """Answers by the site's routes, and 404 elsewhere."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        site.seen.append(Seen(self.path, dict(self.headers), time.monotonic()))
        site.routes.get(self.path, missing)(self)

    def send(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def missing(handler: Handler) -> None:
    handler.send(b"nothing here", 404)


@dataclass(frozen=True)
class Seen:
    path: str
    headers: Mapping[str, str]
    at: float


@dataclass
class Site:
    """What was asked, and what is answered: ``site.routes["/x"] = lambda h: h.send(b"x")``."""

    port: int
    routes: dict[str, Callable[[Handler], None]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    dialled: list[tuple[str, int]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen if not seen.path.endswith("/robots.txt")]


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    site: Site

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what the tests are about."""


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    server = QuietServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.site = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def resolve_example(_: str) -> list[Address]:
    return [ip_address(PUBLIC)]


def divert(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection end at ``site``, which notes where it was meant to go."""
    real = dialing.connect

    def connect(address: Address, port: int, seconds: float) -> socket.socket:
        site.dialled.append((str(address), port))
        return real(ip_address("127.0.0.1"), site.port, seconds)

    monkeypatch.setattr(dialing, "connect", connect)


def fetch_fails(client: PoliteClient, policy: FetchPolicy = ONCE, url: str = URL) -> FetchError:
    with pytest.raises(FetchError) as caught:
        client.get(url, policy)
    return caught.value


def fetch_is_unsafe(client: PoliteClient, policy: FetchPolicy = ONCE, url: str = URL) -> str:
    with pytest.raises(UnsafeInput) as caught:
        client.get(url, policy)
    assert str(caught.value).isprintable()
    return caught.value.code

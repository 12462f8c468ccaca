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
from albumart.sandbox.wire import Answer

PUBLIC = "93.184.216.34"
ONCE = FetchPolicy(robots=False, attempts=1, deadline=5.0)
MIRRORED = "/example.test"
URL = "https://example.test/x"
PRIVATE = (
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
)
UNSAFE_URLS = (
    ("http://127.0.0.1./", "private_address"),
    ("http://2130706433/", "bad_host"),
    ("http://017700000001/", "bad_host"),
    ("http://0x7f000001/", "bad_host"),
    ("http://0x7f.0.0.1/", "bad_host"),
    ("http://0177.0.0.1/", "bad_host"),
    ("http://127.0.0.01/", "bad_host"),
    ("http://127.1/", "bad_host"),
    ("http://0/", "bad_host"),
    ("http://0x/", "bad_host"),
    ("http://8.8.8.8.8/", "bad_host"),
    ("http://１２７.０.０.１/", "bad_url"),
    ("http://127。0。0。1/", "bad_url"),
    ("http://%31%32%37.0.0.1/", "private_address"),
    ("http://[::1%25eth0]/", "bad_host"),
    ("http://[fe80::1%eth0]/", "bad_host"),
    ("http://[v1.x]/", "bad_url"),
    ("http://[::1/", "bad_url"),
    ("http://localhost/", "bad_host"),
    ("http://localhost./", "bad_host"),
    ("http://example.com../", "bad_host"),
    ("http://.example.com/", "bad_host"),
    ("http://exa mple.com/", "bad_url"),
    ("http://exa%20mple.com/", "bad_host"),
    ("http://exa^mple.com/", "bad_host"),
    (f"http://{'a' * 64}.com/", "bad_host"),
    (f"http://{'a.' * 130}com/", "bad_host"),
    ("http:///x", "bad_host"),
    ("http://:80/x", "bad_host"),
    ("http://user@example.com/", "userinfo"),
    ("http://example.com@127.0.0.1/", "userinfo"),
    ("http://example.com:80@10.0.0.1/", "userinfo"),
    ("http://example.com\\@10.0.0.1/", "bad_url"),
    ("http://example.com\r\nHost: x/", "bad_url"),
    ("http://example.com/\x00", "bad_url"),
    ("http://example.com/\x1b[31m", "bad_url"),
    ("http://example.com/\u202e", "bad_url"),
    ("http://example.com/" + "a" * 5000, "bad_url"),
    ("http://example.com:22/", "bad_port"),
    ("http://example.com:0/", "bad_port"),
    ("http://example.com:8080/", "bad_port"),
    ("http://example.com:99999/", "bad_url"),
    ("http://example.com:x/", "bad_url"),
    ("file:///etc/passwd", "bad_scheme"),
    ("ftp://example.com/x", "bad_scheme"),
    ("gopher://example.com/x", "bad_scheme"),
    ("data:text/plain,x", "bad_scheme"),
    ("javascript:alert(1)", "bad_scheme"),
    ("//example.com/x", "bad_scheme"),
    ("/x", "bad_scheme"),
    ("example.com/x", "bad_scheme"),
    ("", "bad_scheme"),
)


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


@dataclass
class Shelf:
    """What a sandbox serves as example.test: ``shelf.answers["/x"] = tagged(b"x", PLAIN)``."""

    answers: dict[str, Answer] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset({"example.test"})

    def answer(self, host: str, path: str) -> Answer | None:
        return self.answers.get(path)


def resolve_example(_: str) -> list[Address]:
    return [ip_address(PUBLIC)]


def divert(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection end at ``site``, which notes where it was meant to go."""
    divert_to(site.port, site.dialled, monkeypatch)


def divert_to(end: int, dialled: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection end at the port ``end`` of this machine."""
    real = dialing.connect

    def connect(address: Address, port: int, seconds: float) -> socket.socket:
        dialled.append((str(address), port))
        return real(ip_address("127.0.0.1"), end, seconds)

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

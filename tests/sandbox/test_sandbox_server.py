import http.client
import io
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from albumart.errors import PlatformError
from albumart.sandbox.bandcamp import LIST_PATH
from albumart.sandbox.breakage import Fault
from albumart.sandbox.catalogue import Plant
from albumart.sandbox.server import Sandbox, running_sandbox, serve
from albumart.sandbox.site import MadeSite

Ask = Callable[..., Any]
LISTING = f"/raw.githubusercontent.com{LIST_PATH}"


def test_list_and_cover_carry_the_sources_headers(ask: Ask, cover: str) -> None:
    listing = ask(LISTING)
    assert (listing.status, listing.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert listing.headers["ETag"]
    assert listing.headers["Last-Modified"] is None
    got = ask(cover)
    assert (got.status, got.headers["Content-Type"]) == (200, "image/jpeg")
    assert int(got.headers["Content-Length"]) == len(got.body)
    assert got.headers["Last-Modified"].endswith(" GMT")


@pytest.mark.parametrize("told", ["ETag", "Last-Modified"])
def test_what_is_unchanged_answers_304_without_a_body(ask: Ask, cover: str, told: str) -> None:
    asked = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[told]
    got = ask(cover, headers={asked: ask(cover).headers[told]})
    assert (got.status, got.body) == (304, b"")
    assert got.headers["ETag"]
    assert ask(cover, headers={"If-None-Match": '"other"'}).status == 200


def test_the_rest_of_a_file_comes_while_it_is_the_same(
    ask: Ask, sandbox: Sandbox, cover: str
) -> None:
    whole = ask(cover)
    wanted = {"Range": "bytes=100-", "If-Range": whole.headers["ETag"]}
    got = ask(cover, headers=wanted)
    assert (got.status, got.body, got.headers["ETag"]) == (
        206,
        whole.body[100:],
        wanted["If-Range"],
    )
    assert got.headers["Content-Range"] == f"bytes 100-{len(whole.body) - 1}/{len(whole.body)}"
    assert ask(cover, headers=wanted | {"If-Range": '"old"'}).body == whole.body
    assert ask(cover, headers={"Range": "bytes=9999999-"}).status == 416
    assert [seen.range for seen in sandbox.requests.all()] == [
        "",
        "bytes=100-",
        "bytes=100-",
        "bytes=9999999-",
    ]


def test_robots_are_welcome_at_known_hosts_only(ask: Ask) -> None:
    for host in ("f1.bcbits.com", "F1.BCBITS.COM", "raw.githubusercontent.com"):
        got = ask(f"/{host}/robots.txt")
        assert (got.status, got.body) == (200, b"User-agent: *\nDisallow:\n")
    assert ask("/example.org/robots.txt").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/f1.bcbits.com",
        "/f1.bcbits.com/",
        "/f1.bcbits.com/img/../../../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%00/%ff",
        "/f1.bcbits.com//etc/passwd",
        "//etc/passwd",
        "http://f1.bcbits.com/img/x",
        "/example.org/x",
    ],
)
def test_unknown_and_weird_paths_answer_404(ask: Ask, sandbox: Sandbox, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    connection.putrequest("GET", path, skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status == 404
    connection.close()


def test_head_has_no_body_and_other_methods_are_refused(ask: Ask, cover: str) -> None:
    got = ask(cover, method="HEAD")
    assert (got.status, got.body) == (200, b"")
    assert int(got.headers["Content-Length"]) > 5_000
    assert ask(cover, method="POST", body=b"x").status == 405


def test_dead_links_answer_404(ask: Ask, site: MadeSite) -> None:
    images = {album.album_id: album.image_id for album in site.catalogue.albums}
    for album in site.catalogue.planted[Plant.DEAD]:
        assert ask(f"/f1.bcbits.com/img/a{images[album]:010}_2.jpg").status == 404


def test_connections_are_kept_alive_and_end_with_the_sandbox(site: MadeSite, cover: str) -> None:
    with running_sandbox(site) as sandbox:
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
        for _ in range(3):
            connection.request("GET", cover)
            assert len(connection.getresponse().read()) > 5_000
        held = connection.sock
        assert held is not None
    assert held.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(held_address(sandbox), timeout=5)


def held_address(sandbox: Sandbox) -> tuple[str, int]:
    parts = urlsplit(sandbox.url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def test_many_clients_at_once(ask: Ask, sandbox: Sandbox, cover: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        bodies = set(pool.map(lambda _: ask(cover).body, range(64)))
    assert len(bodies) == 1
    assert sandbox.requests.count(cover) == 64


def test_only_loopback_is_listened_on(sandbox: Sandbox) -> None:
    assert sandbox.url.startswith("http://127.0.0.1:")
    _, port = held_address(sandbox)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_client_that_goes_away_is_no_error(
    sandbox: Sandbox, ask: Ask, cover: str, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.add(Fault("slow:0", LISTING))
    with socket.create_connection(held_address(sandbox), timeout=5) as raw:
        raw.sendall(f"GET {LISTING} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        raw.recv(10)
    assert ask(cover).status == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_fault_of_our_own_is_logged(
    site: MadeSite, ask_url: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(MadeSite):
        def answer(self, host: str, path: str) -> None:
            raise RuntimeError("broken site")

    with running_sandbox(Broken(scale=0.01)) as sandbox, pytest.raises(http.client.HTTPException):
        ask_url(f"{sandbox.url}{LISTING}")
    assert "broken site" in caplog.text


@pytest.mark.parametrize("port", [70_000, -1])
def test_impossible_ports_are_refused(site: MadeSite, port: int) -> None:
    with pytest.raises(PlatformError, match=f"port {port}"), running_sandbox(site, port=port):
        pass


def test_a_taken_port_says_what_to_do(site: MadeSite, sandbox: Sandbox) -> None:
    _, port = held_address(sandbox)
    message = f"127.0.0.1, port {port}; got: the port is taken. Choose another with --port"
    with pytest.raises(PlatformError, match=message), running_sandbox(site, port=port):
        pass


def test_serve_ends_with_standard_input(
    site: MadeSite, ask_url: Ask, monkeypatch: pytest.MonkeyPatch, cover: str
) -> None:
    statuses = []
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ignored")))
    fault = Fault("status:418", cover)
    serve(
        site,
        port=0,
        until_eof=True,
        announce=lambda url: statuses.extend(ask_url(url + cover).status for _ in range(2)),
        faults=[fault],
    )
    assert statuses == [418, 200]


def test_serve_ends_when_interrupted(site: MadeSite) -> None:
    def interrupt(url: str) -> None:
        raise KeyboardInterrupt

    serve(site, port=0, until_eof=False, announce=interrupt)

"""Each fault as a client meets it."""

import gzip
import http.client
import socket
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from albumart.sandbox.breakage import BOMB_BYTES, FAULTS, WRONG_BY, Fault, make_bomb
from albumart.sandbox.server import Sandbox, running_sandbox

Ask = Callable[..., Any]
ARGUMENTS = {
    "status": ":503",
    "slow": ":0",
    "silent": ":0",
    "late": ":0",
    "body": ":other",
    "page": ":/robots.txt",
    "redirect": ":http://x.example/",
    "header": ":A: b",
}


@pytest.fixture
def spoil(sandbox: Sandbox, cover: str) -> Callable[..., None]:
    """Let the next request for the cover meet a fault."""

    def spoiling(kind: str, **more: Any) -> None:
        sandbox.faults.add(Fault(kind, cover, **more))

    return spoiling


@pytest.mark.parametrize("retry_after", [120, "Wed, 21 Oct 2026 07:28:00 GMT", None])
def test_status(ask: Ask, cover: str, spoil: Ask, retry_after: str | int | None) -> None:
    spoil("status:503", retry_after=retry_after)
    got = ask(cover)
    assert got.status == 503
    assert got.headers["Retry-After"] == (str(retry_after) if retry_after else None)
    assert ask(cover).status == 200


def test_status_that_nobody_has_named(ask: Ask, cover: str, spoil: Ask) -> None:
    spoil("status:599")
    assert ask(cover).status == 599


def test_slow_drips_single_bytes(sandbox: Sandbox, cover: str, spoil: Ask) -> None:
    spoil("slow:0.01")
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    connection.request("GET", cover)
    response = connection.getresponse()
    assert int(response.headers["Content-Length"]) > 5_000
    assert response.read1() == b"\xff"
    assert len(response.read(3)) == 3
    connection.close()


def test_slow_can_come_to_its_end(ask: Ask, sandbox: Sandbox, spoil: Ask) -> None:
    sandbox.faults.add(Fault("slow:0", "/f1.bcbits.com/robots.txt"))
    assert b"Disallow" in ask("/f1.bcbits.com/robots.txt").body


def test_stopping_ends_a_slow_answer(site: Any, cover: str) -> None:
    with running_sandbox(site) as sandbox:
        sandbox.faults.add(Fault("slow:1000", cover))
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=20)
        connection.request("GET", cover)
        response = connection.getresponse()
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()


def test_late_is_the_truth_after_a_while(ask: Ask, cover: str, spoil: Ask) -> None:
    whole = ask(cover)
    spoil("late:0.1")
    began = time.monotonic()
    got = ask(cover)
    assert time.monotonic() - began >= 0.1
    assert (got.status, got.body, got.headers["ETag"]) == (200, whole.body, whole.headers["ETag"])


def test_stopping_ends_a_late_answer(site: Any, cover: str) -> None:
    with running_sandbox(site) as sandbox:
        sandbox.faults.add(Fault("late:1000", cover))
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=20)
        connection.request("GET", cover)
        while sandbox.faults.waiting():
            time.sleep(0.001)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.getresponse()


@pytest.mark.parametrize("kind", ["silent:0.05", "drop"])
def test_no_answer_at_all(ask: Ask, cover: str, spoil: Ask, kind: str) -> None:
    spoil(kind)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(cover)
    assert ask(cover).status == 200


def test_reset_breaks_off_within_the_body(ask: Ask, cover: str, spoil: Ask) -> None:
    spoil("reset")
    with pytest.raises(ConnectionResetError):
        ask(cover)
    assert ask(cover).status == 200


def test_reset_breaks_off_within_the_rest_that_was_asked_for(
    sandbox: Sandbox, ask: Ask, cover: str, spoil: Ask
) -> None:
    whole = ask(cover).body
    spoil("reset")
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    connection.request("GET", cover, headers={"Range": "bytes=1000-"})
    response = connection.getresponse()
    assert response.headers["Content-Range"] == f"bytes 1000-{len(whole) - 1}/{len(whole)}"
    assert response.read1(10) == whole[1000:1010]
    connection.close()


def test_short_declares_more_than_comes(ask: Ask, cover: str, spoil: Ask) -> None:
    whole = ask(cover).body
    spoil("short")
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(cover)
    assert caught.value.partial == whole
    assert caught.value.expected == WRONG_BY


def test_long_sends_more_than_declared(sandbox: Sandbox, ask: Ask, cover: str, spoil: Ask) -> None:
    whole = ask(cover).body
    spoil("long")
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
        raw.sendall(f"GET {cover} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = b"".join(iter(lambda: raw.recv(65536), b"")).partition(b"\r\n\r\n")
    assert body == whole
    assert f"Content-Length: {len(whole) - WRONG_BY}".encode() in head


def test_truncated_is_consistent_but_for_the_image(ask: Ask, cover: str, spoil: Ask) -> None:
    whole = ask(cover)
    spoil("truncated")
    got = ask(cover)
    assert got.status == 200
    assert whole.body.startswith(got.body)
    assert len(got.body) < len(whole.body)
    assert got.headers["ETag"] is None


@pytest.mark.parametrize(("kind", "body"), [("empty", b""), ('body:{"feed": {}}', b'{"feed": {}}')])
def test_another_body_under_the_true_type(
    ask: Ask, cover: str, spoil: Ask, kind: str, body: bytes
) -> None:
    spoil(kind)
    got = ask(cover)
    assert (got.status, got.headers["Content-Type"], got.body) == (200, "image/jpeg", body)
    assert got.headers["ETag"] is None


def test_another_page_of_the_same_host(ask: Ask, cover: str, spoil: Ask) -> None:
    other, etag = ask("/f1.bcbits.com/robots.txt"), ask(cover).headers["ETag"]
    spoil("page:/robots.txt")
    got = ask(cover, headers={"If-None-Match": etag})
    assert (got.status, got.body) == (200, other.body)
    spoil("page:/nowhere")
    assert ask(cover).status == 404


@pytest.mark.parametrize(("kind", "start"), [("html", b"<!doctype html>"), ("svg", b"<svg ")])
def test_other_things_under_image_jpeg(
    ask: Ask, cover: str, spoil: Ask, kind: str, start: bytes
) -> None:
    spoil(kind)
    got = ask(cover)
    assert (got.status, got.headers["Content-Type"]) == (200, "image/jpeg")
    assert got.body.startswith(start)


@pytest.mark.parametrize(("layers", "most"), [(1, 1_200_000), (2, 10_000)])
def test_bomb_inflates_hugely(ask: Ask, cover: str, spoil: Ask, layers: int, most: int) -> None:
    spoil(f"bomb:{layers}")
    got = ask(cover)
    assert got.headers["Content-Encoding"] == ", ".join(["gzip"] * layers)
    assert len(got.body) < most
    for _ in range(layers - 1):
        got = got._replace(body=gzip.decompress(got.body))
    inflater = zlib.decompressobj(wbits=31)
    member = inflater.decompress(got.body)
    members = len(got.body) / (len(got.body) - len(inflater.unused_data))
    assert len(member) * members == BOMB_BYTES
    assert make_bomb(layers) is make_bomb(layers)


def test_redirect(ask: Ask, cover: str, spoil: Ask) -> None:
    spoil("redirect:http://169.254.169.254/latest/")
    got = ask(cover)
    assert (got.status, got.headers["Location"]) == (302, "http://169.254.169.254/latest/")


def test_loop_leads_back_here_and_at_the_source(
    ask: Ask, sandbox: Sandbox, spoil: Ask, cover: str
) -> None:
    spoil("loop", times=None)
    sandbox.faults.add(Fault("loop", "/f1.bcbits.com/q"))
    location = ask(cover).headers["Location"]
    for address in (sandbox.url + cover, "http:/" + cover):
        assert urljoin(address, location) == address
    asked = sandbox.url + "/f1.bcbits.com/q?a=/b"
    assert urljoin(asked, ask("/f1.bcbits.com/q?a=/b").headers["Location"]) == asked
    with pytest.raises(urllib.error.HTTPError, match="infinite loop"):
        urllib.request.urlopen(sandbox.url + cover, timeout=10)


def test_header_is_added_to_the_truth(ask: Ask, cover: str, spoil: Ask) -> None:
    whole = ask(cover).body
    spoil("header:X-Robots-Tag: noai, noimageai")
    got = ask(cover)
    assert got.headers["X-Robots-Tag"] == "noai, noimageai"
    assert got.body == whole


@pytest.mark.parametrize("name", FAULTS)
def test_every_kind_spoils_one_request_and_leaves_the_next_whole(
    sandbox: Sandbox, ask: Ask, cover: str, spoil: Ask, name: str
) -> None:
    whole = ask(cover).body
    spoil(name + ARGUMENTS.get(name, ""))
    with suppress(http.client.HTTPException, ConnectionError):
        ask(cover)
    assert sandbox.faults.waiting() == []
    assert ask(cover).body == whole

import gzip
import socket
import struct
import threading
import time
import tracemalloc
import zlib
from dataclasses import replace
from typing import Any

import pytest
from http_room import MIRRORED, ONCE, URL, fetch_fails, fetch_is_unsafe

from albumart.http.addresses import Address
from albumart.http.client import PoliteClient


def encoded(encoding: str, body: bytes, chunked: bool) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n"
    if not chunked:
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    halves = body[:99], body[99:]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves if half)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + framed + b"0\r\n\r\n"


class TestBodies:
    @pytest.mark.parametrize("size", [0, 1, 999, 1000])
    def test_up_to_the_cap(self, site, mirrored, size: int) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"x" * size)
        assert len(mirrored.get(URL, replace(ONCE, max_bytes=1000)).body) == size

    @pytest.mark.parametrize(
        "head", [b"Content-Length: 1001", b"Connection: close", b"Content-Length: x"]
    )
    def test_beyond_the_cap(self, site, mirrored, head: bytes) -> None:
        answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + b"x" * 1001
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(answer)
        assert fetch_is_unsafe(mirrored, replace(ONCE, max_bytes=1000)) == "too_large"

    def test_chunks(self, site, mirrored) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert mirrored.get(URL, ONCE).body == b"abcde"

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [("gzip", gzip.compress(b"abc" * 99, mtime=0)), ("deflate", zlib.compress(b"abc" * 99))],
    )
    @pytest.mark.parametrize("chunked", [True, False])
    def test_encodings(self, site, mirrored, encoding: str, body: bytes, chunked: bool) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(encoded(encoding, body, chunked))
        assert mirrored.get(URL, ONCE).body == b"abc" * 99

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("gzip", gzip.compress(bytes(2**26))),
            ("gzip, gzip", gzip.compress(gzip.compress(bytes(2**27)))),
            ("deflate", zlib.compress(bytes(2**26))),
        ],
    )
    @pytest.mark.parametrize("chunked", [True, False])
    def test_bombs_cost_no_more_than_the_cap(
        self, site, mirrored, encoding: str, body: bytes, chunked: bool
    ) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(encoded(encoding, body, chunked))
        tracemalloc.start()
        assert fetch_is_unsafe(mirrored, replace(ONCE, max_bytes=2**20)) == "too_large"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * 2**20

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nlonger",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nlonger",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-L",
            b"nonsense\x1b[31m\r\n\r\n",
            b"",
        ],
    )
    def test_broken_answers_are_never_values(self, site, mirrored, answer: bytes) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(answer)
        error = fetch_fails(mirrored)
        assert error.code == "broken"
        assert str(error).isprintable()

    def test_a_reset_in_the_middle(self, site, mirrored) -> None:
        def reset(handler: Any) -> None:
            handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50_000)
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.close()

        site.routes[MIRRORED + "/x"] = reset
        assert fetch_fails(mirrored).code == "broken"

    def test_after_a_surplus_the_next_answer_is_its_own(self, site, mirrored) -> None:
        def surplus(handler: Any) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab" + b"c" * 9000)

        site.routes[MIRRORED + "/x"] = surplus
        site.routes[MIRRORED + "/y"] = lambda h: h.send(b"y")
        fetch_fails(mirrored)
        assert mirrored.get("https://example.test/y", ONCE).body == b"y"


class TestDeadline:
    @pytest.mark.parametrize(
        "head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"]
    )
    def test_a_drip_ends_at_the_deadline(self, site, mirrored, head: bytes) -> None:
        hung_up = threading.Event()

        def drip(handler: Any) -> None:
            handler.wfile.write(head)
            try:
                while not hung_up.wait(0.05):
                    handler.wfile.write(b"X")
            except OSError:
                hung_up.set()

        site.routes[MIRRORED + "/x"] = drip
        began = time.monotonic()
        error = fetch_fails(mirrored, replace(ONCE, deadline=0.4, attempts=3))
        assert error.code == "timeout"
        assert 0.4 <= time.monotonic() - began < 1.5
        assert hung_up.wait(10)
        assert len(site.seen) == 1

    def test_redirects_and_attempts_share_the_deadline(self, site, mirrored) -> None:
        done = threading.Event()

        def slow(handler: Any) -> None:
            done.wait(0.2)
            handler.send(b"", 500)

        site.routes[MIRRORED + "/x"] = slow
        error = fetch_fails(mirrored, replace(ONCE, deadline=0.3, attempts=99))
        assert error.code == "timeout"
        assert len(site.seen) <= 2

    def test_waiting_for_a_turn_is_not_counted(self, site, mirrored, pacer) -> None:
        pacer.pause("example.test", 0.3)
        assert mirrored.get(URL, replace(ONCE, deadline=0.2)).status == 404

    def test_a_look_up_that_hangs(self, site, pacer) -> None:
        answered = threading.Event()

        def hang(_: str) -> list[Address]:
            answered.wait(30)
            return []

        with PoliteClient("me@example.org", pacer=pacer, resolve=hang) as client:
            assert fetch_fails(client, replace(ONCE, deadline=0.2)).code == "dns"
            twice = replace(ONCE, deadline=0.2, attempts=2)
            assert fetch_fails(client, twice).code == "timeout"
        answered.set()

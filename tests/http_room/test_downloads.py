"""Large files: whole or not at all, continued where they broke off."""

import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from http_room import MIRRORED, ONCE, URL, Shelf, Site
from large_files import ADDRESS, BODY, DUMP, FILE, beside, fails, ranges

from albumart.errors import FetchError, NotFound, Refused, UnsafeInput
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pace
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox
from albumart.sandbox.wire import PLAIN, Answer, tagged


@pytest.mark.usefixtures("dump")
class TestWhole:
    def test_comes_to_its_path(self, tried: PoliteClient, path: Path) -> None:
        assert tried.download(ADDRESS, DUMP, path) == path
        assert path.read_bytes() == BODY
        assert beside(path) == ["dump"]

    def test_replaces_what_was_there(self, tried: PoliteClient, path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b"older and" * 200_000)
        tried.download(ADDRESS, DUMP, path)
        assert path.read_bytes() == BODY

    def test_an_empty_file(self, shelf: Shelf, tried: PoliteClient, path: Path) -> None:
        shelf.answers["/dump"] = tagged(b"", PLAIN)
        assert tried.download(ADDRESS, DUMP, path).read_bytes() == b""

    def test_chunks(self, site: Site, mirrored: PoliteClient, path: Path) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:]))
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(head + chunks + b"0\r\n\r\n")
        assert mirrored.download(URL, DUMP, path).read_bytes() == BODY

    def test_the_file_is_asked_for_as_it_is(
        self, site: Site, mirrored: PoliteClient, path: Path
    ) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(BODY)
        mirrored.download(URL, DUMP, path)
        assert site.seen[0].headers["Accept-Encoding"] == "identity"
        assert "Range" not in site.seen[0].headers

    def test_memory_stays_small(self, shelf: Shelf, tried: PoliteClient, path: Path) -> None:
        shelf.answers["/dump"] = tagged(BODY * 24, PLAIN)
        tracemalloc.start()
        tried.download(ADDRESS, DUMP, path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert path.stat().st_size == 24 * len(BODY)
        assert peak < 4 * 2**20


@pytest.mark.usefixtures("dump")
class TestRefused:
    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            ("status:500", "http_500"),
            ("status:418", "http_418"),
            ("short", "broken"),
            ("long", "broken"),
            ("drop", "broken"),
            ("header:Content-Encoding: gzip", "broken"),
        ],
    )
    def test_what_is_not_the_file_is_never_its_name(
        self, sandbox: Sandbox, tried: PoliteClient, path: Path, kind: str, code: str
    ) -> None:
        sandbox.faults.add(Fault(kind, FILE))
        assert fails(tried, path).code == code

    @pytest.mark.parametrize("status", [404, 410])
    def test_there_is_no_such_file(
        self, sandbox: Sandbox, tried: PoliteClient, path: Path, status: int
    ) -> None:
        sandbox.faults.add(Fault(f"status:{status}", FILE))
        with pytest.raises(NotFound, match=f"example.test/dump: .* status {status}"):
            tried.download(ADDRESS, DUMP, path)
        assert len(ranges(sandbox)) == 1

    def test_stay_away_closes_the_host(
        self, sandbox: Sandbox, tried: PoliteClient, path: Path
    ) -> None:
        sandbox.faults.add(Fault("status:403", FILE))
        for _ in range(2):
            with pytest.raises(Refused):
                tried.download(ADDRESS, DUMP, path)
        assert len(ranges(sandbox)) == 1

    def test_robots_are_obeyed(
        self, shelf: Shelf, sandbox: Sandbox, tried: PoliteClient, path: Path
    ) -> None:
        shelf.answers["/robots.txt"] = tagged(b"User-agent: *\nDisallow: /dump", PLAIN)
        with pytest.raises(Refused):
            tried.download(ADDRESS, replace(DUMP, robots=True), path)
        assert sandbox.requests.count(FILE) == 0

    def test_a_pause_is_kept(self, sandbox: Sandbox, tried: PoliteClient, path: Path) -> None:
        sandbox.faults.add(Fault("status:429", FILE, retry_after=3600))
        assert fails(tried, path, DUMP).code == "deferred"
        assert len(ranges(sandbox)) == 1

    def test_the_pace_is_kept(self, sandbox: Sandbox, paced: PoliteClient, path: Path) -> None:
        policy = replace(DUMP, pace=Pace(0.1))
        for _ in range(3):
            paced.download("http://x.test/example.test/dump", policy, path)
        first, second, third = (seen.at for seen in sandbox.requests.all())
        assert min(third - second, second - first) >= 0.1

    def test_redirects_are_followed_and_checked(
        self, sandbox: Sandbox, tried: PoliteClient, path: Path
    ) -> None:
        sandbox.faults.add(Fault("redirect:/dump", "/example.test/latest", times=None))
        tried.download("https://example.test/latest", DUMP, path)
        assert path.read_bytes() == BODY
        sandbox.faults.add(Fault("redirect:http://169.254.169.254/", FILE))
        with pytest.raises(UnsafeInput) as caught:
            tried.download(ADDRESS, DUMP, path)
        assert caught.value.code == "private_address"

    def test_unsafe_addresses(self, sandbox: Sandbox, tried: PoliteClient, path: Path) -> None:
        with pytest.raises(UnsafeInput):
            tried.download("http://127.0.0.1/dump", DUMP, path)
        assert not path.parent.exists()
        assert not ranges(sandbox)

    @pytest.mark.parametrize("framed", [True, False])
    def test_no_more_than_the_cap(
        self, site: Site, mirrored: PoliteClient, path: Path, framed: bool
    ) -> None:
        length = b"Content-Length: 1048576\r\n\r\n" + BODY
        chunk = b"Transfer-Encoding: chunked\r\n\r\n100000\r\n" + BODY + b"\r\n0\r\n\r\n"
        answer = b"HTTP/1.1 200 OK\r\n" + (length if framed else chunk)
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(answer)
        with pytest.raises(UnsafeInput) as caught:
            mirrored.download(URL, replace(DUMP, max_bytes=len(BODY) - 1), path)
        assert caught.value.code == "too_large"
        assert not path.exists()

    @pytest.mark.parametrize("body", [b"", b"some"])
    def test_without_a_told_end_nothing_is_whole(
        self, site: Site, mirrored: PoliteClient, path: Path, body: bytes
    ) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n" + body)
        with pytest.raises(FetchError) as caught:
            mirrored.download(URL, ONCE, path)
        assert caught.value.code == "broken"
        assert not path.exists()


class TestStall:
    @pytest.mark.parametrize("kind", ["slow:0.05", "slow:60"])
    def test_a_drip_is_a_stall(
        self, sandbox: Sandbox, dump: Answer, tried: PoliteClient, path: Path, kind: str
    ) -> None:
        sandbox.faults.add(Fault(kind, FILE, times=2))
        assert fails(tried, path, replace(DUMP, deadline=0.3)).code == "stalled"
        assert len(ranges(sandbox)) == 2

    def test_chunks_gain_no_time(self, site: Site, mirrored: PoliteClient, path: Path) -> None:
        hung_up = threading.Event()

        def drip(handler: Any) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                while not hung_up.wait(0.05):
                    handler.wfile.write(b"1\r\nx\r\n")
            except OSError:
                hung_up.set()

        site.routes[MIRRORED + "/x"] = drip
        with pytest.raises(FetchError) as caught:
            mirrored.download(URL, replace(ONCE, deadline=0.3), path)
        assert caught.value.code == "stalled"
        assert hung_up.wait(10)

    def test_a_file_may_take_longer_than_the_deadline(
        self, site: Site, mirrored: PoliteClient, path: Path
    ) -> None:
        never = threading.Event()

        def trickle(handler: Any) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(BODY)))
            handler.end_headers()
            for first in range(0, len(BODY), 2**17):
                handler.wfile.write(BODY[first : first + 2**17])
                never.wait(0.1)

        site.routes[MIRRORED + "/x"] = trickle
        mirrored.download(URL, replace(ONCE, deadline=0.4), path)
        assert path.read_bytes() == BODY

    def test_headers_that_do_not_come(
        self, sandbox: Sandbox, dump: Answer, tried: PoliteClient, path: Path
    ) -> None:
        sandbox.faults.add(Fault("silent:60", FILE))
        assert fails(tried, path, replace(DUMP, deadline=0.3)).code == "timeout"
        assert len(ranges(sandbox)) == 1

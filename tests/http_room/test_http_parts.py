"""What a broken or killed download leaves, and what becomes of it."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from http_room import MIRRORED, ONCE, URL, Shelf, Site
from large_files import ADDRESS, BODY, DUMP, FILE, HALF, beside, fails, ranges

from albumart.errors import FetchError, PlatformError, UnsafeInput
from albumart.http import parts
from albumart.http.client import PoliteClient
from albumart.http.connections import STEP
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox
from albumart.sandbox.wire import PLAIN, Answer, tagged

CHILD = """
import sys
from pathlib import Path
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.http.pacing import Pacer
folder, mirror = Path(sys.argv[1]), sys.argv[2]
with PoliteClient("", pacer=Pacer(folder), mirror=mirror) as client:
    client.download("https://example.test/dump", FetchPolicy(robots=False), folder / "dump")
"""


def starts(sandbox: Sandbox) -> list[int]:
    """The first bytes that were asked for."""
    return [int(text.removeprefix("bytes=").rstrip("-") or 0) for text in ranges(sandbox)]


def half_done(
    path: Path, body: bytes = BODY[:HALF], url: str = URL, validator: str = '"e"'
) -> None:
    """What a killed download leaves."""
    path.parent.mkdir()
    path.with_name("dump.part").write_bytes(body)
    told = {"url": url, "validator": validator}
    path.with_name("dump.part.json").write_text(json.dumps(told))


class TestContinued:
    @pytest.mark.parametrize("told", ["etag", "last_modified"])
    def test_after_a_reset_only_the_rest_is_asked_for(
        self,
        sandbox: Sandbox,
        dump: Answer,
        shelf: Shelf,
        tried: PoliteClient,
        path: Path,
        told: str,
    ) -> None:
        other = {"etag": "last_modified", "last_modified": "etag"}[told]
        shelf.answers["/dump"] = replace(dump, **{other: ""})
        sandbox.faults.add(Fault("reset", FILE, times=2))
        tried.download(ADDRESS, replace(DUMP, attempts=3), path)
        assert path.read_bytes() == BODY
        first, second, third = starts(sandbox)
        assert 0 == first < second < third < len(BODY)

    def test_by_the_next_call(
        self, sandbox: Sandbox, dump: Answer, tried: PoliteClient, path: Path
    ) -> None:
        sandbox.faults.add(Fault("reset", FILE))
        assert fails(tried, path).code == "broken"
        assert beside(path) == ["dump.part", "dump.part.json"]
        size = path.with_name("dump.part").stat().st_size
        assert 0 < size <= HALF
        tried.download(ADDRESS, DUMP, path)
        assert path.read_bytes() == BODY
        assert starts(sandbox) == [0, size]
        assert beside(path) == ["dump"]

    def test_after_a_kill(
        self, sandbox: Sandbox, dump: Answer, tried: PoliteClient, path: Path
    ) -> None:
        sandbox.faults.add(Fault("slow:0", FILE))
        path.parent.mkdir()
        part = path.with_name("dump.part")
        command = [sys.executable, "-c", CHILD, str(path.parent), sandbox.url]
        with subprocess.Popen(command) as child:
            while not (part.exists() and part.stat().st_size):
                assert child.poll() is None
            child.send_signal(signal.SIGKILL)
        size = part.stat().st_size
        tried.download(ADDRESS, DUMP, path)
        assert path.read_bytes() == BODY
        assert starts(sandbox) == [0, size]

    def test_another_file_starts_anew(
        self, sandbox: Sandbox, dump: Answer, shelf: Shelf, tried: PoliteClient, path: Path
    ) -> None:
        sandbox.faults.add(Fault("reset", FILE))
        fails(tried, path)
        shelf.answers["/dump"] = tagged(BODY[::-1] * 2, PLAIN)
        tried.download(ADDRESS, DUMP, path)
        assert path.read_bytes() == BODY[::-1] * 2
        assert 0 < starts(sandbox)[-1] <= HALF

    def test_another_address_starts_anew(
        self, sandbox: Sandbox, dump: Answer, shelf: Shelf, tried: PoliteClient, path: Path
    ) -> None:
        sandbox.faults.add(Fault("reset", FILE))
        fails(tried, path)
        shelf.answers["/other"] = dump
        tried.download("https://example.test/other", DUMP, path)
        assert ranges(sandbox)[-1] == ""
        assert path.read_bytes() == BODY

    @pytest.mark.parametrize("told", [b"", b"{", b"[]", b'{"url": "x"}'])
    def test_without_a_readable_note_it_starts_anew(
        self, sandbox: Sandbox, dump: Answer, tried: PoliteClient, path: Path, told: bytes
    ) -> None:
        sandbox.faults.add(Fault("reset", FILE))
        fails(tried, path)
        path.with_name("dump.part.json").write_bytes(told)
        tried.download(ADDRESS, DUMP, path)
        assert ranges(sandbox) == ["", ""]
        assert path.read_bytes() == BODY

    def test_a_file_without_a_validator_starts_anew(
        self, sandbox: Sandbox, dump: Answer, shelf: Shelf, tried: PoliteClient, path: Path
    ) -> None:
        shelf.answers["/dump"] = replace(dump, etag=f"W/{dump.etag}")
        sandbox.faults.add(Fault("reset", FILE))
        tried.download(ADDRESS, DUMP, path)
        assert ranges(sandbox) == ["", ""]
        assert path.read_bytes() == BODY

    def test_a_host_without_ranges_starts_anew(
        self, site: Site, mirrored: PoliteClient, path: Path
    ) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(BODY, ETag='"e"')
        half_done(path)
        mirrored.download(URL, DUMP, path)
        assert path.read_bytes() == BODY
        assert site.seen[0].headers["Range"] == f"bytes={HALF}-"
        assert site.seen[0].headers["If-Range"] == '"e"'

    def test_what_was_whole_but_for_its_name(
        self, sandbox: Sandbox, dump: Answer, tried: PoliteClient, path: Path
    ) -> None:
        half_done(path, BODY, url=ADDRESS, validator=dump.etag)
        tried.download(ADDRESS, ONCE, path)
        assert path.read_bytes() == BODY
        assert ranges(sandbox) == [f"bytes={len(BODY)}-"]

    def test_what_is_longer_than_the_file_starts_anew(
        self, sandbox: Sandbox, dump: Answer, tried: PoliteClient, path: Path
    ) -> None:
        half_done(path, BODY + b"x", url=ADDRESS, validator=dump.etag)
        tried.download(ADDRESS, DUMP, path)
        assert path.read_bytes() == BODY
        assert ranges(sandbox) == [f"bytes={len(BODY) + 1}-", ""]

    @pytest.mark.parametrize(
        "head",
        [
            f"Content-Range: bytes 0-{HALF - 1}/{len(BODY)}",
            f"Content-Range: bytes {HALF}-{len(BODY) - 1}/{len(BODY) + 1}",
            f'Content-Range: bytes {HALF}-{len(BODY) - 1}/{len(BODY)}\r\nETag: "other"',
            "Content-Range: nonsense",
            "X: y",
        ],
    )
    def test_a_rest_that_does_not_fit_is_dropped(
        self, site: Site, mirrored: PoliteClient, path: Path, head: str
    ) -> None:
        def answer(handler: Any) -> None:
            if "Range" in handler.headers:
                told = f"HTTP/1.1 206 OK\r\nContent-Length: {HALF}\r\n{head}\r\n\r\n"
                handler.raw(told.encode() + BODY[HALF:])
            else:
                handler.send(BODY)

        site.routes[MIRRORED + "/x"] = answer
        half_done(path)
        mirrored.download(URL, DUMP, path)
        assert path.read_bytes() == BODY
        assert len(site.seen) == 2

    def test_a_rest_that_nobody_asked_for(
        self, site: Site, mirrored: PoliteClient, path: Path
    ) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(
            BODY, 206, Content_Range=f"bytes 0-{len(BODY) - 1}/{len(BODY)}"
        )
        with pytest.raises(FetchError, match="expected all bytes"):
            mirrored.download(URL, ONCE, path)
        assert not path.exists()

    def test_attempts_that_bring_a_good_piece_are_not_counted(
        self,
        sandbox: Sandbox,
        dump: Answer,
        tried: PoliteClient,
        path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(parts, "WORTH_GOING_ON", STEP)
        sandbox.faults.add(Fault("reset", FILE, times=4))
        tried.download(ADDRESS, DUMP, path)
        assert path.read_bytes() == BODY
        assert len(ranges(sandbox)) == 5

    def test_but_it_ends(
        self,
        sandbox: Sandbox,
        dump: Answer,
        tried: PoliteClient,
        path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(parts, "WORTH_GOING_ON", STEP)
        sandbox.faults.add(Fault("reset", FILE, times=None))
        assert fails(tried, path, DUMP).code == "broken"
        assert 2 <= len(ranges(sandbox)) <= len(BODY) // STEP + 2

    def test_the_cap_is_for_the_whole_file(
        self, dump: Answer, tried: PoliteClient, path: Path
    ) -> None:
        half_done(path, url=ADDRESS, validator=dump.etag)
        with pytest.raises(UnsafeInput):
            tried.download(ADDRESS, replace(DUMP, max_bytes=len(BODY) - 1), path)
        tried.download(ADDRESS, replace(DUMP, max_bytes=len(BODY)), path)
        assert path.read_bytes() == BODY


@pytest.mark.usefixtures("dump")
class TestDisk:
    def expect(self, client: PoliteClient, path: Path, message: str) -> None:
        with pytest.raises(PlatformError, match=message) as caught:
            client.download(ADDRESS, DUMP, path)
        assert str(path) in str(caught.value)

    def test_full(self, tried: PoliteClient, path: Path) -> None:
        path.parent.mkdir()
        path.with_name("dump.part").symlink_to("/dev/full")
        self.expect(tried, path, "No space left on device")
        assert not path.exists()

    @pytest.mark.parametrize("blocked", ["dump.part", "dump.part.json"])
    def test_not_writable(self, tried: PoliteClient, path: Path, blocked: str) -> None:
        path.with_name(blocked).mkdir(parents=True)
        self.expect(tried, path, "Is a directory")
        assert not path.exists()

    def test_no_folder(self, tried: PoliteClient, path: Path) -> None:
        path.parent.touch()
        self.expect(tried, path, "expected to write it")

    def test_a_folder_of_the_same_name(self, tried: PoliteClient, path: Path) -> None:
        path.mkdir(parents=True)
        self.expect(tried, path, "directory")

    def test_one_at_a_time(self, sandbox: Sandbox, tried: PoliteClient, path: Path) -> None:
        path.parent.mkdir()
        with path.with_name("dump.part").open("wb") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            self.expect(tried, path, "another download")
        assert not ranges(sandbox)
        tried.download(ADDRESS, DUMP, path)

    def test_a_part_that_was_finished_meanwhile_is_left_alone(
        self, tried: PoliteClient, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its last holder gives it its name between our opening and our lock."""
        path.parent.mkdir()
        part = path.with_name("dump.part")
        part.write_bytes(b"finished")
        real: Callable[[int, int], None] = fcntl.flock
        renamed: list[Path] = []

        def flock(file: int, operation: int) -> None:
            if not renamed and os.path.samestat(os.fstat(file), part.stat()):
                renamed.append(part.rename(path))
            real(file, operation)

        monkeypatch.setattr(parts.fcntl, "flock", flock)
        with parts.open_part(path, ADDRESS) as opened:
            opened.append(b"new")
        assert renamed
        assert path.read_bytes() == b"finished"
        assert part.read_bytes() == b"new"

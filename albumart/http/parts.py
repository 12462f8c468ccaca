"""A large file on its way to the disk: continued where it broke off, under its name once whole.

Beside ``x`` lie ``x.part`` (the bytes so far) and ``x.part.json`` (what they are a part of).
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from albumart.errors import FetchError, PlatformError
from albumart.http.addresses import printable
from albumart.http.answers import content_range, strong_validator

log = logging.getLogger(__name__)

WORTH_GOING_ON: Final = 2**20  # bytes that make up for a failed attempt


@dataclass(frozen=True, slots=True)
class Origin:
    """What a part is a part of; without a ``validator`` it cannot be continued."""

    url: str
    validator: str


class Part:
    """The open, locked ``.part`` of one download; see ``open_part``."""

    def __init__(self, path: Path, url: str, file: int) -> None:
        self._path, self._url, self._file = path, printable(url), file
        self._origin_path = _beside(path, ".part.json")
        self._origin = _read_origin(self._origin_path)
        self._most = self.size = os.fstat(file).st_size
        self._expected: int | None = None

    def wanted(self) -> dict[str, str]:
        """The headers that ask for the rest, if there is a beginning to it."""
        origin = self._origin
        if not self.size or origin is None or origin.url != self._url or not origin.validator:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": origin.validator}

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Make ready for the body of a 200 or 206: what came before stays, or is dropped.

        Raises:
            FetchError: ``broken``: it is not the rest that was asked for.
        """
        if status == 206:
            self._expected = self._rest_of(headers)
            return
        self.clear()
        self._note(Origin(self._url, strong_validator(headers)))
        self._expected = None

    def append(self, piece: bytes) -> None:
        """Write ``piece`` to the disk."""
        view = memoryview(piece)
        with _on_disk(self._path):
            while view:
                written = os.write(self._file, view)
                self.size += written
                view = view[written:]

    def check_whole(self) -> None:
        """Raise FetchError (``broken``) where the host had announced another size."""
        if self._expected not in (None, self.size):
            problem = f"expected {self._expected} bytes; got {self.size}"
            self.clear()
            raise FetchError(f"{self._url}: {problem}", code="broken")

    def is_all(self, headers: Mapping[str, str]) -> bool:
        """Whether a 416 means that no more was to come."""
        _, total = content_range(headers)
        return bool(self.size) and total == self.size and bool(self.wanted())

    def has_grown(self) -> bool:
        """Whether it is larger by WORTH_GOING_ON than at any call before."""
        if self.size < self._most + WORTH_GOING_ON:
            return False
        self._most = self.size
        return True

    def clear(self) -> None:
        """Drop what came; the next attempt starts at the first byte."""
        with _on_disk(self._path):
            if self.size:
                os.ftruncate(self._file, 0)
            self.size = 0

    def finish(self) -> Path:
        """Give the whole file its name."""
        with _on_disk(self._path):
            os.fsync(self._file)
            _beside(self._path, ".part").replace(self._path)
            self._origin_path.unlink(missing_ok=True)
        return self._path

    def _rest_of(self, headers: Mapping[str, str]) -> int | None:
        first, total = content_range(headers)
        wanted = self.wanted()
        came = strong_validator(headers)
        if wanted and first == self.size and came in ("", wanted["If-Range"]):
            log.info("%s goes on at byte %d", self._url, self.size)
            return total
        expected = f"the bytes from {self.size} on" if wanted else "all bytes"
        self.clear()
        got = printable(headers.get("content-range", "none"))
        raise FetchError(f"{self._url}: expected {expected}; got {got}", code="broken")

    def _note(self, origin: Origin) -> None:
        with _on_disk(self._path):
            self._origin_path.write_text(json.dumps(asdict(origin)))
        self._origin = origin


@contextmanager
def open_part(path: Path, url: str) -> Iterator[Part]:
    """Open the part of ``path`` that is there, or a new one, and keep others from it.

    Raises:
        PlatformError: it cannot be written, or another download of ``path`` is under way.
    """
    with _on_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _open_locked(_beside(path, ".part"))
    try:
        if file is None:
            raise PlatformError(
                f"{path}: expected to be the only one to download it; got another download that is "
                "under way: wait for it"
            )
        yield Part(path, url, file)
    finally:
        if file is not None:
            os.close(file)


def _open_locked(part: Path) -> int | None:
    """The file's descriptor, or None where somebody else has it."""
    while True:
        file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file), part.stat()):
                return file
        except BlockingIOError:
            os.close(file)
            return None
        except FileNotFoundError:
            pass  # its last holder finished it between our two steps: it is no part now
        os.close(file)


def _read_origin(path: Path) -> Origin | None:
    try:
        fields = json.loads(path.read_bytes())
        return Origin(str(fields["url"]), str(fields["validator"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None  # never written, or cut short by what ended that download


@contextmanager
def _on_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PlatformError(
            f"{path}: expected to write it; got: {error.strerror or error}. What came so far is "
            "kept and continued: make room, or make its folder one that can be written to"
        ) from error


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)

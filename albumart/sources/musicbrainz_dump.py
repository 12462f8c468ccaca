"""MusicBrainz's JSON dump of release groups: four million lines of one JSON object each.

It is read as a stream, whatever it is packed in: ``release-group.tar.xz`` as published, the file
``mbdump/release-group`` in it, or its lines in .xz or .gz. Only what has a wanted word is kept.
"""

import gzip
import io
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol

from albumart.errors import NotFound, ParseError
from albumart.http.client import FetchPolicy
from albumart.http.pacing import Pace
from albumart.sources.base import Crawl, Page
from albumart.sources.json_tree import Json, read_json

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# The operator names the address, so it may be a mirror's. The dump of 2026 has 1.2 GB.
DUMP_POLICY: Final = FetchPolicy(pace=Pace(interval=1.0, concurrency=1), max_bytes=16 * 2**30)
MEMBER: Final = "release-group"
LINES_PER_PAGE: Final = 1_000
BYTES_PER_PAGE: Final = 32 * 2**20
LONGEST_LINE: Final = 16 * 2**20
BUFFER: Final = 2**20

_PACKED: Final[tuple[tuple[bytes, Callable[[IO[bytes]], "lzma.LZMAFile | gzip.GzipFile"]], ...]] = (
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
)
_TAR_AT, _TAR_MAGIC = 257, b"ustar"
_TORN: Final = (EOFError, OSError, lzma.LZMAError, zlib.error, tarfile.TarError)
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def fetch_dump(crawl: Crawl, url: str, words: Iterable[str]) -> Iterator[Page]:
    """Pages of up to 1,000 lines that have one of ``words`` in a genre or tag, as they stand.

    Args:
        crawl: keeps the pages, each named by its first line: ``release-group.tar.xz#12001``.
        url: a path, or an http(s) address.
        words: ``metal`` also keeps ``death metal``, ``hip hop`` also ``hip-hop/rap``.

    Raises:
        NotFound: there is no such file.
        ParseError: a line is no release group, or the file ends early; says which line. What stood
            before it was yielded.
    """
    path = crawl.download(url, DUMP_POLICY) if "://" in url else Path(url)
    for batch in _batches(_wanted_lines(path, url, Wanted(words))):
        crawl.expect(1)
        yield crawl.keep(f"{url}#{batch[0][0]}", b"".join(line for _, line in batch))


class Wanted:
    """Tells which release groups have one of some words in a genre or tag, as whole words."""

    def __init__(self, words: Iterable[str]) -> None:
        plain = [_plain(word) for word in words]
        self._phrases = tuple(f" {phrase} " for phrase in plain if phrase)
        self._hint = _hint(plain)

    def may_be(self, line: bytes) -> bool:
        """Whether ``line`` is worth reading as JSON, which takes three times as long."""
        return self._hint.search(line) is not None

    def is_met(self, group: Json) -> bool:
        """Whether the release group has one of the words."""
        lists = (group.find(field) for field in ("genres", "tags"))
        names = (entry["name"].text() for listed in lists if listed for entry in listed.each())
        spoken = (f" {_plain(name)} " for name in names)
        return any(phrase in name for name in spoken for phrase in self._phrases)


def _plain(word: str) -> str:
    return _BETWEEN_WORDS.sub(" ", word.casefold()).strip()


def _hint(phrases: list[str]) -> re.Pattern[bytes]:
    """A name that holds the longest part of a phrase: an artist's, a genre's or a tag's."""
    parts = [max(phrase.split(), key=len, default="") for phrase in phrases]
    # Letters beyond ASCII may be written as escapes, so such a word gives no hint.
    told = "|".join(parts) if all(part.isascii() for part in parts) else ""
    name = r'"name"\s*:\s*"[^"\\]*(?:\\.[^"\\]*)*'
    return re.compile(f"{name}(?:{told})".encode(), re.IGNORECASE)


def _batches(lines: Iterator[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """Lines by the page; those before a torn place too."""
    batch: list[tuple[int, bytes]] = []
    size = 0
    try:
        for number, line in lines:
            batch.append((number, line))
            size += len(line)
            if len(batch) == LINES_PER_PAGE or size > BYTES_PER_PAGE:
                yield batch
                batch, size = [], 0
    except ParseError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _wanted_lines(path: Path, url: str, wanted: Wanted) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with ExitStack() as files:
            lines = _open_lines(path, url, files)
            while line := lines.readline(LONGEST_LINE):
                number += 1
                where = f"{url}, line {number}"
                _check_whole(line, where)
                if wanted.may_be(line) and wanted.is_met(read_json(line, where)):
                    yield number, line if line.endswith(b"\n") else line + b"\n"
    except _TORN as error:
        got = f"{type(error).__name__}: {error}"
        where = f"{url}, line {number + 1}"
        raise ParseError(expected="a whole dump", got=got, where=where) from error
    if number == 0:
        raise ParseError(expected="a whole dump", got="no line", where=url)


def _check_whole(line: bytes, where: str) -> None:
    end = line[-32:].rstrip()
    if len(line) == LONGEST_LINE or (end and not end.endswith(b"}")):
        got = f"…{line[-60:].decode(errors='replace')!r}"
        raise ParseError(expected="a JSON object on one line", got=got, where=where)


def _open_lines(path: Path, url: str, files: ExitStack) -> io.BufferedReader:
    """The lines, out of whatever they are packed in."""
    try:
        stream = files.enter_context(path.open("rb"))
    except OSError as error:
        expected = "MusicBrainz's JSON dump of release groups"
        raise NotFound(f"{path}: expected {expected}; got: {error.strerror}") from error
    for magic, unpack in _PACKED:
        if stream.peek(len(magic)).startswith(magic):
            stream = _buffered(files.enter_context(unpack(stream)))
            break
    if stream.peek(BUFFER)[_TAR_AT:].startswith(_TAR_MAGIC):
        return _find_member(stream, url)
    return stream


def _find_member(stream: io.BufferedReader, url: str) -> io.BufferedReader:
    """The one file of the archive that is read; nothing is unpacked onto the disk."""
    names: list[str] = []
    # By the block, so that the stream stands at the member's first byte when its header was read.
    with tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:
        for member in archive:
            if member.isfile() and member.name.rpartition("/")[2] == MEMBER:
                return _buffered(stream, member.size)
            names.append(member.name)
    raise ParseError(expected=f"a file mbdump/{MEMBER}", got=", ".join(names[:20]), where=url)


def _buffered(stream: "Readable", size: int | None = None) -> io.BufferedReader:
    return io.BufferedReader(_Stepwise(stream, size), BUFFER)


class Readable(Protocol):
    """What can be read step by step."""

    def read1(self, size: int, /) -> bytes:
        """What one step brings, up to ``size`` bytes."""
        ...


class _Stepwise(io.RawIOBase):
    """Hands on what came before a stream broke, where a buffer on it would drop that.

    With a ``size``, that many bytes are read, and fewer are an error.
    """

    def __init__(self, stream: Readable, size: int | None) -> None:
        self._stream, self._left = stream, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer)
        most = len(target) if self._left is None else min(len(target), self._left)
        step = self._stream.read1(most)
        if self._left is not None:
            if most and not step:
                raise EOFError(f"{self._left} bytes more were to come")
            self._left -= len(step)
        target[: len(step)] = step
        return len(step)

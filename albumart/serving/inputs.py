"""What a person points at → images: files, folders, addresses, and keys of stored albums."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from albumart.album import cover_key
from albumart.errors import AlbumArtError, FetchError, NotFound, UnsafeInput
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.http.pacing import Pace
from albumart.images import MAX_BYTES, inspect_cover, is_accepted
from albumart.serving.predictor import NamedImage
from albumart.sources import SOURCES
from albumart.stores.workspace import Workspace

# A person waits for one image: what does not come now is told, and asked for by hand again.
ADDRESS_POLICY: Final = FetchPolicy(
    pace=Pace(interval=0.0, concurrency=2), max_bytes=MAX_BYTES, deadline=30.0, attempts=1
)
SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif"})
_ADDRESS = re.compile("https?://", re.IGNORECASE)


class Kind(StrEnum):
    """What an input is."""

    FILE = "file"
    ADDRESS = "address"
    ALBUM = "album"


@dataclass(frozen=True, slots=True)
class Input:
    """One image to be: the path of a file, an address, or the key of an album."""

    kind: Kind
    word: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """What there is to look at, and how many files of the folders are of no accepted kind."""

    items: tuple[Input, ...]
    skipped: int = 0

    def has(self, kind: Kind) -> bool:
        """Whether any is of this kind."""
        return any(item.kind is kind for item in self.items)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads inputs; what cannot be had has an error instead. Threads may share it.

    Attributes:
        workspace: whose albums keys are of; None where no keys may come.
        client: for addresses; None where none may come.
        digests: tell ``pixel_sha256`` too, which takes a second look at each image.
    """

    workspace: Workspace | None = None
    client: PoliteClient | None = None
    digests: bool = False

    def __call__(self, item: Input) -> NamedImage:
        """The bytes of one image."""
        try:
            data = self._data(item)
        except OSError as error:
            return NamedImage(item.word, error=error.strerror or type(error).__name__)
        except AlbumArtError as error:
            return NamedImage(item.word, error=str(error))
        return NamedImage(item.word, data, pixel_sha256=self._digest(data))

    def _data(self, item: Input) -> bytes:
        match item.kind:
            case Kind.FILE:
                return _read(Path(item.word))
            case Kind.ADDRESS if self.client:
                return fetch_image(self.client, item.word)
            case Kind.ALBUM if self.workspace:
                return read_cover(self.workspace, item.word)
        raise NotFound(f"{item.word}: expected a file; got an {item.kind}")

    def _digest(self, data: bytes) -> str | None:
        if not self.digests:
            return None
        try:
            return inspect_cover(data).pixel_sha256
        except UnsafeInput:
            return None  # whoever decodes it says why


def find_inputs(words: Sequence[str]) -> Inputs:
    """What ``words`` name, folders with all that is in them, in order.

    A word that is no address and names nothing that is there is an album's key if it begins as one
    does; else it is a file that is missing, which its reader tells.
    """
    items: list[Input] = []
    skipped = 0
    for word in words:
        if _ADDRESS.match(word):
            items.append(Input(Kind.ADDRESS, word))
        elif os.path.isdir(word):  # noqa: PTH112 - Path.is_dir raises for a long word
            for path in _files(word):
                if is_image_file(path):
                    items.append(Input(Kind.FILE, str(path)))
                else:
                    skipped += 1
        else:
            items.append(Input(_kind(word), word))
    return Inputs(tuple(items), skipped)


def is_image_file(path: Path) -> bool:
    """Whether ``path`` is a file that the decoder might take: by its name, or by how it begins."""
    try:
        if path.name.startswith(".") or not path.is_file():
            return False
        if path.suffix.lower() in SUFFIXES:
            return True
        with path.open("rb") as file:
            return is_accepted(file.read(16))
    except OSError:
        return False


def fetch_image(client: PoliteClient, url: str) -> bytes:
    """The bytes at ``url``, at most MAX_BYTES of them.

    Raises:
        FetchError, UnsafeInput: as ``PoliteClient.get``; ``http_<status>`` for one that is not 200.
    """
    response = client.get(url, ADDRESS_POLICY)
    if response.status != 200:
        raise FetchError(
            f"{response.url}: expected an image; got status {response.status}",
            code=f"http_{response.status}",
        )
    return response.body


def read_cover(workspace: Workspace, key: str) -> bytes:
    """The stored cover of the album called ``key``.

    Raises:
        NotFound: there is no such album, it has no cover, or the object store has lost it.
    """
    stored = dict(workspace.albums.stored_covers(keys=(key, key)))
    if key not in stored:
        workspace.albums.find(key)
        raise NotFound(f"album {key!r} has no stored cover; albumart scrape downloads it")
    return workspace.objects.get(cover_key(stored[key]))


def _files(folder: str) -> Iterator[Path]:
    """Every file under ``folder``, sorted; links to folders and hidden folders are not entered."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names))


def _kind(word: str) -> Kind:
    source, colon, _ = word.partition(":")
    if colon and source in SOURCES and not os.path.exists(word):  # noqa: PTH110 - as above
        return Kind.ALBUM
    return Kind.FILE


def _read(path: Path) -> bytes:
    """At most one byte over the limit, so that a huge file is refused and not read."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)

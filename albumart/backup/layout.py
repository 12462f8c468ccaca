"""A backup's folder: what lies where, and what it says of itself.

``backup.json`` comes last, so that a folder with one is whole::

    backup.json             what is in it, with digests
    unfinished.json         instead, while it is made
    mongodb/<name>.bson     the documents of a collection, as mongodump writes them
    mongodb/<name>.metadata.json
    objects.jsonl           a line for each object, in the order of their keys
    objects/<key>           its bytes
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from albumart.errors import NotFound, PlatformError, UnsafeInput
from albumart.stores.copying import DumpedCollection

FORMAT: Final[Literal[1]] = 1
Read = TypeVar("Read", bound=BaseModel)


class _HasKey(Protocol):
    @property
    def key(self) -> str: ...


Keyed = TypeVar("Keyed", bound=_HasKey)
Other = TypeVar("Other", bound=_HasKey)


class ObjectLine(BaseModel):
    """One object of a backup; without its bytes, ``sha256`` and ``content_type`` are empty."""

    model_config = ConfigDict(frozen=True)

    key: str
    size: int
    etag: str
    sha256: str = ""
    content_type: str = ""


class ObjectTotals(BaseModel):
    """All objects of a backup; ``sha256`` is of their list."""

    model_config = ConfigDict(frozen=True)

    count: int
    bytes: int
    sha256: str


class Backup(BaseModel):
    """What a backup says of itself.

    Attributes:
        name: of this backup; no other has it.
        albumart: version that made it.
        shape: of the documents, as ``albumart upgrade`` numbers them.
        database: where they were.
        bucket: where the objects were.
        with_objects: whether it holds their bytes, and not only their list.
        moment: the documents are as they were then; objects may be younger, none is older.
        collections: None until they are copied.
        objects: None until they are.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = FORMAT
    name: str
    albumart: str
    shape: int
    database: str
    bucket: str
    with_objects: bool
    moment: datetime
    collections: tuple[DumpedCollection, ...] | None = None
    objects: ObjectTotals | None = None

    @property
    def documents(self) -> int:
        """Documents of all collections."""
        return sum(each.documents for each in self.collections or ())


@dataclass(frozen=True, slots=True)
class BackupFolder:
    """Paths of one backup."""

    root: Path

    @property
    def about(self) -> Path:
        """What a whole backup says of itself."""
        return self.root / "backup.json"

    @property
    def unfinished(self) -> Path:
        """What one that is being made says."""
        return self.root / "unfinished.json"

    @property
    def mongodb(self) -> Path:
        """Folder of the collections."""
        return self.root / "mongodb"

    @property
    def list(self) -> Path:
        """The list of the objects."""
        return self.root / "objects.jsonl"

    def object_path(self, key: str) -> Path:
        """File of one object. Raises UnsafeInput for a key that leads out of the folder."""
        parts = key.split("/")
        if key.startswith("/") or "\0" in key or not set(parts).isdisjoint(("", ".", "..")):
            raise UnsafeInput("object_key", f"expected a key that can be a path; got {key!r}")
        return self.root / "objects" / PurePosixPath(key)

    def create(self) -> None:
        """Make the folders, closed to everyone else."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (self.mongodb, self.root / "objects"):
            path.mkdir(mode=0o700, exist_ok=True)

    def read(self) -> Backup:
        """What the whole backup says of itself.

        Raises:
            NotFound: there is none, or it is not whole.
            UnsafeInput: with code ``backup``, if this code cannot read it.
        """
        if not self.about.is_file():
            state = (
                "is not finished; make it again" if self.unfinished.is_file() else "is no backup"
            )
            raise NotFound(f"{self.root}: expected a backup; this one {state}")
        return read_record(self.about, Backup)

    def lines(self) -> Iterator[ObjectLine]:
        """The objects of the list, in the order of their keys."""
        with self.list.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield _parse(line, ObjectLine, f"{self.list}, line {number}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who writes to the folder.

        Raises:
            PlatformError: somebody else does.
        """
        descriptor = os.open(self.root, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise PlatformError(f"{self.root}: somebody else is writing this backup") from None
        finally:
            os.close(descriptor)


def read_record(path: Path, kind: type[Read]) -> Read:
    """The record in a file. Raises UnsafeInput where it is another."""
    return _parse(path.read_text(encoding="utf-8"), kind, str(path))


def write_record(path: Path, record: BaseModel) -> None:
    """Replace a file as a whole, durably."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(record.model_dump_json(indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def beside(ones: Iterable[Keyed], others: Iterable[Other]) -> Iterator[tuple[Keyed, Other | None]]:
    """Each of ``ones`` with the one of ``others`` that has its key; both in order of the keys."""
    rest = iter(others)
    other = next(rest, None)
    for one in ones:
        while other is not None and other.key < one.key:
            other = next(rest, None)
        yield one, other if other is not None and other.key == one.key else None


def _parse(text: str, kind: type[Read], where: str) -> Read:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        (first, *_) = error.errors()
        place = ".".join(map(str, first["loc"])) or "all of it"
        raise UnsafeInput("backup", f"{where}: {place}: {first['msg']}") from None

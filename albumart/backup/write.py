"""Both stores → a folder. What a kill left is gone on with.

Documents first, objects after. An object is put before the document that names it, and no object
that is named is taken away: so all that the documents of a moment name is among the objects that
are listed later. The other way round, an album stored meanwhile would come without its cover.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import uuid4

from albumart import __version__
from albumart.backup.layout import (
    Backup,
    BackupFolder,
    ObjectLine,
    ObjectTotals,
    beside,
    read_record,
    write_record,
)
from albumart.endpoints import Endpoints
from albumart.errors import NotFound, PlatformError
from albumart.progress import progress_bar
from albumart.stores.copying import DatabaseCopy, open_for_copying
from albumart.stores.objects import ObjectStore, StoredObject

logger = logging.getLogger(__name__)

THREADS: Final = 16
_BATCH: Final = 500  # objects between two writes of the list

_Copy = Callable[[tuple[StoredObject, ObjectLine | None]], ObjectLine | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a backup is to hold.

    Attributes:
        objects: the bytes of the objects, too, and not only their list.
        previous: a backup on the same disk; objects that did not change since are linked to its.
    """

    objects: bool = True
    previous: Path | None = None


def write_backup(endpoints: Endpoints, folder: Path, wanted: Wanted | None = None) -> Backup:
    """Copy everything to ``folder``, which is empty or holds what a killed backup left.

    Raises:
        PlatformError: the folder holds something else, a store failed, or the stores are the
            half of an unfinished restore.
    """
    wanted, place = wanted or Wanted(), BackupFolder(folder)
    known = BackupFolder(wanted.previous).read() if wanted.previous else None
    if known and not known.with_objects:
        raise NotFound(f"{wanted.previous}: expected a backup with objects; got one without")
    place.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with place.locked(), open_for_copying(endpoints) as (database, objects):
        begun = _begin(place, database, endpoints, with_objects=wanted.objects)
        if begun.collections is None:
            begun = _dump(place, begun, database)
        _copy_objects(place, objects, wanted)
        return _finish(place, begun)


def _begin(
    place: BackupFolder, database: DatabaseCopy, endpoints: Endpoints, *, with_objects: bool
) -> Backup:
    """What the folder's backup says of itself so far."""
    if database.restoring():
        raise PlatformError(
            "expected whole stores; got those of an unfinished restore: run `albumart restore` "
            "again first"
        )
    new = Backup(
        name=uuid4().hex,
        albumart=__version__,
        shape=database.schema_version(),
        database=endpoints.mongodb_database,
        bucket=endpoints.s3.bucket,
        with_objects=with_objects,
        moment=datetime.now(UTC),
    )
    if place.unfinished.is_file():
        found = read_record(place.unfinished, Backup)
        if _same(found, new):
            return found if found.collections is not None else new
    if any(place.root.iterdir()):
        raise PlatformError(
            f"{place.root}: expected an empty folder, or one where a backup of database "
            f"{new.database!r} and bucket {new.bucket!r} was not finished; got another"
        )
    place.create()
    write_record(place.unfinished, new)
    return new


def _same(one: Backup, other: Backup) -> bool:
    names = ("database", "bucket", "with_objects", "shape")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _dump(place: BackupFolder, begun: Backup, database: DatabaseCopy) -> Backup:
    place.create()
    for path in place.mongodb.iterdir():
        path.unlink()  # of a moment that has passed
    moment = datetime.now(UTC)
    with progress_bar("documents", 0, unit="documents") as advance:
        found = database.dump(place.mongodb, advance)
    dumped = begun.model_copy(update={"collections": tuple(found), "moment": moment})
    write_record(place.unfinished, dumped)
    logger.info("documents  %d in %d collections", dumped.documents, len(found))
    return dumped


def _copy_objects(place: BackupFolder, objects: ObjectStore, wanted: Wanted) -> None:
    previous = BackupFolder(wanted.previous) if wanted.previous else None
    copy: _Copy = partial(_copy, objects, place, previous) if wanted.objects else _list_only
    listed = _with_known(objects.entries(after=_mend(place.list)), previous)
    with (
        place.list.open("a", encoding="utf-8") as file,
        ThreadPoolExecutor(THREADS, thread_name_prefix="backup") as pool,
        progress_bar("objects", 0, unit="objects") as advance,
    ):
        while some := list(islice(listed, _BATCH)):
            copied = [line for line in pool.map(copy, some) if line]
            # After the files: what stands in the list is there.
            file.writelines(f"{line.model_dump_json()}\n" for line in copied)
            file.flush()
            advance(len(some))


def _with_known(
    entries: Iterator[StoredObject], previous: BackupFolder | None
) -> Iterator[tuple[StoredObject, ObjectLine | None]]:
    """Each object with what an earlier backup holds of it, if that is the same."""
    if previous is None:
        yield from ((entry, None) for entry in entries)
        return
    for entry, line in beside(entries, previous.lines()):
        same = line is not None and (line.size, line.etag) == (entry.size, entry.etag)
        yield entry, line if same else None


def _list_only(pair: tuple[StoredObject, ObjectLine | None]) -> ObjectLine:
    entry, _ = pair
    return ObjectLine(key=entry.key, size=entry.size, etag=entry.etag)


def _copy(
    objects: ObjectStore,
    place: BackupFolder,
    previous: BackupFolder | None,
    pair: tuple[StoredObject, ObjectLine | None],
) -> ObjectLine | None:
    entry, known = pair
    path = place.object_path(entry.key)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if known and previous and _linked(previous.object_path(entry.key), path):
        return known
    path.unlink(missing_ok=True)  # a link of a killed backup must not be written through
    try:
        saved = objects.save(entry.key, path)
    except NotFound:
        return None  # swept meanwhile: nothing named it
    told = {"sha256": saved.sha256, "content_type": saved.content_type}
    return ObjectLine(key=entry.key, size=saved.object.size, etag=saved.object.etag, **told)


def _linked(source: Path, path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
        path.hardlink_to(source)
    except OSError:
        return False  # another disk, or one without links
    return True


def _mend(path: Path) -> str:
    """Cut off the line that a kill left half written; the key of the last whole one."""
    path.touch(mode=0o600)
    last, whole = b"", 0
    with path.open("r+b") as file:
        for line in file:
            if line.endswith(b"\n"):
                last, whole = line, whole + len(line)
        file.truncate(whole)
    return ObjectLine.model_validate_json(last).key if last else ""


def _finish(place: BackupFolder, begun: Backup) -> Backup:
    count, size, digest = 0, 0, hashlib.sha256()
    for line in place.lines():
        count, size = count + 1, size + line.size
    with place.list.open("rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    totals = ObjectTotals(count=count, bytes=size, sha256=digest.hexdigest())
    done = begun.model_copy(update={"objects": totals})
    os.sync()  # what backup.json says is there must be there after a power cut, too
    write_record(place.about, done)
    place.unfinished.unlink()
    verb = "copied" if begun.with_objects else "listed"
    logger.info("objects    %d %s, %d MB", count, verb, size // 10**6)
    return done

"""A backup → both stores, which must be empty: nothing is written over.

Objects first, documents after, so that none names what is not there. Until the end the database is
marked, and nobody opens it; what a kill left is gone on with.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from albumart.backup.check import check_backup
from albumart.backup.layout import Backup, BackupFolder, ObjectLine, beside
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.progress import progress_bar
from albumart.stores.copying import DatabaseCopy, open_for_copying
from albumart.stores.migrations import SCHEMA_VERSION
from albumart.stores.objects import ObjectStore

logger = logging.getLogger(__name__)

_BATCH: Final = 500
_THREADS: Final = 16
_NAMED: Final = 5


def restore_backup(endpoints: Endpoints, folder: Path) -> Backup:
    """Put back all that a backup holds, once it is found to be whole.

    Of one without the objects' bytes, the bucket must hold every object of the list.

    Raises:
        NotFound: there is no backup, or it is not finished.
        UnsafeInput: it is damaged. Nothing was written.
        PlatformError: the stores hold something, or a store failed.
    """
    place, backup = BackupFolder(folder), check_backup(folder)
    if backup.shape > SCHEMA_VERSION:
        raise PlatformError(
            f"{folder}: expected documents of shape {SCHEMA_VERSION} or older; got shape "
            f"{backup.shape}, of albumart {backup.albumart}: install that one"
        )
    with open_for_copying(endpoints) as (database, objects):
        if database.restoring() != backup.name:
            _check_empty(database, objects, backup)
        if not backup.with_objects:
            _check_listed(objects, place)
        database.begin_restore(backup.name)
        if backup.with_objects:
            _load_objects(objects, place, backup)
        with progress_bar("documents", backup.documents, unit="documents") as advance:
            for dumped in backup.collections or ():
                database.restore(dumped, place.mongodb, advance)
        logger.info("documents  %d restored", backup.documents)
        database.end_restore()
    return backup


def _check_empty(database: DatabaseCopy, objects: ObjectStore, backup: Backup) -> None:
    if database.restoring() is not None:
        raise PlatformError(
            f"expected empty stores; another backup ({database.restoring()}) was half restored "
            "into these: restore that one again, or remove what is there"
        )
    if filled := database.filled():
        raise PlatformError(
            f"expected an empty database; there are documents in {', '.join(filled)}: nothing is "
            "written over. Name another one (ALBUMART_MONGODB_DATABASE), or remove this one"
        )
    if backup.with_objects and (found := next(objects.entries(), None)):
        raise PlatformError(
            f"expected an empty bucket; there is {found.key!r}: nothing is written over. Name "
            "another one (ALBUMART_S3_BUCKET), or remove this one"
        )


def _check_listed(objects: ObjectStore, place: BackupFolder) -> None:
    """Of a backup without bytes, the bucket itself must have kept them."""
    pairs = beside(place.lines(), objects.entries())
    lost = (line.key for line, found in pairs if found is None or found.size != line.size)
    if named := list(islice(lost, _NAMED)):
        raise PlatformError(
            "this backup has no bytes of objects, so the bucket has to have them; it lacks, or "
            f"has in another size: {', '.join(named)} and perhaps more"
        )


def _load_objects(objects: ObjectStore, place: BackupFolder, backup: Backup) -> None:
    missing = _missing(objects, place)
    total = backup.objects.count if backup.objects else 0
    with (
        ThreadPoolExecutor(_THREADS, thread_name_prefix="restore") as pool,
        progress_bar("objects", total, unit="objects") as advance,
    ):
        while some := list(islice(missing, _BATCH)):
            list(pool.map(partial(_load, objects, place), some))
            advance(len(some))
    logger.info("objects    %d restored", total)


def _missing(objects: ObjectStore, place: BackupFolder) -> Iterator[ObjectLine]:
    """What an earlier restore, that was killed, did not bring."""
    for line, found in beside(place.lines(), objects.entries()):
        if found is None or (found.size, found.etag) != (line.size, line.etag):
            yield line


def _load(objects: ObjectStore, place: BackupFolder, line: ObjectLine) -> None:
    objects.load(line.key, place.object_path(line.key), content_type=line.content_type)

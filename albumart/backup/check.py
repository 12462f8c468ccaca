"""Whether a backup is what it was: every file is read and held to its digest."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from albumart.backup.layout import Backup, BackupFolder, ObjectLine
from albumart.errors import UnsafeInput
from albumart.progress import progress_bar
from albumart.stores.copying import documents_path, metadata_path

_NAMED: Final = 5  # damaged files that a message names
_BATCH: Final = 500
_THREADS: Final = 4


def check_backup(folder: Path) -> Backup:
    """Read all of a backup; what it says of itself.

    Raises:
        NotFound: there is none, or it is not finished.
        UnsafeInput: it is damaged; the message names the files.
    """
    place = BackupFolder(folder)
    backup = place.read()
    if backup.objects is None or backup.collections is None:
        raise UnsafeInput("backup", f"{place.about}: expected collections and objects; got none")
    _check(_damaged_collections(place, backup), folder)
    if _digest(place.list) != backup.objects.sha256:
        raise UnsafeInput("damaged", f"{place.list}: expected the list of the backup; got another")
    if backup.with_objects:
        with progress_bar("checked", backup.objects.count, unit="objects") as advance:
            _check(_damaged_objects(place, advance), folder)
    return backup


def _check(damaged: Iterator[str], folder: Path) -> None:
    found = list(islice(damaged, _NAMED))
    if found:
        raise UnsafeInput(
            "damaged",
            f"{folder}: expected the files that were backed up; {'; '.join(found)}; use another "
            "backup: nothing was written",
        )


def _damaged_collections(place: BackupFolder, backup: Backup) -> Iterator[str]:
    for each in backup.collections or ():
        if "/" in each.name:
            yield f"{each.name!r} is no name of a collection"
            continue
        files = {documents_path: each.sha256, metadata_path: each.metadata_sha256}
        for path_of, sha256 in files.items():
            yield from _damage(path_of(place.mongodb, each.name), sha256)


def _damaged_objects(place: BackupFolder, advance: Callable[[int], object]) -> Iterator[str]:
    lines = place.lines()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="check") as pool:
        while some := list(islice(lines, _BATCH)):
            for found in pool.map(partial(_object_damage, place), some):
                yield from found
            advance(len(some))


def _object_damage(place: BackupFolder, line: ObjectLine) -> list[str]:
    return list(_damage(place.object_path(line.key), line.sha256))


def _damage(path: Path, sha256: str) -> Iterator[str]:
    if not path.is_file():
        yield f"{path} is missing"
    elif _digest(path) != sha256:
        yield f"{path} was altered"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

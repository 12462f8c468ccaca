"""Backups of one place, side by side: each in a folder named by its moment."""

import logging
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from albumart.backup.layout import Backup, BackupFolder
from albumart.backup.write import Wanted, write_backup
from albumart.endpoints import Endpoints

logger = logging.getLogger(__name__)

_NAME: Final = re.compile(r"\d{8}T\d{6}Z")


def add_backup(
    endpoints: Endpoints, root: Path, *, objects: bool = True, keep: int | None = None
) -> tuple[Path, Backup]:
    """Make one more backup below ``root``, or go on with the one that was killed.

    Objects that did not change since the last whole one are links to its files. Of the whole ones
    the ``keep`` youngest stay; None keeps all.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = [path for path in _folders(root) if BackupFolder(path).about.is_file()]
    begun = [path for path in _folders(root) if BackupFolder(path).unfinished.is_file()]
    newest = begun[-1] if begun and (not whole or begun[-1] > whole[-1]) else None
    folder = newest or root / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    sources = [path for path in whole if BackupFolder(path).read().with_objects]
    previous = sources[-1] if objects and sources else None
    made = write_backup(endpoints, folder, Wanted(objects, previous))
    old = [path for path in whole if path != folder]
    for path in old[: max(len(old) + 1 - keep, 0)] if keep else ():
        shutil.rmtree(path)
        logger.info("removed    %s", path.name)
    return folder, made


def _folders(root: Path) -> list[Path]:
    """The folders of this series, oldest first; nothing else that lies there."""
    return sorted(path for path in root.iterdir() if _NAME.fullmatch(path.name) and path.is_dir())

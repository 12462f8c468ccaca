"""MongoDB and the objects → one more backup, beside those before it."""

from typing import Any

from prefect import flow

from tasks.artifacts import publish_counts
from tasks.backup import copy_stores


@flow(name="backup-stores")
def backup_stores(
    folder: str | None = None, objects: bool = True, keep: int | None = None
) -> dict[str, Any]:
    """Copy every document, and every object that is new since the last backup.

    Args:
        folder: where the backups lie, on the worker's own disk or one that it mounts; by default
            `backups` in ALBUMART_HOME.
        objects: their bytes, too, and not only their list.
        keep: how many whole backups stay; by default all.
    """
    made = copy_stores(folder, objects, keep)
    counts = {"documents": made["documents"], "objects": made["objects"]["count"]}
    publish_counts("backup", counts)
    return made

"""The stores, copied to a folder."""

from pathlib import Path
from typing import Any

from prefect import task

from albumart.backup import add_backup
from albumart.embedded.platform import current_endpoints
from albumart.errors import PlatformError
from albumart.settings import load_settings


@task(retries=2, retry_delay_seconds=60)
def copy_stores(folder: str | None, objects: bool, keep: int | None) -> dict[str, Any]:
    """One more backup below ``folder``; what was begun is gone on with. Counts of what is in it."""
    settings = load_settings()
    endpoints = current_endpoints(settings)
    if endpoints is None:
        raise PlatformError("no stores to copy: run `albumart up`, or set ALBUMART_MONGODB_URI")
    root = Path(folder) if folder else settings.home.resolve() / "backups"
    made, found = add_backup(endpoints, root, objects=objects, keep=keep)
    totals = found.objects.model_dump() if found.objects else {}
    return {"folder": str(made), "documents": found.documents, "objects": totals}

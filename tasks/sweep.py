"""The sweep of the stores."""

import logging
from dataclasses import asdict

from prefect import task

from albumart.covers import sweep_covers
from tasks.resources import open_stores

logger = logging.getLogger("albumart.tasks")


@task
def sweep_stores(delete: bool) -> dict[str, int]:
    """Covers that were missing, and objects that were orphaned (and are deleted now)."""
    with open_stores() as workspace:
        counts = asdict(sweep_covers(workspace, delete=delete))
    logger.info("sweep      %s", ", ".join(f"{n} {name}" for name, n in counts.items()))
    return counts

"""Documents and objects, side by side: lost covers become due again, orphans are counted."""

from prefect import flow

from tasks.artifacts import publish_counts
from tasks.sweep import sweep_stores


@flow(name="sweep-covers")
def sweep_covers(delete: bool = False) -> dict[str, int]:
    """Make covers whose object is gone due again; count the objects that no album names.

    Args:
        delete: remove these objects, if they were last put an hour ago or earlier.
    """
    counts = sweep_stores(delete)
    publish_counts("sweep", counts)
    return counts

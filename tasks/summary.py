"""What a whole run of a study amounts to."""

from typing import Any

from prefect import task

from albumart.album import Origin
from albumart.study import Study
from tasks.resources import find_dataset, open_stores


@task
def summarize(study: Study, version: int, origin: Origin, limit: int | None) -> dict[str, Any]:
    """Dataset, metrics and baselines of a version, as ``albumart run --json`` prints them."""
    with open_stores(origin) as workspace:
        found = workspace.models.find_version(study.name, version)
        by_status = workspace.albums.cover_counts(*study.scopes, limit=limit)
    return {
        "study": study.name,
        "dataset": {**find_dataset(found.dataset).summary(), "by_status": by_status},
        "metrics": found.evaluation["metrics"],
        "baselines": found.baselines,
    }

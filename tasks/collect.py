"""Albums from a source."""

from dataclasses import asdict
from typing import Any

from prefect import State, task

from albumart.album import Origin
from albumart.collect import collect_albums
from albumart.errors import FetchError, Refused
from albumart.sources import Query
from albumart.study import Study
from tasks.resources import open_client, open_stores


def is_worth_retrying(_task: object, _run: object, state: State[Any]) -> bool:
    """Only a network that failed; neither a refusal nor a page of another shape."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, FetchError) and not isinstance(error, Refused)


@task(
    task_run_name="collect-{study.collect.source}",
    retries=3,
    retry_delay_seconds=[5, 30, 120],
    retry_jitter_factor=0.5,
    retry_condition_fn=is_worth_retrying,
)
def collect_source(study: Study, origin: Origin, mirror: str | None) -> dict[str, int]:
    """Fetch, parse and store the albums of the study's source; counts by what was written."""
    with open_client(mirror) as client, open_stores(origin) as workspace:
        query = Query(url=study.collect.url)
        counts = collect_albums(client, workspace, study.collect.source, query)
    return {"pages": counts.pages, **asdict(counts.albums)}

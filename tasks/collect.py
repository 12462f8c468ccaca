"""Albums from a source."""

from dataclasses import dataclass
from typing import Any

from prefect import State, task

from albumart.collect.scrape import CollectCounts, Options, collect_albums
from albumart.errors import FetchError, Refused, ValidationFailed
from albumart.query import Query
from albumart.validation.scraped import ScrapeJudge
from albumart.validation.stations import conclude_scrape
from tasks.artifacts import PageProgress
from tasks.resources import (
    Sources,
    copy_object,
    find_permitted_source,
    open_client,
    open_stores,
)
from tasks.turns import own_turn


@dataclass(frozen=True, slots=True)
class Collected:
    """What a scrape came to, what validation found, and the address of its Data Docs."""

    counts: CollectCounts
    validation: dict[str, Any]
    data_docs: str


def is_worth_retrying(_task: object, _run: object, state: State[Any]) -> bool:
    """Only a network that failed; neither a refusal nor a page of another shape."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, FetchError) and not isinstance(error, Refused)


@task(
    task_run_name="collect-{source}",
    retries=3,
    retry_delay_seconds=[5, 30, 120],
    retry_jitter_factor=0.5,
    retry_condition_fn=is_worth_retrying,
)
def collect_source(source: str, query: Query, sources: Sources) -> Collected:
    """Scrape one source; its albums are stored if they hold what is expected of them."""
    found, judge = find_permitted_source(source, query, sources.origin), ScrapeJudge(source)
    with (
        own_turn(source, "pages", sources.origin),
        open_client(sources.mirror) as client,
        open_stores(sources.origin) as workspace,
        PageProgress("pages") as watch,
    ):
        options = Options(judge=judge, watch=watch)
        counts = collect_albums(client, workspace, found, query, options)
        report, data_docs = conclude_scrape(workspace, found, counts, judge.report)
        return Collected(counts, report.to_dict(), copy_object(workspace.objects, data_docs))


def raise_if_quarantined(collected: Collected) -> None:
    """Fail the run loudly: nothing new may be built of a scrape that a person has to look at."""
    counts = collected.counts
    if counts.reasons:
        raise ValidationFailed(
            f"scrape {counts.run} is quarantined: {'; '.join(counts.reasons)}; look at it, then "
            f"`albumart data accept {counts.run}`"
        )

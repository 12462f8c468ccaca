"""One source, one query → stored albums."""

from dataclasses import asdict

from prefect import flow

from albumart.album import Origin
from albumart.query import Query
from tasks.artifacts import publish_collection
from tasks.collect import collect_source, raise_if_quarantined
from tasks.events import announce_quarantine
from tasks.forms import SourceName
from tasks.resources import Sources


@flow(name="collect-albums", flow_run_name="collect-albums-{source}")
def collect_albums(
    source: SourceName,
    query: Query | None = None,
    origin: Origin = Origin.LIVE,
    mirror: str | None = None,
) -> dict[str, int]:
    """Collect the albums of a source. What did not change is not written again.

    A scrape that changed too much since the last one is kept aside until somebody accepts it.

    Args:
        source: name of a source.
        query: which part of it; by default all.
        origin: under which the albums are kept.
        mirror: address that stands for the source.
    """
    collected = collect_source(source, query or Query(), Sources(origin, mirror))
    publish_collection(collected)
    announce_quarantine(source, collected.counts)
    raise_if_quarantined(collected)
    return asdict(collected.counts.albums)

"""One source on a schedule: its albums, then the covers that are due."""

from prefect import flow

from albumart.album import Origin
from albumart.query import Query
from flows.collect_albums import collect_albums
from flows.download_covers import download_covers
from tasks.events import announce_covers
from tasks.forms import Minutes, SourceName
from tasks.spread import spread_start


@flow(name="scrape-source", flow_run_name="scrape-{source}")
def scrape_source(
    source: SourceName,
    query: Query | None = None,
    origin: Origin = Origin.LIVE,
    mirror: str | None = None,
    spread_minutes: Minutes = 0,
) -> dict[str, dict[str, int]]:
    """Collect a source and download its covers; counts of both.

    Studies that have enough new covers for a training are told of by an event.

    Args:
        source: name of a source: itunes, bandcamp, allmusic, musicbrainz or folder.
        query: which part of it; by default all.
        origin: under which the albums are kept.
        mirror: address that stands for the source.
        spread_minutes: begin at a random moment within them.
    """
    if spread_minutes:
        spread_start(spread_minutes)
    albums = collect_albums(source, query, origin, mirror)
    covers = download_covers(source, query, origin, mirror)
    announce_covers((query or Query()).scope(source), origin)
    return {"albums": albums, "covers": covers}

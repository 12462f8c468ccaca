"""One source on a schedule: its albums, then the covers that are due."""

from prefect import flow

from albumart.album import Origin
from albumart.query import Query
from flows.collect_albums import collect_albums
from flows.download_covers import download_covers


@flow(name="scrape-source", flow_run_name="scrape-{source}")
def scrape_source(
    source: str,
    query: Query | None = None,
    origin: Origin = Origin.LIVE,
    mirror: str | None = None,
) -> dict[str, dict[str, int]]:
    """Collect a source and download its covers; counts of both.

    Args:
        source: name of a source: itunes, bandcamp, allmusic, musicbrainz or folder.
        query: which part of it; by default all.
        origin: under which the albums are kept.
        mirror: address that stands for the source.
    """
    albums = collect_albums(source, query, origin, mirror)
    return {"albums": albums, "covers": download_covers(source, query, origin, mirror)}

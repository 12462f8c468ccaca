"""The scrape that a crawl works for: begun when something is new, gone on with after a crash."""

from datetime import UTC, datetime

from albumart.query import Query
from albumart.stores.scrapes import ScrapeStatus, ScrapeStore


class OpenScrape:
    """One scope of one source, being scraped. A scrape that finds nothing new leaves no trace.

    Args:
        scrapes: where it is written down.
        source: name of the source.
        query: which part of it.
        anew: ask for the pages of a quarantined scrape again, for the source may have mended
            itself; else they stand as they came.
    """

    def __init__(
        self, scrapes: ScrapeStore, source: str, query: Query, *, anew: bool = True
    ) -> None:
        self.source, self.scope = source, query.scope(source)
        self._scrapes = scrapes
        self.run: str | None = None
        self.asked_since = datetime.now(UTC)
        found = scrapes.unfinished(self.scope)
        if found is None:
            return
        is_ours = found.status is ScrapeStatus.FETCHING
        since = self.asked_since if anew and not is_ours else found.asked_since
        if found.status is ScrapeStatus.QUARANTINED:
            before, now = ScrapeStatus.QUARANTINED, ScrapeStatus.FETCHING
            is_ours = scrapes.move(found.run, before, now, asked_since=since)
        if is_ours:  # not, where somebody accepts it at this moment
            self.run, self.asked_since = found.run, since

    def ensure(self) -> str:
        """Name of the scrape, which is made now if it was not before."""
        if self.run is None:
            self.run = self._scrapes.begin(self.source, self.scope).run
        return self.run

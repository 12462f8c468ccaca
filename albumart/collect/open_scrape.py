"""The scrape that a crawl works for: begun when something is new, gone on with after a crash."""

from datetime import UTC, datetime

from albumart.query import Query
from albumart.stores.scrapes import ScrapeStatus, ScrapeStore


class OpenScrape:
    """One scope of one source, being scraped. A scrape that finds nothing new leaves no trace."""

    def __init__(self, scrapes: ScrapeStore, source: str, query: Query) -> None:
        self.source, self.scope = source, query.scope(source)
        self._scrapes = scrapes
        self.run: str | None = None
        self.asked_since = datetime.now(UTC)
        if found := scrapes.unfinished(self.scope):
            self.run = found.run
            if found.status is ScrapeStatus.FETCHING:
                self.asked_since = found.asked_since
            elif found.status is ScrapeStatus.QUARANTINED:
                # Its pages are asked for anew: the source may have mended itself.
                scrapes.update(
                    found.run, status=ScrapeStatus.FETCHING, asked_since=self.asked_since
                )

    def ensure(self) -> str:
        """Name of the scrape, which is made now if it was not before."""
        if self.run is None:
            self.run = self._scrapes.begin(self.source, self.scope).run
        return self.run

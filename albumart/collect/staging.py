"""The pages of one scrape, read and judged, and set aside until the whole is accepted."""

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from albumart.collect.crawl import RecordedCrawl
from albumart.collect.judging import JUDGED_AT_ONCE, Judge, Reading, set_failing_aside
from albumart.collect.load import first_genres, parse_page, told_by
from albumart.errors import FetchError, NotFound, ParseError
from albumart.sources import Page, Source
from albumart.stores.changes import Told
from albumart.stores.pages import UNREADABLE, PageState, PageVersion
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)

FEW: Final = 5  # broken pages below this say nothing of a share


@dataclass(slots=True)
class Staging:
    """Adds up the pages of a scrape, and sets aside what must not be stored."""

    workspace: Workspace
    source: Source
    crawl: RecordedCrawl
    judge: Judge
    totals: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    broken: int = 0
    last_error: ParseError | None = None
    failing: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    waiting: list[Reading] = field(default_factory=list)
    waiting_albums: int = 0

    def add(self, page: Page) -> None:
        """Count the albums of a page; parse it first if it is new."""
        self.pages += 1
        if page.is_new:
            self._read(page)
        else:
            self._count_known(page)

    def finish(self) -> None:
        """Judge what is left, and make sure that anything came at all, and could be read."""
        self._judge()
        outcomes = self.crawl.outcomes
        if self.pages == 0 and outcomes:
            told = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items())
            kind = FetchError if outcomes["again"] or outcomes["unasked"] else NotFound
            raise kind(f"{self.crawl.scrape.scope}: expected pages; got none ({told})")
        if self.last_error and (self.broken == self.pages or self._is_broken(of=self.pages)):
            raise self.last_error

    def complaints(self) -> tuple[str, ...]:
        """Why too many rows were set aside for the rest to be believed, if they were."""
        failing = self.failing.total()
        if failing <= self.source.gate.broken_rows * self.judged:
            return ()
        rules = ", ".join(f"{rule} {count}" for rule, count in self.failing.most_common(5))
        return (f"{failing:,} of {self.judged:,} albums break a critical expectation: {rules}",)

    def _state(self, page: Page) -> PageState:
        return self.workspace.pages.find(self.crawl.scrape.scope, page.url)

    def _count_known(self, page: Page) -> None:
        """What the store was made of stands for a page that did not change, or cannot be read."""
        known = self._state(page).version
        self.totals.update(dict((known and known.albums) or ()))

    def _read(self, page: Page) -> None:
        try:
            albums = parse_page(self.source, page)
        except ParseError as error:
            self._break(page, error)
            return
        counts = first_genres(albums)
        self.totals.update(dict(counts))
        self.waiting.append(Reading(self._complete(page, counts), albums))
        self.waiting_albums += len(albums)
        if self.waiting_albums >= JUDGED_AT_ONCE:
            self._judge()

    def _break(self, page: Page, error: ParseError) -> None:
        self._quarantine(page, also=_parts(page))
        for part in page.also:
            if part.is_new:  # nobody knows which of them is broken
                self._quarantine(part, part_of=page.url)
        logger.warning("%s", error)
        self.broken += 1
        self.last_error = error
        self._count_known(page)
        if self._is_broken(of=max(self.pages, self.crawl.expected)):
            raise error

    def _quarantine(
        self, page: Page, *, also: tuple[tuple[str, str], ...] = (), part_of: str = ""
    ) -> None:
        state = self._state(page)
        known = state.staged if state.code == UNREADABLE else None
        if known is None or known.sha256 != page.sha256:
            known = self._version(state, page)
        read = replace(known, also=also, part_of=part_of, albums=None)
        self.workspace.pages.quarantine(state, UNREADABLE, read)

    def _is_broken(self, *, of: int) -> bool:
        allowed = self.source.gate.broken_pages
        return allowed == 0 or (self.broken >= FEW and self.broken > allowed * of)

    def _complete(self, page: Page, counts: tuple[tuple[str, int], ...]) -> Told:
        """Stage what was read, with what it was read with; says who tells of the albums."""
        pages = self.workspace.pages
        for part in page.also:
            if (state := self._state(part)).code == UNREADABLE:  # it was read after all
                pages.complete(state, replace(self._version(state, part), part_of=""))
        state = self._state(page)
        version = replace(self._version(state, page), also=_parts(page), albums=counts)
        pages.complete(state, version)
        return told_by(state, version)

    def _version(self, state: PageState, page: Page) -> PageVersion:
        """The version that ``page`` was read from, as one of this scrape."""
        scrape, now, sha256 = self.crawl.scrape, datetime.now(UTC), page.sha256
        versions = (state.staged, state.version, PageVersion(sha256, now))
        version = next(found for found in versions if found and found.sha256 == sha256)
        if version.scrape == scrape.ensure() and version.fetched >= scrape.asked_since:
            return version
        # It did not come now, but what it is read with did, or it could not be read when it came.
        return replace(version, scrape=scrape.ensure(), fetched=now)

    def _judge(self) -> None:
        failing = set_failing_aside(self.workspace, self.judge, self.waiting)
        self.failing.update(failing.values())
        self.judged += self.waiting_albums
        self.waiting.clear()
        self.waiting_albums = 0


def _parts(page: Page) -> tuple[tuple[str, str], ...]:
    return tuple((part.url, part.sha256) for part in page.also)

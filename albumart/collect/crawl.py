"""What every source crawls with: conditional, resumable, each page kept and accounted for."""

import gzip
import hashlib
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from albumart.album import CoverStatus
from albumart.collect.open_scrape import OpenScrape
from albumart.errors import FetchError, ParseError, Refused, UnsafeInput
from albumart.http.addresses import printable
from albumart.http.client import FetchPolicy, PoliteClient, Response
from albumart.sources import Page
from albumart.stores.objects import ObjectStore
from albumart.stores.pages import NO_LISTING, UNREADABLE, PageState, PageVersion, page_key
from albumart.stores.workspace import Workspace

logger = logging.getLogger(__name__)

KEPT_HEADERS: Final = ("etag", "last-modified", "content-type")
GONE: Final = (404, 410)
# Refusals of one path; every other one means the whole host.
OF_A_PATH: Final = frozenset({"robots"})


class Watch(Protocol):
    """Whoever wants to see how far a crawl has come."""

    def expect(self, pages: int) -> None:
        """So many pages more are to come."""
        ...

    def advance(self) -> None:
        """One page more is done."""
        ...


class Unwatched:
    """Nobody looks."""

    def expect(self, pages: int) -> None:
        """Say nothing."""

    def advance(self) -> None:
        """Say nothing."""


@dataclass(slots=True)
class RecordedCrawl:
    """Asks for the pages of one scope of one source on behalf of one scrape.

    Attributes:
        client: does the asking.
        workspace: where pages are kept and accounted for.
        scrape: made when the first new page comes; an unfinished one goes on.
        watch: is told of each page.
        only_failed: ask only for pages that failed; what is known of the others stands.
        only_code: of those that failed, ask only for those with this code.
        outcomes: pages by what became of them in this crawl.
        expected: pages that the source said were to come.
        latest: address that was asked for last.
    """

    client: PoliteClient
    workspace: Workspace
    scrape: OpenScrape
    watch: Watch = field(default_factory=Unwatched)
    only_failed: bool = False
    only_code: str | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    expected: int = 0
    latest: str = ""

    def get(
        self,
        url: str,
        policy: FetchPolicy,
        *,
        headers: Mapping[str, str] | None = None,
        fresh_for: timedelta | None = None,
    ) -> Page | None:
        """The page at ``url``, or None; see ``sources.base.Crawl``."""
        known = self._known(url)
        try:
            if self._came_before(known):
                return self._told("resumed", self._page(known, known.staged, is_new=True))
            if not self._may_be_asked(known, fresh_for):
                return self._told("unasked", self._stand_in(known))
            return self._ask(known, policy, headers or {})
        finally:
            self.watch.advance()

    def keep(self, url: str, body: bytes) -> Page:
        """A page made of something at hand; see ``sources.base.Crawl``."""
        self.watch.advance()
        known = self._known(url)
        same = _same(known, _sha256(body))
        page = self._unchanged(known, same) if same else None
        return page or self._stage(known, body, ())

    def download(self, url: str, policy: FetchPolicy) -> Path:
        """A large file as a path; see ``sources.base.Crawl``."""
        folder = self.workspace.cache / "downloads" / _sha256(url.encode())[:16]
        return self.client.download(url, policy, folder / (url.rpartition("/")[2] or "file"))

    def expect(self, pages: int) -> None:
        """So many pages more are to come."""
        self.expected += pages
        self.watch.expect(pages)

    def disbelieve(self, error: ParseError) -> None:
        """Set aside the page that the source itself could not read: a list without an address."""
        if self.latest and error.where.startswith(self.latest):
            self.workspace.pages.quarantine(self._known(self.latest), NO_LISTING)

    def _known(self, url: str) -> PageState:
        self.latest = url
        return self.workspace.pages.find(self.scrape.scope, url)

    def _came_before(self, known: PageState) -> bool:
        """Whether this very scrape has the page, from before it was killed."""
        staged = known.staged
        return (
            staged is not None
            and known.status is CoverStatus.STORED
            and staged.scrape == self.scrape.run
            and staged.fetched >= self.scrape.asked_since
        )

    def _may_be_asked(self, known: PageState, fresh_for: timedelta | None) -> bool:
        now = datetime.now(UTC)
        if known.status is CoverStatus.AGAIN:
            is_wanted = self.only_code in (None, known.code)
            return is_wanted and (known.next_try is None or known.next_try <= now)
        if self.only_failed:
            return known.status is CoverStatus.PENDING
        if fresh_for is None or known.version is None:
            return True
        return known.version.fetched <= now - fresh_for

    def _ask(
        self, known: PageState, policy: FetchPolicy, headers: Mapping[str, str]
    ) -> Page | None:
        conditions = _conditions(known.last_read)
        try:
            response = self.client.get(known.url, policy, headers={**headers, **conditions})
        except Refused as error:
            self._record(known, CoverStatus.REFUSED, error.code)
            if error.code in OF_A_PATH:
                return None
            raise
        except UnsafeInput as error:
            self._record(known, CoverStatus.REFUSED, error.code)
            return None
        except FetchError as error:
            self._record(known, CoverStatus.AGAIN, error.code, error.retry_after)
            return self._stand_in(known)
        return self._answered(known, response)

    def _answered(self, known: PageState, response: Response) -> Page | None:
        if response.status == 304 and known.last_read:
            return self._unchanged(known, known.last_read)
        if response.status == 200:
            if same := _same(known, _sha256(response.body)):
                return self._unchanged(known, same)
            kept = tuple((n, response.headers[n]) for n in KEPT_HEADERS if n in response.headers)
            return self._stage(known, response.body, kept)
        status = CoverStatus.ABSENT if response.status in GONE else CoverStatus.QUARANTINED
        self._record(known, status, f"http_{response.status}")
        return None

    def _stage(self, known: PageState, body: bytes, headers: tuple[tuple[str, str], ...]) -> Page:
        source, sha256 = self.scrape.source, _sha256(body)
        # The object first, the document after: no document ever names a page that is not there.
        self.workspace.objects.put(page_key(source, sha256), gzip.compress(body, mtime=0))
        version = PageVersion(sha256, datetime.now(UTC), self.scrape.ensure(), headers)
        self.workspace.pages.stage(known, version)
        self.outcomes["new"] += 1
        return Page(source, known.url, body)

    def _unchanged(self, known: PageState, version: PageVersion) -> Page | None:
        """Nothing is written, unless the address had failed, or changed and changed back."""
        if version is not known.version:
            # What nobody could read: perhaps it, or what reads it, was mended meanwhile.
            return self._told("unchanged", self._page(known, version, is_new=True))
        is_of_a_broken_one = known.status is CoverStatus.QUARANTINED and known.code == UNREADABLE
        if known.staged or (known.status is not CoverStatus.STORED and not is_of_a_broken_one):
            settled = replace(known, status=CoverStatus.STORED, code="", staged=None)
            self.workspace.pages.record(settled)
        return self._told("unchanged", self._page(known, version, is_new=False))

    def _stand_in(self, known: PageState) -> Page | None:
        """What stands for a page that did not come: what this scrape, or an earlier one, brought.

        A quarantined scrape is asked for anew, and an outage of its source does not mend it.
        """
        staged = known.staged
        if staged and staged.scrape == self.scrape.run and known.code != UNREADABLE:
            return self._page(known, staged, is_new=True)
        return self._page(known, known.version, is_new=False)

    def _record(
        self, known: PageState, status: CoverStatus, code: str, retry_after: float | None = None
    ) -> None:
        self.outcomes[status.value] += 1
        log = logger.info if status is CoverStatus.ABSENT else logger.warning
        log("%s: %s (%s)", printable(known.url), status.value, code)
        # What is unavailable now may still be what it was; what is gone or refused is not.
        staged = known.staged if status is CoverStatus.AGAIN else None
        answered = replace(known, status=status, code=code, staged=staged)
        if answered != known or status is CoverStatus.AGAIN:
            self.workspace.pages.record(answered, retry_after=retry_after)

    def _told(self, outcome: str, page: Page | None) -> Page | None:
        self.outcomes[outcome] += 1
        return page

    def _page(self, known: PageState, version: PageVersion | None, *, is_new: bool) -> Page | None:
        if version is None:
            return None
        return replace(stored_page(self.workspace.objects, known, version), is_new=is_new)


def stored_page(objects: ObjectStore, state: PageState, version: PageVersion) -> Page:
    """A version as the Page that a parser reads; bodies come when they are asked for."""

    def page(url: str, sha256: str) -> Page:
        return Page(state.source, url, lambda: _body(objects, page_key(state.source, sha256)))

    also = tuple(page(url, sha256) for url, sha256 in version.also)
    return replace(page(state.url, version.sha256), also=also)


def _body(objects: ObjectStore, key: str) -> bytes:
    return gzip.decompress(objects.get(key))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _same(known: PageState, sha256: str) -> PageVersion | None:
    """The version of a page that has this body, if any that it is compared with has."""
    versions = (known.version, known.last_read)
    return next((found for found in versions if found and found.sha256 == sha256), None)


def _conditions(version: PageVersion | None) -> dict[str, str]:
    told = dict(version.headers) if version else {}
    asked = {"If-None-Match": told.get("etag"), "If-Modified-Since": told.get("last-modified")}
    # A host may have tagged its page with what is no header of ours.
    plain = {name: value for name, value in asked.items() if value and value.isascii()}
    return {name: value for name, value in plain.items() if value.isprintable()}

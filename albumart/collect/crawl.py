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
from albumart.errors import FetchError, Refused, UnsafeInput
from albumart.http.addresses import printable
from albumart.http.client import FetchPolicy, PoliteClient, Response
from albumart.sources import Page
from albumart.stores.objects import ObjectStore
from albumart.stores.pages import PageState, PageVersion, page_key
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
        outcomes: pages by what became of them in this crawl.
    """

    client: PoliteClient
    workspace: Workspace
    scrape: OpenScrape
    watch: Watch = field(default_factory=Unwatched)
    only_failed: bool = False
    outcomes: Counter[str] = field(default_factory=Counter)

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
        accepted = known.version and known.version.sha256 == _sha256(body)
        if accepted and (page := self._unchanged(known)):
            return page
        return self._stage(known, body, ())

    def download(self, url: str, policy: FetchPolicy) -> Path:
        """A large file as a path; see ``sources.base.Crawl``."""
        folder = self.workspace.cache / "downloads" / _sha256(url.encode())[:16]
        return self.client.download(url, policy, folder / (url.rpartition("/")[2] or "file"))

    def expect(self, pages: int) -> None:
        """So many pages more are to come."""
        self.watch.expect(pages)

    def _known(self, url: str) -> PageState:
        found = self.workspace.pages.find(self.scrape.source, url)
        return replace(found, scope=self.scrape.scope)

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
            return known.next_try is None or known.next_try <= now
        if self.only_failed:
            return known.status is CoverStatus.PENDING
        if fresh_for is None or known.version is None:
            return True
        return known.version.fetched <= now - fresh_for

    def _ask(
        self, known: PageState, policy: FetchPolicy, headers: Mapping[str, str]
    ) -> Page | None:
        conditions = _conditions(_last_read(known))
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
        last = _last_read(known)
        if response.status == 304 or (
            response.status == 200 and last and last.sha256 == _sha256(response.body)
        ):
            return self._unchanged(known)
        if response.status == 200:
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

    def _unchanged(self, known: PageState) -> Page | None:
        """Nothing is written, unless the address had failed in between."""
        if known.status is CoverStatus.AGAIN:
            answered = replace(known, status=CoverStatus.STORED, code="", staged=None)
            self.workspace.pages.record(answered)
        return self._told("unchanged", self._stand_in(known))

    def _stand_in(self, known: PageState) -> Page | None:
        """What the store was made of stands for a page that did not change, or did not come."""
        return self._page(known, known.version, is_new=False)

    def _record(
        self, known: PageState, status: CoverStatus, code: str, retry_after: float | None = None
    ) -> None:
        self.outcomes[status.value] += 1
        log = logger.info if status is CoverStatus.ABSENT else logger.warning
        log("%s: %s (%s)", printable(known.url), status.value, code)
        answered = replace(known, status=status, code=code, staged=None)
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


def _last_read(known: PageState) -> PageVersion | None:
    """The version that the next answer is compared with: also one that could not be read."""
    if known.status is CoverStatus.QUARANTINED and known.staged:
        return known.staged
    return known.version


def _conditions(version: PageVersion | None) -> dict[str, str]:
    told = dict(version.headers) if version else {}
    asked = {"If-None-Match": told.get("etag"), "If-Modified-Since": told.get("last-modified")}
    # A host may have tagged its page with what is no header of ours.
    return {name: value for name, value in asked.items() if value and value.isascii()}

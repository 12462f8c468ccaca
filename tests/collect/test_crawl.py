"""One page at a time: what is asked for, what is not, and what is recorded of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from toy_source import HOST, POLICY, TOY, ToySite

from albumart.album import CoverStatus
from albumart.collect.crawl import RecordedCrawl
from albumart.collect.load import load_scrape
from albumart.collect.open_scrape import OpenScrape
from albumart.http.client import PoliteClient
from albumart.query import Query
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox
from albumart.stores.workspace import Workspace

ONE = f"https://{HOST}/one"
Opened = Callable[..., RecordedCrawl]


class Counting:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.expected = self.done = 0

    def expect(self, pages: int) -> None:
        self.expected += pages

    def advance(self) -> None:
        self.done += 1


@pytest.fixture
def opened(toy_client: PoliteClient, workspace: Workspace) -> Opened:
    """``opened()``: a crawl of the toy source, as a new process would open it."""

    def crawl(*, only_failed: bool = False) -> RecordedCrawl:
        scrape = OpenScrape(workspace.scrapes, "toy", Query())
        return RecordedCrawl(toy_client, workspace, scrape, only_failed=only_failed)

    return crawl


def accept(workspace: Workspace, crawl: RecordedCrawl) -> None:
    assert crawl.scrape.run
    load_scrape(workspace, TOY, crawl.scrape.run)


def test_a_young_page_is_not_asked_for(
    opened: Opened, workspace: Workspace, toy_server: Sandbox
) -> None:
    first = opened()
    assert first.get(ONE, POLICY, fresh_for=timedelta(days=1))
    accept(workspace, first)
    asked = toy_server.requests.count(f"/{HOST}/one")
    page = opened().get(ONE, POLICY, fresh_for=timedelta(days=1))
    assert page is not None
    assert not page.is_new
    assert page.body.startswith(b'{"id": "0"')
    assert toy_server.requests.count(f"/{HOST}/one") == asked
    opened().get(ONE, POLICY, fresh_for=timedelta(0))
    assert toy_server.requests.count(f"/{HOST}/one") == asked + 1


def test_headers_are_sent_along(opened: Opened, toy_server: Sandbox) -> None:
    opened().get(ONE, POLICY, headers={"Referer": "https://toy.test/"})
    assert toy_server.requests.all()[-1].referer == "https://toy.test/"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("status:503", CoverStatus.AGAIN, "http_503"),
        ("reset", CoverStatus.AGAIN, "broken"),
        ("status:410", CoverStatus.ABSENT, "http_410"),
        ("redirect:https://127.0.0.1/x", CoverStatus.REFUSED, "private_address"),
        ("header:X-Robots-Tag: noai", CoverStatus.REFUSED, "noai"),
    ],
)
def test_every_failure_is_recorded_with_its_code(
    opened: Opened, workspace: Workspace, toy_server: Sandbox,
    fault: str, status: CoverStatus, code: str,
) -> None:  # fmt: skip
    toy_server.faults.add(Fault(fault, f"/{HOST}/one", None))
    assert opened().get(ONE, POLICY) is None
    found = workspace.pages.find("toy", ONE)
    assert (found.status, found.code) == (status, code)


def test_a_path_that_robots_forbid_is_refused_and_the_rest_goes_on(
    opened: Opened, workspace: Workspace, site: ToySite
) -> None:
    site.pages["/robots.txt"] = b"User-agent: *\nDisallow: /one\n"
    crawl = opened()
    assert crawl.get(ONE, POLICY) is None
    assert crawl.get(f"https://{HOST}/two", POLICY)
    assert workspace.pages.find("toy", ONE).code == "robots"
    assert crawl.outcomes == {"refused": 1, "new": 1}


def test_only_failed_asks_for_nothing_else(
    opened: Opened, workspace: Workspace, toy_server: Sandbox
) -> None:
    toy_server.faults.add(Fault("status:503", f"/{HOST}/two", 1))
    first = opened()
    pages = [first.get(f"https://{HOST}/{name}", POLICY) for name in ("one", "two")]
    assert [page is not None for page in pages] == [True, False]
    accept(workspace, first)
    assert workspace.pages.reset("toy") == ["toy"]
    toy_server.requests.clear()
    crawl = opened(only_failed=True)
    assert crawl.get(ONE, POLICY)
    assert crawl.get(f"https://{HOST}/two", POLICY)
    assert toy_server.requests.count(f"/{HOST}/one") == 0
    assert toy_server.requests.count(f"/{HOST}/two") == 1
    assert crawl.outcomes == {"unasked": 1, "new": 1}


def test_a_source_told_to_wait_is_left_alone_until_then(
    opened: Opened, workspace: Workspace, toy_server: Sandbox
) -> None:
    toy_server.faults.add(Fault("status:503", f"/{HOST}/one", None, retry_after=7200))
    opened().get(ONE, POLICY)
    due = workspace.pages.find("toy", ONE).next_try
    assert due is not None
    assert timedelta(minutes=115) < due - datetime.now(UTC) <= timedelta(minutes=120)


def test_what_is_at_hand_is_kept_and_seen_again(opened: Opened, workspace: Workspace) -> None:
    first = opened()
    assert first.keep("file:///a.json", b"x").is_new
    again = opened()  # the same scrape, killed and gone on with
    assert again.keep("file:///a.json", b"x").is_new
    accept(workspace, first)
    assert not opened().keep("file:///a.json", b"x").is_new
    assert opened().keep("file:///a.json", b"y").is_new


def test_whoever_watches_is_told(opened: Opened) -> None:
    crawl = opened()
    crawl.watch = watch = Counting()
    crawl.expect(2)
    crawl.get(ONE, POLICY)
    crawl.keep("file:///a.json", b"x")
    assert (watch.expected, watch.done) == (2, 2)

"""Pages in a real MongoDB: what became of each address, and every version of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from albumart.album import CoverStatus
from albumart.endpoints import Endpoints
from albumart.stores.mongodb import connect
from albumart.stores.pages import UNREADABLE, PageState, PageStore, PageVersion
from albumart.stores.workspace import Workspace

URL = "https://x.test/$where?a.b={$gt:1}"
ODD = "$gt"  # what MongoDB takes for an operator, or for the path of a field


@pytest.fixture
def pages(workspace: Workspace) -> PageStore:
    return workspace.pages


def version(body: str = "a", scrape: str = "run-1", **fields: object) -> PageVersion:
    return PageVersion(body * 64, datetime.now(UTC), scrape, **fields)  # type: ignore[arg-type]


def test_what_strangers_wrote_is_only_text(pages: PageStore) -> None:
    told = version(
        headers=(("etag", "$etag"),), also=(("$x", "$y"),), albums=((ODD, 1), ("a.b", 2))
    )
    state = PageState("x", URL, code=ODD)
    pages.stage(state, told)
    pages.complete(pages.find("x", URL), told)
    pages.accept(pages.find("x", URL))
    found = pages.find("x", URL)
    assert found.version is not None
    assert found.staged is None
    assert (found.version.headers, found.version.also) == (told.headers, told.also)
    assert pages.totals("x") == {ODD: 1, "a.b": 2}
    pages.record(replace(found, status=CoverStatus.QUARANTINED, code=ODD))
    assert pages.counts() == {("x", "quarantined", ODD): 1}
    assert pages.reset("x", code=ODD) == ["x"]
    assert pages.reset("x", code="{'$ne': ''}") == []


def test_waits_grow_with_failures_in_a_row_alone(pages: PageStore) -> None:
    state, waits = PageState("x", URL), []
    again = replace(state, status=CoverStatus.AGAIN, code="timeout")
    for outcome in (again, again, replace(state, status=CoverStatus.STORED), again):
        pages.record(outcome)
        due = pages.find("x", URL).next_try
        waits.append(due and round((due - datetime.now(UTC)) / timedelta(minutes=1)))
    assert waits == [1, 10, None, 1]


@pytest.mark.parametrize("wish", [1e9, 9.9e11, 1e300])
def test_a_wish_to_wait_for_ever_is_granted_for_a_week(pages: PageStore, wish: float) -> None:
    """A date that no calendar has could never be read again."""
    pages.record(PageState("x", URL, CoverStatus.AGAIN, "http_503"), retry_after=wish)
    due = pages.find("x", URL).next_try
    assert due is not None
    assert timedelta(days=6) < due - datetime.now(UTC) < timedelta(days=8)


def test_what_is_staged_meanwhile_still_waits(pages: PageStore) -> None:
    pages.stage(PageState("x", URL), version("a", "run-1", albums=()))
    (read,) = pages.staged("run-1")
    pages.stage(PageState("x", URL), version("b", "run-1"))
    pages.accept(read)
    found = pages.find("x", URL)
    assert found.version is not None
    assert found.staged is not None
    assert (found.version.sha256[0], found.staged.sha256[0]) == ("a", "b")
    pages.accept(found)
    assert pages.find("x", URL).staged is None


def test_an_address_in_two_scopes_is_two_pages(pages: PageStore) -> None:
    for scope in ("x", "x?genres=a"):
        pages.stage(PageState(scope, URL), version(scrape=scope))
    assert pages.find("x", URL).source == pages.find("x?genres=a", URL).source == "x"
    assert [state.scope for state in pages.staged("x?genres=a")] == ["x?genres=a"]


def test_a_page_that_nobody_could_read_is_not_accepted_with_the_others(pages: PageStore) -> None:
    pages.stage(PageState("x", URL), version())
    pages.quarantine(pages.find("x", URL), UNREADABLE, version())
    assert list(pages.staged("run-1")) == []
    assert [state.url for state in pages.unreadable("x")] == [URL]
    pages.reset("x")  # and asking for it again makes it no more readable
    assert list(pages.staged("run-1")) == []
    assert [state.url for state in pages.unreadable("x")] == [URL]


def test_an_accepted_version_whose_address_is_silent_is_asked_for_again(pages: PageStore) -> None:
    pages.stage(PageState("x", URL), version())
    pages.record(replace(pages.find("x", URL), status=CoverStatus.AGAIN, code="timeout"))
    (state,) = pages.staged("run-1")
    pages.accept(state)
    found = pages.find("x", URL)
    assert (found.status, found.code) == (CoverStatus.AGAIN, "timeout")
    assert found.next_try is not None
    assert found.version is not None


def test_long_work_on_pages_does_not_lose_its_place(
    pages: PageStore, own_endpoints: Endpoints
) -> None:
    """A cursor that is not asked for ten minutes is closed: its batches have to be small."""
    for number in range(250):
        pages.stage(PageState("x", f"{URL}{number}"), version(albums=(("jazz", 1),)))
    staged = pages.staged("run-1")
    read = {next(staged).url}
    with connect(own_endpoints.mongodb_uri) as client:
        client[own_endpoints.mongodb_database].pages_sandbox.delete_many({"url": {"$nin": [*read]}})
    assert len([*staged]) <= 101

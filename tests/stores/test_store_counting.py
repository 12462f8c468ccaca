"""What an operator asks of the stores, on a real MongoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from albumart.album import Album, CoverResult, CoverStatus, Origin
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.stores.changes import Told
from albumart.stores.counting import StoreCounts, open_counts
from albumart.stores.mongodb import connect
from albumart.stores.pages import PageState
from albumart.stores.workspace import Workspace


@pytest.fixture
def counts(own_endpoints: Endpoints) -> Iterator[StoreCounts]:
    with open_counts(own_endpoints) as found:
        yield found


def album(number: int) -> Album:
    return Album("bandcamp", str(number), (f"http://x.test/{number}.jpg",))


def told(found: Any) -> set[tuple[str, ...]]:
    return {(c.items, str(c.origin), c.scope, c.status, str(c.number)) for c in found}


def test_empty_stores_count_nothing_and_stay_empty(
    counts: StoreCounts, own_endpoints: Endpoints
) -> None:
    assert [*counts.items(), *counts.retries(), *counts.totals(), *counts.stations()] == []
    with connect(own_endpoints.mongodb_uri) as client:
        assert client[own_endpoints.mongodb_database].list_collection_names() == []


def test_items_by_status_and_what_is_due_again(workspace: Workspace, counts: StoreCounts) -> None:
    workspace.albums.upsert_albums([album(n) for n in range(4)])
    workspace.albums.upsert_albums([album(3)], Told("bandcamp?genres=jazz"))
    failed = CoverResult("bandcamp:1", CoverStatus.AGAIN, "http_503")
    gone = CoverResult("bandcamp:2", CoverStatus.ABSENT, "http_404")
    workspace.albums.record_covers([failed, gone])
    page = PageState("bandcamp", "http://x.test/list", CoverStatus.AGAIN, "timeout")
    workspace.pages.record(page)
    workspace.pages.record(replace(page, url="http://x.test/2", status=CoverStatus.ABSENT))
    assert told(counts.items()) == {
        ("covers", "sandbox", "bandcamp", "pending", "2"),
        ("covers", "sandbox", "bandcamp", "again", "1"),
        ("covers", "sandbox", "bandcamp", "absent", "1"),
        ("covers", "sandbox", "bandcamp?genres=jazz", "pending", "1"),
        ("pages", "sandbox", "bandcamp", "again", "1"),
        ("pages", "sandbox", "bandcamp", "absent", "1"),
    }
    waiting = {(what, "sandbox", "bandcamp", "waiting", "1") for what in ("covers", "pages")}
    assert told(counts.retries()) == waiting
    workspace.albums.reset_covers()
    assert ("covers", "sandbox", "bandcamp", "due", "1") in told(counts.retries())
    assert ("albums", Origin.SANDBOX, 4) in list(counts.totals())


def test_counting_reads_no_album(
    workspace: Workspace, counts: StoreCounts, own_endpoints: Endpoints
) -> None:
    workspace.albums.upsert_albums([album(n) for n in range(4)])
    wanted = {"scopes": "bandcamp", "cover.status": "pending"}
    with connect(own_endpoints.mongodb_uri) as client:
        plan = client[own_endpoints.mongodb_database].command(
            "explain", {"count": "albums_sandbox", "query": wanted}, verbosity="executionStats"
        )
    assert plan["executionStats"]["totalDocsExamined"] == 0


def test_the_seconds_of_a_station_are_added_up(counts: StoreCounts) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    counts.add_seconds("covers", 2.0, failed=True)
    counts.add_seconds("covers", 3.5, failed=False)
    counts.add_seconds("collect", 1.0, failed=False)
    collect, covers = counts.stations()
    assert (collect.station, collect.runs) == ("collect", 1)
    assert (covers.runs, covers.failures, covers.seconds, covers.last_seconds) == (2, 1, 5.5, 3.5)
    assert covers.last > before


def test_a_mongodb_that_refuses_is_told(own_endpoints: Endpoints) -> None:
    bad = replace(own_endpoints, mongodb_uri=own_endpoints.mongodb_uri.replace("://", "://x"))
    with pytest.raises(PlatformError, match="MongoDB failed"), open_counts(bad) as counts:
        counts.stations()

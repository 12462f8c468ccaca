"""Albums that were set aside, in a real MongoDB: by whom, and until when."""

from datetime import UTC, datetime, timedelta

import pytest

from albumart.album import Album
from albumart.stores.changes import Told
from albumart.stores.quarantine import LONGEST, Quarantine
from albumart.stores.workspace import Workspace

NOW = datetime.now(UTC)
BAD = Album("x", "1", (), title="bad")
KEY = BAD.key


@pytest.fixture
def quarantine(workspace: Workspace) -> Quarantine:
    return workspace.albums.quarantine


def told(scope: str, scrape: str, *, page: str = "p", days: int = 0) -> Told:
    return Told(scope, page, scrape, NOW + timedelta(days=days))


def put(quarantine: Quarantine, who: Told) -> None:
    quarantine.put([BAD, Album("x", "2", ())], {KEY: "bad"}, who)


def scrapes(quarantine: Quarantine) -> list[str]:
    return [row["scrape"] for row in quarantine.rows("x")]


def test_a_newer_scrape_of_the_scope_says_it_again(quarantine: Quarantine) -> None:
    put(quarantine, told("x", "run-1"))
    put(quarantine, told("x", "run-1"))
    put(quarantine, told("x?country=gb", "run-2", days=1))
    put(quarantine, told("x", "run-3", days=2))
    put(quarantine, told("x", "run-1"))  # read once more, which takes nothing from the newer one
    assert scrapes(quarantine) == ["run-1", "run-3", "run-2"]
    assert quarantine.keys([KEY, "x:2"], scrape="run-3") == {KEY}
    assert quarantine.keys([KEY], scope="x?country=gb") == {KEY}
    assert list(quarantine.rows("y")) == []


def test_who_stores_it_forgets_what_was_said_before(quarantine: Quarantine) -> None:
    for scope, scrape, days in (("x", "run-1", 0), ("x?a=b", "run-2", 0), ("x", "run-3", 3)):
        put(quarantine, told(scope, scrape, days=days))
    quarantine.forget([KEY], told("x", "run-2", days=1))
    assert scrapes(quarantine) == ["run-3", "run-2"]
    quarantine.forget([KEY], told("x", "run-3", days=1))
    assert scrapes(quarantine) == ["run-2"]


def test_only_the_page_that_told_it_badly_sets_it_free(quarantine: Quarantine) -> None:
    put(quarantine, told("x", "run-1"))
    for other in (told("x", "run-1", page="q"), told("x", "run-2"), told("y", "run-1")):
        quarantine.release([KEY], other)
    assert scrapes(quarantine) == ["run-1"]
    quarantine.release([KEY], told("x", "run-1"))
    assert scrapes(quarantine) == []


def test_whatever_it_told_can_be_kept(quarantine: Quarantine) -> None:
    odd = Album("x", "1", ("\ud800",), ("$gt", "a.b"), title="t" * 100_000, tag_votes=(2**80,))
    quarantine.put([odd], {KEY: "odd"}, told("x", "run-1"))
    (row,) = quarantine.rows()
    assert row["album"]["title"] == "t" * LONGEST
    assert row["album"]["tag_votes"] == f"({2**80},)"
    assert "_id" not in row

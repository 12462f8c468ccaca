"""Scrapes in a real MongoDB: one that is not finished for each scope."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from albumart.errors import NotFound
from albumart.stores.scrapes import FINISHED, ScrapeStatus, ScrapeStore
from albumart.stores.workspace import Workspace

FETCHING, QUARANTINED = ScrapeStatus.FETCHING, ScrapeStatus.QUARANTINED
LOADING, CURRENT = ScrapeStatus.LOADING, ScrapeStatus.CURRENT


@pytest.fixture
def scrapes(workspace: Workspace) -> ScrapeStore:
    return workspace.scrapes


def test_two_that_begin_at_once_begin_one(scrapes: ScrapeStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = set(pool.map(lambda _: scrapes.begin("x", "x").run, range(8)))
    assert len(runs) == len(scrapes.scrapes()) == 1
    assert scrapes.begin("x", "x?country=gb").run not in runs


@pytest.mark.parametrize("status", sorted(FINISHED))
def test_after_a_finished_one_another_begins(scrapes: ScrapeStore, status: ScrapeStatus) -> None:
    first = scrapes.begin("x", "x")
    scrapes.update(first.run, status=status)
    assert scrapes.unfinished("x") is None
    assert scrapes.begin("x", "x").run != first.run
    assert len(scrapes.scrapes("x")) == 2
    assert scrapes.scrapes("y") == []


def test_of_two_who_move_it_one_does(scrapes: ScrapeStore) -> None:
    run = scrapes.begin("x", "x").run
    assert scrapes.move(run, FETCHING, QUARANTINED, totals={"$a.b": 1}, reasons=("few",))
    with ThreadPoolExecutor(2) as pool:
        moved = list(pool.map(lambda to: scrapes.move(run, QUARANTINED, to), (LOADING, FETCHING)))
    assert sorted(moved) == [False, True]
    assert (scrapes.find(run).totals, scrapes.find(run).reasons) == ({"$a.b": 1}, ("few",))
    assert not scrapes.move(run, CURRENT, FETCHING)
    with pytest.raises(NotFound, match="albumart data scrapes"):
        scrapes.find("none")

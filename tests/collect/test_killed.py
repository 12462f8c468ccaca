"""Scrapes that were killed while their albums were stored, and two at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from toy_source import TOY, Scrape, ToySite, current_totals, entry, keys, kill, statuses, titles

from albumart.collect.scrape import collect_albums
from albumart.http.client import PoliteClient
from albumart.sources.base import Query
from albumart.stores.workspace import Workspace


def test_what_was_stored_before_stays_what_the_next_is_compared_with(
    scrape: Scrape, workspace: Workspace
) -> None:
    """Killed while its albums are stored, finished by the next, in which nothing is new."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("albumart.stores.metadata.AlbumStore.upsert_albums", kill)
        with pytest.raises(KeyboardInterrupt):
            scrape()
    assert scrape().albums.inserted == 15
    assert current_totals(workspace) == {"jazz": 15}
    assert statuses(workspace) == ["current"]


def test_what_comes_after_a_finished_one_is_a_scrape_of_its_own(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("albumart.stores.metadata.AlbumStore.upsert_albums", kill)
        with pytest.raises(KeyboardInterrupt):
            scrape()
    site.write("one", *(entry(n, title="Renamed") for n in range(5)))
    counts = scrape()
    assert (counts.albums.inserted, counts.albums.changed) == (15, 5)
    assert statuses(workspace) == ["current", "current"]


def test_a_scrape_that_began_and_found_nothing_is_superseded(
    scrape: Scrape, workspace: Workspace
) -> None:
    scrape()
    workspace.scrapes.begin("toy", "toy")
    assert scrape().pages == {"unchanged": 3}
    assert statuses(workspace) == ["current", "superseded"]


@pytest.mark.parametrize("attempt", range(3))
def test_two_at_once_lose_and_double_nothing(
    toy_client: PoliteClient, workspace: Workspace, site: ToySite, attempt: int
) -> None:
    """Deployments have a limit of one; but a person may scrape beside them."""
    names = tuple(f"p{n:02}" for n in range(12))
    for number, name in enumerate(names):
        site.write(name, *(entry(number * 3 + n) for n in range(5)))
    query, ready = Query(genres=names), threading.Barrier(2)
    scope = query.scope("toy")

    def run(_: int) -> None:
        ready.wait(timeout=30)
        collect_albums(toy_client, workspace, TOY, query)

    for title in ("first", "second"):
        for number, name in enumerate(names):
            told = (entry(number * 3 + n, title=f"{title} {number * 3 + n}") for n in range(5))
            site.write(name, *told)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, range(2)))
        assert len(keys(workspace, scope)) == 38
        assert set(titles(workspace).values()) == {f"{title} {n}" for n in range(38)}
    assert all(len(workspace.albums.history(f"toy:{n}")) == 1 for n in range(38))
    assert collect_albums(toy_client, workspace, TOY, query).run is None
    assert statuses(workspace) == ["current", "current"]
    assert workspace.pages.totals(scope) == {"jazz": 60}

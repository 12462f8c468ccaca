"""Killed at every single write, then run again: what is stored is what it would have been."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database
from toy_source import HOST, TOY, Scrape, ToySite, entry

from albumart.album import Album
from albumart.collect.load import accept_scrape
from albumart.collect.scrape import Options
from albumart.endpoints import Endpoints
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox
from albumart.sources.base import Gate, Query
from albumart.stores.mongodb import connect
from albumart.stores.objects import ObjectStore
from albumart.stores.scrapes import ScrapeStatus
from albumart.stores.workspace import Workspace

Documents = dict[str, list[dict[str, Any]]]
Act = Callable[[], object]

WRITES = (
    *((Collection, name) for name in ("insert_one", "update_one", "update_many", "replace_one")),
    *((Collection, name) for name in ("delete_many", "bulk_write")),
    (ObjectStore, "put"),
)
# When something was written is another moment each time, and its scrape has another name.
PASSING = ("tried", "fetched", "at", "told", "first_seen", "next_try", "started", "asked_since")
PASSING += ("finished", "scrape", "_id", "run")
SOURCE = replace(
    TOY,
    gate=Gate(shrink=0.5, growth=3.0, genre_floor=3, broken_rows=0.3, broken_pages=0.4),
    lists_all=True,
)


class Killed(BaseException):
    """As SIGKILL: nothing but the test catches it."""


class Store:
    """All documents and objects, as they lie there."""

    def __init__(self, database: "Database[dict[str, Any]]", objects: ObjectStore) -> None:
        self._database, self._objects = database, objects

    def documents(self) -> Documents:
        names = sorted(self._database.list_collection_names())
        found = {name: list(self._database[name].find()) for name in names}
        return {name: rows for name, rows in found.items() if rows}

    def restore(self, documents: Documents, keys: set[str]) -> None:
        for name in self.documents().keys() | documents.keys():
            self._database[name].delete_many({})
            if name in documents:
                self._database[name].insert_many(documents[name])
        for key in set(self._objects.keys("")) - keys:
            self._objects.delete(key)

    def keys(self) -> set[str]:
        return set(self._objects.keys(""))

    def tells(self) -> object:
        """What lies there, without what is another each time."""
        rows = {
            name: sorted(repr(lasting(row)) for row in found)
            for name, found in self.documents().items()
        }
        return rows, self.keys()


def lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: lasting(each) for name, each in sorted(value.items()) if name not in PASSING}
    return [lasting(each) for each in value] if isinstance(value, list) else value


@pytest.fixture
def store(own_endpoints: Endpoints, workspace: Workspace) -> Iterator[Store]:
    with connect(own_endpoints.mongodb_uri) as client:
        yield Store(client[own_endpoints.mongodb_database], workspace.objects)


def killed_at(number: int, act: Act) -> int:
    """Kill ``act`` right before its write ``number``; returns how many it came to.

    What was not written yet is lost, so that right after the one before is no other moment.
    """
    made = 0

    def counted(write: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal made
            made += 1
            if made == number:
                raise Killed
            return write(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        for owner, name in WRITES:
            patch.setattr(owner, name, counted(getattr(owner, name)))
        act()
    return made


def judge(albums: Sequence[Album]) -> Mapping[str, str]:
    return {album.key: "bad" for album in albums if album.title == "bad"}


def untouched(site: ToySite, server: Sandbox, act: Act) -> None:
    """The first scrape of all."""


def changed(site: ToySite, server: Sandbox, act: Act) -> None:
    """Renamed, new, bad and vanished albums; a broken page; an outage; a place in a chart."""
    site.write("four", entry(40))
    act()
    site.write("one", entry(0, title="Renamed"), entry(1, title="bad"), *map(entry, (2, 3, 30)))
    site.pages["/two"] = b"no json"
    site.write("three", *(entry(n, genre="rock", day="2026-01-02") for n in range(20, 25)))
    server.faults.add(Fault("status:503", f"/{HOST}/four", None))


def mended(site: ToySite, server: Sandbox, act: Act) -> None:
    """A quarantined scrape: one page is as it was, one is mended, one is still bad, one is gone."""
    site.write("four", entry(40))
    act()
    whole = dict(site.pages)
    site.pages.update(dict.fromkeys(site.pages, b""))
    site.write("two", entry(10, title="bad"), entry(11, title="bad"))
    act()
    site.pages["/one"] = whole["/one"]
    site.write("two", entry(10, title="good"), entry(11, title="bad"), entry(12))
    site.write("three", entry(20, title="Renamed"))
    del site.pages["/four"]


@pytest.mark.parametrize("prepare", [untouched, changed, mended])
def test_a_scrape_that_is_killed_at_any_write_loses_and_doubles_nothing(
    scrape: Scrape,
    store: Store,
    site: ToySite,
    toy_server: Sandbox,
    prepare: Callable[[ToySite, Sandbox, Act], None],
) -> None:
    def act() -> object:
        query = Query(genres=("one", "two", "three", "four"))
        return scrape(source=SOURCE, query=query, options=Options(judge=judge))

    prepare(site, toy_server, act)
    before, keys = store.documents(), store.keys()
    writes = killed_at(0, act)
    assert writes > 20
    act()
    wanted = store.tells()
    for number in range(1, writes + 1):
        store.restore(before, keys)
        assert killed_at(number, act) == number
        act()
        assert store.tells() == wanted, f"killed at write {number} of {writes}"


def test_accepting_that_is_killed_at_any_write_is_finished_by_the_next_scrape(
    scrape: Scrape, store: Store, site: ToySite, workspace: Workspace
) -> None:
    def act() -> object:
        return scrape(source=SOURCE, options=Options(judge=judge))

    act()
    site.write("one", entry(0, title="Renamed"), entry(1, title="bad"))
    site.pages.update({"/two": b"", "/three": b""})
    act()
    (waiting, _) = workspace.scrapes.scrapes()
    assert waiting.status is ScrapeStatus.QUARANTINED
    before, keys = store.documents(), store.keys()

    def accept() -> object:
        return accept_scrape(workspace, SOURCE, waiting.run)

    writes = killed_at(0, accept)
    assert writes > 10
    act()
    wanted = store.tells()
    for number in range(2, writes + 1):  # before the first, nothing has happened
        store.restore(before, keys)
        assert killed_at(number, accept) == number
        act()
        assert store.tells() == wanted, f"killed at write {number} of {writes}"

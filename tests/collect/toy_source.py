"""A toy source on a server of the test's own: pages that a test writes and changes at will."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from albumart.album import Album, Listing
from albumart.collect.scrape import CollectCounts
from albumart.errors import ParseError
from albumart.http.client import FetchPolicy
from albumart.sandbox.wire import Answer, tagged
from albumart.sources.base import Crawl, Gate, Page, Query, Source, fetch_with
from albumart.stores.workspace import Workspace

HOST = "toy.test"
POLICY = FetchPolicy(attempts=1, deadline=5.0)
GATE = Gate(shrink=0.5, growth=3.0, genre_floor=3, broken_rows=0.2)


@dataclass
class ToySite:
    """Pages by path; each is what a test wrote there."""

    pages: dict[str, bytes] = field(default_factory=dict)
    hosts = frozenset({HOST})

    def answer(self, host: str, path: str) -> Answer | None:
        body = self.pages.get(path)
        return None if body is None else tagged(body, "application/json")

    def write(self, page: str, *albums: dict[str, object]) -> None:
        self.pages[f"/{page}"] = "\n".join(map(json.dumps, albums)).encode()


def entry(number: int, genre: str = "jazz", **fields: object) -> dict[str, object]:
    return {"id": str(number), "genre": genre, "title": f"Album {number}", **fields}


def fetch(crawl: Crawl, query: Query) -> Iterator[Page]:
    """The pages that ``query.genres`` names; by default one to three."""
    names = query.genres or ("one", "two", "three")
    crawl.expect(len(names))
    for name in names:
        page = crawl.get(f"https://{HOST}/{name}", POLICY)
        if page is not None:
            yield page


def parse(page: Page) -> Iterator[Album]:
    for number, line in enumerate(page.body.decode().splitlines(), start=1):
        try:
            told = json.loads(line)
            listing = Listing(page.url.rpartition("/")[2], number, told.get("day", "2026-01-01"))
            yield Album(
                "toy",
                told["id"],
                (f"https://{HOST}/{told['id']}.jpg",),
                (told["genre"],),
                title=told["title"],
                listings=(listing,),
            )
        except (KeyError, ValueError) as error:
            where = f"{page.url}, line {number}"
            raise ParseError(expected="an album", got=repr(error), where=where) from error


TOY = Source("toy", fetch, parse, fetch_with(POLICY), takes=frozenset({"genres"}), gate=GATE)

Scrape = Callable[..., CollectCounts]


def keys(workspace: Workspace, scope: str = "toy") -> list[str]:
    return [row["album"] for row in workspace.albums.album_rows(scope)]


def titles(workspace: Workspace) -> dict[str, str | None]:
    return {album.source_id: album.title for album in workspace.albums.find_albums()}


def statuses(workspace: Workspace) -> list[str]:
    return sorted(found.status for found in workspace.scrapes.scrapes())


def current_totals(workspace: Workspace) -> dict[str, int] | None:
    current = workspace.scrapes.current("toy")
    return None if current is None else dict(current.totals)


def bad_titles(albums: Sequence[Album]) -> Mapping[str, str]:
    """A judge: albums that are called bad are."""
    return {album.key: "bad" for album in albums if "BAD" in (album.title or "").upper()}


def kill(*_: object) -> Mapping[str, str]:
    """A judge, or whatever else, at which the process dies."""
    raise KeyboardInterrupt

"""What failed in an odd way, or belongs to an odd scope, and is asked for once more."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from albumart.album import Album, CoverResult, CoverStatus, Origin
from albumart.collect.judging import everything_passes
from albumart.collect.reparse import reparse_source
from albumart.collect.saved import saved_source
from albumart.collect.scrape import collect_albums
from albumart.errors import FetchError, NotFound, ParseError, Refused
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.query import Query
from albumart.retry import RetryCounts, Retrying, retry_failures
from albumart.sandbox.breakage import Fault
from albumart.sandbox.server import Sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import SOURCES
from albumart.stores.pages import PageState
from albumart.stores.workspace import Workspace

pytestmark = pytest.mark.usefixtures("no_waits")

LIST_HOST = "/raw.githubusercontent.com/"
ALLMUSIC = "/www.allmusic.com"

Act = Callable[..., RetryCounts]


@pytest.fixture(scope="module")
def site() -> MadeSite:
    return MadeSite(seed=5, scale=0.05)


@pytest.fixture
def client(sandbox: Sandbox, workspace: Workspace) -> Iterator[PoliteClient]:
    pacer = Pacer(workspace.cache, longest_wait=0.5)
    with PoliteClient("", pacer=pacer, mirror=sandbox.url) as opened:
        yield opened


@pytest.fixture
def retry(sandbox: Sandbox, workspace: Workspace) -> Act:
    """``retry()``: as a command of its own would, with a client that remembers nothing."""

    def run(*wanted: str | None, where: Workspace = workspace) -> RetryCounts:
        pacer = Pacer(workspace.cache, longest_wait=0.5)
        with PoliteClient("", pacer=pacer, mirror=sandbox.url) as opened:
            return retry_failures(opened, where, Retrying(*wanted), lambda _: everything_passes)

    return run


def scrape(client: PoliteClient, workspace: Workspace, name: str) -> None:
    collect_albums(client, workspace, SOURCES[name], Query())


def failing(workspace: Workspace) -> list[tuple[str, str]]:
    return [key[1:] for key in workspace.pages.counts() if key[1] != "stored"]


def test_a_host_that_asked_for_silence_is_left_alone(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox, retry: Act
) -> None:
    sandbox.faults.add(Fault("status:503", f"{LIST_HOST}yanirs", 1, retry_after=7200))
    with pytest.raises(FetchError):
        scrape(client, workspace, "bandcamp")
    asked = sandbox.requests.count(LIST_HOST)
    assert retry().pages == {"again": 1}
    assert sandbox.requests.count(LIST_HOST) == asked
    assert failing(workspace) == [("again", "deferred")]


def test_a_page_that_could_not_be_read_is_asked_for_and_read_again(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox, retry: Act
) -> None:
    sandbox.faults.add(Fault("body:no list", f"{LIST_HOST}yanirs", None))
    with pytest.raises(ParseError):
        scrape(client, workspace, "bandcamp")
    for _ in range(2):
        assert retry(None, "parse").pages == {"again": 1}
        assert failing(workspace) == [("quarantined", "parse")]
    assert reparse_source(workspace, SOURCES["bandcamp"]).broken == 1
    sandbox.faults.clear()
    assert retry(None, "parse").pages == {"new": 1}
    assert len(list(workspace.albums.find_albums("bandcamp"))) == 60
    assert failing(workspace) == []


PARTS = ("", "/moodsThemesAjax", "/reviewAjax")
KINDS = ("status:503", "status:404", "html", "empty")
# What comes instead of a review cannot be told from an album that has none.
FAILURES = [
    *((part, kind) for part in PARTS[:2] for kind in KINDS),
    *((PARTS[2], kind) for kind in KINDS[:2]),
]


@pytest.mark.parametrize(("part", "kind"), FAILURES)
def test_a_page_or_a_part_of_it_that_failed_is_read_with_the_other(
    client: PoliteClient,
    workspace: Workspace,
    sandbox: Sandbox,
    site: MadeSite,
    retry: Act,
    tmp_path: Path,
    part: str,
    kind: str,
) -> None:
    told = (entry for entry in site.guide.entries if entry.is_new_layout and entry.reviewer)
    chosen = list(itertools.islice(told, 3))
    (tmp_path / "albums.txt").write_text("\n".join(entry.url for entry in chosen))
    source, query = SOURCES["allmusic"], Query(url=str(tmp_path / "albums.txt"))
    path = f"{ALLMUSIC}{chosen[0].path}{part}"
    sandbox.faults.add(Fault(kind, f"{path[:-1]}[{path[-1]}]", None))
    collect_albums(client, workspace, source, query)
    broken = {album.source_id: album for album in workspace.albums.find_albums()}
    first = broken.get(chosen[0].album_id)
    assert first is None or (part == PARTS[2] and first.review is None)
    sandbox.faults.clear()
    sandbox.requests.clear()

    retry(None, "http_404" if kind == "status:404" else None)
    assert 1 <= sandbox.requests.count(f"{ALLMUSIC}/album/") <= 3
    mended = {album.source_id: album for album in workspace.albums.find_albums()}
    assert mended.keys() == {entry.album_id for entry in chosen}
    assert mended[chosen[0].album_id].moods
    assert mended[chosen[0].album_id].review
    assert {key: mended[key] for key in broken if broken[key] is not first} == {
        key: album for key, album in broken.items() if album is not first
    }
    assert failing(workspace) == []
    assert collect_albums(client, workspace, source, query).run is None


def test_what_robots_forbade_is_asked_for_when_they_allow_it(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox, retry: Act
) -> None:
    forbids = "body:User-agent: *\nDisallow: /newreleases"
    sandbox.faults.add(Fault(forbids, f"{ALLMUSIC}/robots.txt", None))
    with pytest.raises(NotFound, match=r"got none \(1 refused\)"):
        scrape(client, workspace, "allmusic")
    assert failing(workspace) == [("refused", "robots")]
    assert retry().pages == {"again": 1}
    assert sandbox.requests.count(f"{ALLMUSIC}/newreleases") == 0
    sandbox.faults.clear()
    assert retry("allmusic", "robots").pages["new"] > 20


def test_only_failures_with_the_code_that_is_named(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox, retry: Act
) -> None:
    """Not even others that are due."""
    scrape(client, workspace, "bandcamp")
    keys = [album.key for album in workspace.albums.find_albums()]
    codes = {key: ("timeout", "truncated")[n % 2] for n, key in enumerate(keys)}
    workspace.albums.record_covers(
        CoverResult(key, CoverStatus.AGAIN, code) for key, code in codes.items()
    )
    workspace.albums.reset_covers()
    assert retry("bandcamp", "timeout").covers.total() == len(keys) / 2
    assert workspace.albums.code_counts()["truncated"] >= len(keys) / 2


def test_a_page_that_is_gone_is_asked_for_where_its_code_is_named(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox, retry: Act
) -> None:
    sandbox.faults.add(Fault("status:404", f"{LIST_HOST}yanirs", None))
    with pytest.raises(NotFound):
        scrape(client, workspace, "bandcamp")
    sandbox.faults.clear()
    assert retry().pages == {}
    assert retry(None, "http_404").pages == {"new": 1}


@pytest.mark.parametrize(
    "scope", ["itunes?url=x", "bandcamp?genres=a", "nonsense?a=b", "itunes?%ff=%00&country=u%0as"]
)
def test_a_scope_that_cannot_be_asked_keeps_nobody_waiting(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox, retry: Act, scope: str
) -> None:
    state = PageState(scope, "https://x.test/", CoverStatus.AGAIN, "http_503")
    workspace.pages.record(state)
    workspace.pages.record(replace(state, scope="bandcamp", url="https://y.test/"))
    assert retry().pages["new"] == 1
    assert workspace.pages.find(scope, state.url).status is CoverStatus.AGAIN


def test_saved_pages_are_read_again_from_where_they_lie(
    client: PoliteClient, workspace: Workspace, retry: Act, tmp_path: Path
) -> None:
    bad = tmp_path / "list of mine.tsv"
    bad.write_text("no list")
    source, query = saved_source(SOURCES["bandcamp"]), Query(url=tmp_path.as_uri())
    with pytest.raises(ParseError):
        collect_albums(client, workspace, source, query)
    assert retry().pages == {"again": 1}
    assert failing(workspace) == [("quarantined", "parse")]

    mended = replace(SOURCES["bandcamp"], parse=lambda _: iter([Album("bandcamp", "1", ())]))
    assert reparse_source(workspace, mended).albums.inserted == 1
    bad.write_text("http://f1.bcbits.com/img/a1_2.jpg\tjazz/a1.jpg\n")
    workspace.pages.record(replace(
        workspace.pages.find(query.scope("bandcamp"), bad.as_uri()), status=CoverStatus.AGAIN
    ))  # fmt: skip
    assert retry().pages == {"new": 1}


def test_a_source_that_needs_permission_is_left_alone_without_it(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox, retry: Act
) -> None:
    live = replace(workspace, origin=Origin.LIVE)
    workspace.pages.record(PageState("allmusic", "https://x.test/", CoverStatus.AGAIN, "timeout"))
    cover = ("https://fastly-s3.allmusic.com/x.jpg",)
    workspace.albums.upsert_albums([Album("allmusic", "mw1", cover)])
    workspace.albums.record_covers([CoverResult("allmusic:mw1", CoverStatus.AGAIN, "timeout")])
    with pytest.raises(Refused, match="ALBUMART_PERMISSIONS=allmusic"):
        retry("allmusic", where=live)
    assert retry(where=live) == RetryCounts()
    assert sum(map(len, sandbox.requests.counts().values())) == 0

"""Covers from the sandbox into real stores: every fault ends as a counted outcome."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from albumart.album import Album, Cover, CoverResult, CoverStatus, Origin
from albumart.collect.scrape import collect_albums
from albumart.covers import THREADS, SweepCounts, download_cover, download_covers, sweep_covers
from albumart.http.client import FetchPolicy, PoliteClient, Response
from albumart.http.pacing import Pace, Pacer
from albumart.sandbox.faults import Fault
from albumart.sandbox.server import Sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import SOURCES, Query
from albumart.stores.metadata import AlbumStore
from albumart.stores.workspace import Workspace

QUICK = FetchPolicy(pace=Pace(), hosts=frozenset({"f1.bcbits.com"}), deadline=2.0, attempts=1)

NOW = timedelta(0)  # an orphan is one however young


@pytest.fixture(scope="module")
def site() -> MadeSite:
    return MadeSite(seed=2, scale=0.2)


@pytest.fixture
def client(sandbox: Sandbox, workspace: Workspace) -> Iterator[PoliteClient]:
    with PoliteClient("", pacer=Pacer(workspace.cache), mirror=sandbox.url) as opened:
        yield opened


def fetching(client: PoliteClient) -> Callable[[str], Response]:
    return lambda url: client.get(url, QUICK)


def collected(client: PoliteClient, workspace: Workspace) -> list[Album]:
    collect_albums(client, workspace, SOURCES["bandcamp"], Query())
    (keys,) = workspace.albums.due_ranges("bandcamp", size=10_000)
    return workspace.albums.due_albums("bandcamp", keys)


def test_every_album_is_accounted_for(client: PoliteClient, workspace: Workspace) -> None:
    albums = collected(client, workspace)
    seen: list[int] = []
    counts = download_covers(client, workspace, albums, progress=seen.append)
    by_status = counts.by_status
    assert not counts.door_closed
    assert sum(by_status.values()) == len(albums) == sum(seen) == 240
    assert by_status["stored"] > 200
    assert by_status["absent"] > 0
    assert workspace.albums.cover_counts("bandcamp") == by_status
    assert len(list(workspace.albums.rows("bandcamp"))) == by_status["stored"]


def test_what_is_stored_is_never_asked_for_again(
    client: PoliteClient, workspace: Workspace
) -> None:
    download_covers(client, workspace, collected(client, workspace))
    assert workspace.albums.due_ranges("bandcamp") == []


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault("status:404", "*", 1), CoverStatus.ABSENT, "http_404"),
        (Fault("status:410", "*", 1), CoverStatus.ABSENT, "http_410"),
        (Fault("status:400", "*", 1), CoverStatus.QUARANTINED, "http_400"),
        (Fault("status:503", "*", 1), CoverStatus.AGAIN, "http_503"),
        (Fault("status:429", "*", 1), CoverStatus.AGAIN, "http_429"),
        (Fault("status:403", "*", 1), CoverStatus.REFUSED, "http_403"),
        (Fault("reset", "*", 1), CoverStatus.AGAIN, "broken"),
        (Fault("short", "*", 1), CoverStatus.AGAIN, "broken"),
        (Fault("truncated", "*", 1), CoverStatus.AGAIN, "truncated"),
        (Fault("html", "*", 1), CoverStatus.QUARANTINED, "not_an_image"),
        (Fault("slow", "*", 1), CoverStatus.AGAIN, "timeout"),
        (Fault("bomb", "*", 1), CoverStatus.REFUSED, "too_large"),
        (Fault("redirect:https://a.test/x", "*", 1), CoverStatus.REFUSED, "host_not_allowed"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)  # fmt: skip
def test_each_fault_has_its_outcome(
    client: PoliteClient,
    workspace: Workspace,
    sandbox: Sandbox,
    fault: Fault,
    status: CoverStatus,
    code: str,
) -> None:
    album = next(a for a in collected(client, workspace))
    assert download_cover(fetching(client), workspace.objects, album)
    sandbox.faults.add(Fault(fault.kind, "/f1.bcbits.com/img/*", 1))
    result = download_cover(fetching(client), workspace.objects, album)
    assert (result.status, result.code) == (status, code)
    assert result.cover is None


def test_a_refusal_stops_the_source_and_condemns_only_its_own_cover(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox
) -> None:
    albums = collected(client, workspace)
    sandbox.faults.add(Fault("status:403", "/f1.bcbits.com/img/*", None))
    counts = download_covers(client, workspace, albums)
    assert counts.door_closed
    by_status = counts.by_status
    asked = sandbox.requests.count("/f1.bcbits.com/img/")
    assert by_status["refused"] == asked <= THREADS
    assert by_status["again"] == len(albums) - asked
    assert workspace.albums.code_counts() == {"http_403": asked, "host_closed": by_status["again"]}
    assert workspace.albums.due_ranges("bandcamp") == []


def test_an_album_without_an_address_is_absent(client: PoliteClient, workspace: Workspace) -> None:
    result = download_cover(fetching(client), workspace.objects, Album("bandcamp", "1", ()))
    assert (result.status, result.code) == (CoverStatus.ABSENT, "no_address")


def test_the_next_candidate_is_tried_when_the_first_is_gone(
    client: PoliteClient, workspace: Workspace
) -> None:
    albums = collected(client, workspace)
    good = next(
        a.cover_urls[0]
        for a in albums
        if download_cover(fetching(client), workspace.objects, a).status is CoverStatus.STORED
    )
    ladder = Album("bandcamp", "1", ("http://f1.bcbits.com/img/gone.jpg", good))
    result = download_cover(fetching(client), workspace.objects, ladder)
    assert (result.status, result.url) == (CoverStatus.STORED, good)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/x.jpg", "file:///etc/passwd", "http://f1.bcbits.com@evil/x"]
)
def test_an_unsafe_address_is_refused_and_nothing_is_sent(
    client: PoliteClient, workspace: Workspace, sandbox: Sandbox, url: str
) -> None:
    result = download_cover(fetching(client), workspace.objects, Album("bandcamp", "1", (url,)))
    assert result.status is CoverStatus.REFUSED
    assert sum(sandbox.requests.counts().values()) == 0


def test_a_store_that_fails_loses_nothing_that_was_finished(
    client: PoliteClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    albums = collected(client, workspace)[:40]
    put, left = workspace.objects.put, iter(range(10))

    def fail_after_ten(key: str, data: bytes, *, content_type: str) -> None:
        if next(left, None) is None:
            raise OSError("disk full")
        put(key, data, content_type=content_type)

    monkeypatch.setattr(workspace.objects, "put", fail_after_ten)
    with pytest.raises(OSError, match="disk full"):
        download_covers(client, workspace, albums)
    counts = workspace.albums.cover_counts("bandcamp")
    assert counts["stored"] == 10
    assert counts["pending"] == 240 - sum(counts[name] for name in counts if name != "pending")


def test_the_sweep_mends_both_kinds_of_loss(client: PoliteClient, workspace: Workspace) -> None:
    download_covers(client, workspace, collected(client, workspace)[:20])
    stored = [key for key in workspace.objects.keys("covers/")]  # noqa: C416
    workspace.objects.delete(stored[0])
    workspace.objects.put("covers/00/orphan", b"x")
    found = sweep_covers(workspace, older_than=NOW)
    assert found.missing >= 1
    assert found.orphaned == 1
    assert workspace.objects.exists("covers/00/orphan")
    assert sweep_covers(workspace, delete=True, older_than=NOW).missing == 0
    assert set(workspace.objects.keys("covers/")) == set(stored[1:])


def test_the_sweep_walks_in_small_steps(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many covers there are, it holds but a batch of them."""
    monkeypatch.setattr("albumart.covers.BATCH", 3)
    covers = [store_cover(workspace, workspace.albums, number) for number in range(1, 30)]
    store_cover(workspace, workspace.every_origin[Origin.LIVE], 1)
    for cover in covers[::4]:
        workspace.objects.delete(cover.object_key)
    for number in range(7):
        workspace.objects.put(f"covers/{number:02}/{number:02}orphan", b"x")
    assert sweep_covers(workspace, older_than=NOW) == SweepCounts(missing=9, orphaned=7)
    assert sweep_covers(workspace, delete=True, older_than=NOW) == SweepCounts(0, 7)
    assert sweep_covers(workspace, older_than=NOW) == SweepCounts(0, 0)
    assert workspace.albums.cover_counts()["stored"] == len(covers) - 8


def test_a_young_object_is_no_orphan_yet(workspace: Workspace) -> None:
    workspace.objects.put("covers/00/orphan", b"x")
    assert sweep_covers(workspace, delete=True) == SweepCounts(missing=0, orphaned=0)
    assert workspace.objects.exists("covers/00/orphan")


def made_cover(number: int) -> Cover:
    return Cover(f"{number:064x}", f"{number:064x}", f"{number:016x}", 350, 350, "JPEG", 1000)


def store_cover(workspace: Workspace, albums: AlbumStore, number: int) -> Cover:
    """What a download does to the stores, object first."""
    album, cover = Album("bandcamp", str(number), ("http://x.test/1.jpg",)), made_cover(number)
    albums.upsert_albums([album])
    workspace.objects.put(cover.object_key, b"x")
    albums.record_covers([CoverResult(album.key, CoverStatus.STORED, cover=cover)])
    return cover


@pytest.mark.parametrize("origin", Origin)
def test_a_cover_belongs_to_whichever_origin_names_it(workspace: Workspace, origin: Origin) -> None:
    albums = workspace.every_origin[origin]
    kept, lost = (store_cover(workspace, albums, number) for number in (1, 2))
    workspace.objects.delete(lost.object_key)
    assert sweep_covers(workspace, delete=True, older_than=NOW) == SweepCounts(1, 0)
    assert workspace.objects.exists(kept.object_key)
    counts = albums.cover_counts()
    assert (counts["stored"], counts["pending"]) == (1, 1)


@pytest.mark.parametrize("listing", ["keys", "aged_keys"])
def test_what_is_stored_during_the_sweep_stays(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, listing: str
) -> None:
    """A download stores one cover right before, and one right after, the objects are listed."""
    numbers, real = iter(range(1, 100)), getattr(workspace.objects, listing)

    def listed(prefix: str, *age: timedelta) -> Iterator[str]:
        if prefix == "covers/":
            store_cover(workspace, workspace.albums, next(numbers))
        yield from list(real(prefix, *age))
        if prefix == "covers/":
            store_cover(workspace, workspace.albums, next(numbers))

    monkeypatch.setattr(workspace.objects, listing, listed)
    assert sweep_covers(workspace, delete=True, older_than=NOW) == SweepCounts(0, 0)
    monkeypatch.undo()
    assert workspace.albums.cover_counts()["stored"] == next(numbers) - 1 >= 2
    assert sweep_covers(workspace, older_than=NOW) == SweepCounts(0, 0)


def test_an_object_that_the_listing_skipped_is_not_missed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_cover(workspace, workspace.albums, 1)
    keys = workspace.objects.keys
    skipping = {"covers/": iter(())}
    monkeypatch.setattr(workspace.objects, "keys", lambda p: skipping.get(p) or keys(p))
    assert sweep_covers(workspace) == SweepCounts(missing=0, orphaned=0)
    assert workspace.albums.cover_counts()["stored"] == 1


def test_an_old_orphan_that_is_put_again_is_young(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download may have put the same bytes, and not yet written its document."""
    age, objects, aged_keys = timedelta(seconds=2), workspace.objects, workspace.objects.aged_keys
    objects.put("covers/00/orphan", b"x")
    while not list(aged_keys("covers/", age)):
        time.sleep(0.05)

    def put_again_after(prefix: str, older_than: timedelta) -> Iterator[str]:
        yield from list(aged_keys(prefix, older_than))
        objects.put("covers/00/orphan", b"x")

    monkeypatch.setattr(objects, "aged_keys", put_again_after)
    assert sweep_covers(workspace, delete=True, older_than=age) == SweepCounts(0, 1)
    assert objects.exists("covers/00/orphan")


def test_sweeps_beside_a_download_lose_nothing(client: PoliteClient, workspace: Workspace) -> None:
    albums = collected(client, workspace)
    with ThreadPoolExecutor(1) as pool:
        download = pool.submit(download_covers, client, workspace, albums)
        while not download.done():
            assert sweep_covers(workspace, delete=True) == SweepCounts(0, 0)
    by_status = download.result().by_status
    assert workspace.albums.cover_counts("bandcamp") == by_status
    assert sweep_covers(workspace, older_than=NOW) == SweepCounts(0, 0)

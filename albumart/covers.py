"""One album → its cover, fetched, checked and stored; and what became of it otherwise."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from albumart.album import Album, CoverResult, CoverStatus, cover_key
from albumart.errors import FetchError, ParseError, Refused, UnsafeInput
from albumart.http.answers import STAY_AWAY
from albumart.http.client import PoliteClient, Response
from albumart.images import inspect_cover
from albumart.sources import SOURCES
from albumart.stores.metadata import BATCH, AlbumStore
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace

THREADS: Final = 8
CLOSED_SECONDS: Final = 24 * 3600.0
CLOSED_DOOR_CODES: Final = frozenset({"host_closed", *(f"http_{n}" for n in (*STAY_AWAY, 429))})
GONE: Final = (404, 410)
# A body that ends early may be whole the next time; every other broken image stays broken.
RETRIABLE_IMAGE_CODES: Final = frozenset({"truncated"})
# Longer than a batch takes: a running download puts its objects well before their documents.
ORPHAN_AGE: Final = timedelta(hours=1)

Fetch = Callable[[str], Response]


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """Covers of one batch by status, and whether the source told us to stay away."""

    by_status: dict[str, int]
    door_closed: bool


def download_covers(
    client: PoliteClient,
    workspace: Workspace,
    albums: Sequence[Album],
    *,
    progress: Callable[[int], object] = lambda _: None,
) -> BatchCounts:
    """Download the covers of ``albums``, record each outcome, and count them by status.

    What was finished is recorded even when a store fails in the middle of the batch.
    """
    results: list[CoverResult] = []

    def work(album: Album) -> None:
        fetch = partial(SOURCES[album.source].fetch_cover, client)
        results.append(download_cover(fetch, workspace.objects, album))
        progress(1)

    try:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="covers") as pool:
            list(pool.map(work, albums))
    finally:
        workspace.albums.record_covers(results)
    counts = Counter(result.status.value for result in results)
    return BatchCounts(
        by_status={status.value: counts[status.value] for status in CoverStatus},
        door_closed=any(result.code in CLOSED_DOOR_CODES for result in results),
    )


def download_cover(fetch: Fetch, objects: ObjectStore, album: Album) -> CoverResult:
    """Try the album's candidates, best first, until one is stored or may come later."""
    result = CoverResult(album.key, CoverStatus.ABSENT, code="no_address")
    for url in album.cover_urls:
        result = _try_candidate(fetch, objects, album.key, url)
        if result.status in (CoverStatus.STORED, CoverStatus.AGAIN):
            break
    return result


def _try_candidate(fetch: Fetch, objects: ObjectStore, key: str, url: str) -> CoverResult:
    try:
        response = fetch(url)
    except (Refused, UnsafeInput) as error:
        if error.code == "host_closed":
            # Another cover was refused, and the host is left alone: that says nothing of this one.
            return CoverResult(key, CoverStatus.AGAIN, error.code, url, retry_after=CLOSED_SECONDS)
        return CoverResult(key, CoverStatus.REFUSED, error.code, url)
    except FetchError as error:
        return CoverResult(key, CoverStatus.AGAIN, error.code, url, retry_after=error.retry_after)
    except ParseError:
        return CoverResult(key, CoverStatus.QUARANTINED, "cover_index", url)
    if response.status != 200:
        status = CoverStatus.ABSENT if response.status in GONE else CoverStatus.QUARANTINED
        return CoverResult(key, status, f"http_{response.status}", url)
    return _store_image(objects, key, url, response.body)


def _store_image(objects: ObjectStore, key: str, url: str, body: bytes) -> CoverResult:
    try:
        cover = inspect_cover(body)
    except UnsafeInput as error:
        again = error.code in RETRIABLE_IMAGE_CODES
        status = CoverStatus.AGAIN if again else CoverStatus.QUARANTINED
        return CoverResult(key, status, error.code, url)
    # The object first, the document after: a crash between the two leaves a cover that is still
    # due, never a document that points at nothing.
    objects.put(cover.object_key, body, content_type=f"image/{cover.format.lower()}")
    return CoverResult(key, CoverStatus.STORED, "", url, cover)


@dataclass(frozen=True, slots=True)
class SweepCounts:
    """What a sweep found: documents without an object, objects without a document."""

    missing: int
    orphaned: int


def sweep_covers(
    workspace: Workspace, *, delete: bool = False, older_than: timedelta = ORPHAN_AGE
) -> SweepCounts:
    """Make covers whose object is missing due again; count orphaned objects, or ``delete`` them.

    A download may be running meanwhile: what it is storing is neither missing nor orphaned. An
    object is orphaned when no origin names it and it was last put at least ``older_than`` ago.
    """
    objects, stores = workspace.objects, tuple(workspace.every_origin.values())
    missing = sum(_forget_missing(albums, objects) for albums in stores)
    orphaned = 0
    for key in _orphans(stores, objects.aged_keys("covers/", older_than)):
        orphaned += 1
        # A download that put the same bytes again since made the object young.
        if delete and key in objects.aged_keys(key, older_than):
            objects.delete(key)
    return SweepCounts(missing, orphaned)


def _forget_missing(albums: AlbumStore, objects: ObjectStore) -> int:
    """Walk documents and objects side by side, in order of their keys."""
    lost, number = _unmatched(albums.covers_by_object(), objects.keys("covers/")), 0
    while batch := list(itertools.islice(lost, BATCH)):
        # What is put and named during the walk may be missed by it: it is looked up once more.
        missing = [album for key, album in batch if not objects.exists(key)]
        albums.forget_covers(missing)
        number += len(missing)
    return number


def _unmatched(named: Iterable[tuple[str, str]], keys: Iterator[str]) -> Iterator[tuple[str, str]]:
    """``(object key, album key)`` of what is named and not there."""
    key = next(keys, "")
    for sha256, album in named:
        wanted = cover_key(sha256)
        while key and key < wanted:
            key = next(keys, "")
        if key != wanted:
            yield wanted, album


def _orphans(stores: Sequence[AlbumStore], aged: Iterator[str]) -> Iterator[str]:
    """Keys that no document names; asked after they were listed, so that none is new."""
    while keys := list(itertools.islice(aged, BATCH)):
        digests = [key.rpartition("/")[2] for key in keys]
        named = {digest for albums in stores for digest in albums.named_covers(digests)}
        yield from (key for key, digest in zip(keys, digests, strict=True) if digest not in named)

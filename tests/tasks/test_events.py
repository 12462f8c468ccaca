"""Which events tell of new covers and of scrapes that wait; and a collected source tells them."""

import dataclasses
import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from albumart.album import Album, Cover, CoverResult, CoverStatus, Origin
from albumart.collect.scrape import CollectCounts
from albumart.dataset.version import build_version, count_new_covers
from albumart.stores.workspace import Workspace
from albumart.study import Study, load_study
from tasks import events
from tasks.events import (
    COVERS_ENOUGH,
    COVERS_STORED,
    SCRAPE_QUARANTINED,
    announce_covers,
    announce_quarantine,
)

Emitted = list[tuple[str, dict[str, str], dict[str, Any]]]
ENOUGH = 30
STUDIES = {"bandcamp-genre", "bandcamp-genre-as-published", "sandbox-genre"}


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> Emitted:
    """What would have gone to the Prefect server."""
    found: Emitted = []

    def emit(event: str, resource: dict[str, str], *, payload: dict[str, Any]) -> None:
        found.append((event, resource, payload))

    def stores(_origin: Origin = Origin.LIVE) -> AbstractContextManager[Workspace]:
        return nullcontext(workspace)

    monkeypatch.setattr(events, "emit_event", emit)
    monkeypatch.setattr(events, "open_stores", stores)
    monkeypatch.setenv("ALBUMART_RETRAIN_COVERS", str(ENOUGH))
    return found


@pytest.fixture
def study() -> Study:
    whole = load_study("sandbox-genre")
    few = whole.labels.model_copy(update={"classes": ("folk", "jazz"), "min_covers": 10})
    return whole.model_copy(update={"labels": few})


@pytest.fixture
def numbers() -> Iterator[int]:
    return iter(range(1000))


def store(workspace: Workspace, numbers: Iterator[int], count: int) -> None:
    """So many albums more, each with a cover."""
    words = [(next(numbers), ("folk", "jazz")[n % 2]) for n in range(count)]
    albums = [Album("bandcamp", str(n), ("https://x/y",), (word,)) for n, word in words]
    workspace.albums.upsert_albums(albums)
    workspace.albums.record_covers(
        CoverResult(each.key, CoverStatus.STORED, url="https://x/y", cover=cover_of(each.key))
        for each in albums
    )


def cover_of(key: str) -> Cover:
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    return Cover(sha256, sha256[::-1], sha256[:16], 350, 350, "JPEG", 1000)


def test_covers_are_new_until_a_dataset_is_built_of_all(
    workspace: Workspace, study: Study, numbers: Iterator[int]
) -> None:
    store(workspace, numbers, 40)
    assert count_new_covers(study, workspace) == 40
    build_version(study, workspace, limit=35)
    assert count_new_covers(study, workspace) == 40
    build_version(study, workspace)
    assert count_new_covers(study, workspace) == 0
    store(workspace, numbers, 5)
    assert count_new_covers(study, workspace) == 5
    other = dataclasses.replace(workspace, origin=Origin.RECORDED)
    assert count_new_covers(study, other) == 45  # by what another origin was built of


def test_every_study_of_the_source_hears_and_enough_is_told_apart(
    workspace: Workspace, emitted: Emitted, numbers: Iterator[int]
) -> None:
    store(workspace, numbers, ENOUGH - 1)
    counts = announce_covers.fn("bandcamp", Origin.SANDBOX)
    assert counts.keys() >= STUDIES
    assert set(counts.values()) == {ENOUGH - 1}
    assert {event for event, _, _ in emitted} == {COVERS_STORED}

    emitted.clear()
    store(workspace, numbers, 1)
    announce_covers.fn("bandcamp", Origin.SANDBOX)
    told = {
        resource["prefect.resource.id"]: payload
        for event, resource, payload in emitted
        if event == COVERS_ENOUGH
    }
    assert told.keys() == {f"albumart.study.{name}" for name in counts}
    assert told["albumart.study.sandbox-genre"] == {
        "study": "sandbox-genre", "origin": "sandbox", "new": ENOUGH, "enough": ENOUGH,
    }  # fmt: skip


def test_a_part_of_a_source_that_no_study_asks_for_tells_nobody(emitted: Emitted) -> None:
    assert announce_covers.fn("itunes?country=gb", Origin.SANDBOX) == {}
    assert emitted == []


def test_a_scrape_that_waits_is_told_without_its_words(emitted: Emitted) -> None:
    counts = CollectCounts("itunes", "run-1", {})
    announce_quarantine("itunes", counts)
    assert emitted == []
    announce_quarantine("itunes", dataclasses.replace(counts, reasons=("<script>: 9 of 1",)))
    ((event, resource, payload),) = emitted
    assert event == SCRAPE_QUARANTINED
    assert resource["prefect.resource.id"] == "albumart.source.itunes"
    assert payload["reasons"] == 1
    assert "run-1" in payload["message"]
    assert "script" not in str(emitted)

"""What the tasks of validation publish, also of what they stop."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pandas as pd
import pytest

from albumart.album import Origin
from albumart.dataset.build import build_manifest
from albumart.dataset.manifest import Manifest
from albumart.errors import ValidationFailed
from albumart.stores.workspace import Workspace
from albumart.study import Study, load_study
from tasks import artifacts, events, validate

CLASSES = ("jazz", "metal")
Artifacts = dict[str, Any]


@pytest.fixture
def study() -> Study:
    return load_study("bandcamp-genre")


@pytest.fixture
def manifest() -> Manifest:
    return build_manifest(map(row, range(120)), study="s", classes=CLASSES, seed=0)


def row(number: int) -> dict[str, object]:
    sha256 = f"{number * 7919 + 1:064x}"
    return {
        "album": f"bandcamp:{number}",
        "genres": (CLASSES[number % 2],),
        "title": "<b>",
        "artist": f"Artist {number}",
        "year": 2001,
        "mbid": None,
        "url": "https://x.test/y",
        "cover_sha256": sha256,
        "pixel_sha256": sha256,
        "phash": f"{(number + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}",
        "width": 300,
        "height": 300,
        "blank": False,
    }


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Artifacts:
    """What would have gone to Prefect's server, by key."""
    found: Artifacts = {}

    def table(rows: list[dict[str, Any]], *, key: str, description: str) -> None:
        del description
        found[key] = rows

    def link(address: str, *, link_text: str, key: str) -> None:
        del link_text
        found[key] = address

    monkeypatch.setattr(artifacts, "create_table_artifact", table)
    monkeypatch.setattr(artifacts, "create_link_artifact", link)

    def emit(event: str, resource: dict[str, str], *, payload: dict[str, Any]) -> None:
        found.setdefault("events", []).append((event, resource, payload))

    monkeypatch.setattr(events, "emit_event", emit)
    monkeypatch.setenv("ALBUMART_HOME", str(tmp_path))
    return found


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    def stores(_origin: Origin = Origin.LIVE) -> AbstractContextManager[Workspace]:
        return nullcontext(workspace)

    monkeypatch.setattr(validate, "open_stores", stores)


def find(monkeypatch: pytest.MonkeyPatch, manifest: Manifest) -> None:
    monkeypatch.setattr(validate, "find_dataset", lambda _digest: manifest)


@pytest.mark.usefixtures("here")
def test_what_was_found_is_published_with_its_data_docs(
    monkeypatch: pytest.MonkeyPatch, published: Artifacts, study: Study, manifest: Manifest
) -> None:
    find(monkeypatch, manifest)
    validate.validate_version.fn(study, manifest.digest)
    table = pd.DataFrame(published["validation"]).set_index("expectation")
    assert table.loc["drift", "passed"] == "skipped"
    assert table.loc["split/work&#95;in&#95;one&#95;split", "passed"] == "yes"
    assert published["dataset-data-docs"].startswith("file://")
    assert published["dataset-data-docs"].endswith("data-docs/dataset-bandcamp-genre/index.html")
    assert "events" not in published


@pytest.mark.usefixtures("here")
def test_what_stops_the_run_is_published_first(
    monkeypatch: pytest.MonkeyPatch, published: Artifacts, study: Study, manifest: Manifest
) -> None:
    frame = manifest.frame.copy()
    pair = [frame.index[frame["split"] == split][0] for split in ("train", "test")]
    frame.loc[pair, "artist"] = "<script>"
    find(monkeypatch, Manifest("s", CLASSES, frame, {}, manifest.parameters))
    with pytest.raises(ValidationFailed, match="split/artist_in_one_split failed"):
        validate.validate_version.fn(study, "0" * 64)
    table = pd.DataFrame(published["validation"]).set_index("expectation")
    broken = table.loc["split/artist&#95;in&#95;one&#95;split"]
    assert broken["passed"] == "NO"
    assert broken["rows"] == ", ".join(frame.loc[sorted(pair), "album"])
    with pytest.raises(ValidationFailed, match="albums/has_rows failed"):
        validate.validate_stored.fn(study, Origin.LIVE, None)
    assert {row["passed"] for row in published["validation"]} == {"yes", "NO"}

    (dataset, resource, told), (stored, _, _) = published["events"]
    assert dataset == stored == events.VALIDATION_FAILED
    assert resource["prefect.resource.id"] == "albumart.study.bandcamp-genre"
    assert "split/artist_in_one_split failed" in told["message"]
    assert "script" not in str(published["events"])  # nothing that a stranger wrote

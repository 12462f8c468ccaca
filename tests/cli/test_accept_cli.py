"""``albumart data datasets accept``: on real stores, in this process."""

import pytest
from typer.testing import CliRunner

from albumart.album import Album, Cover, CoverResult, CoverStatus
from albumart.cli import datasets
from albumart.dataset.manifest import Manifest
from albumart.dataset.version import build_version
from albumart.endpoints import Endpoints
from albumart.errors import NotFound, ValidationFailed
from albumart.stores.workspace import Workspace
from albumart.study import Study, load_study
from albumart.validation.record import find_acceptance
from albumart.validation.stations import validate_manifest

GENRES = ("jazz", "metal")


@pytest.fixture
def study() -> Study:
    whole = load_study("bandcamp-genre")
    labels = whole.labels.model_copy(update={"classes": GENRES, "min_covers": 10})
    return whole.model_copy(update={"labels": labels})


@pytest.fixture
def shrunken(workspace: Workspace, study: Study) -> Manifest:
    """A version without most of the albums of the one that passed."""
    albums = [Album("bandcamp", str(n), ("http://x.test/y",), (GENRES[n % 2],)) for n in range(120)]
    workspace.albums.upsert_albums(albums)
    workspace.albums.record_covers(map(stored, albums))
    validate_manifest(build_version(study, workspace), workspace, study)
    lost = [album.key for album in albums[:78]]
    workspace.albums.forget_covers(lost)
    return build_version(study, workspace)


def stored(album: Album) -> CoverResult:
    number = int(album.source_id) + 1
    sha256, phash = f"{number:064x}", f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}"
    cover = Cover(sha256, sha256, phash, 350, 350, "JPEG", 1000)
    return CoverResult(album.key, CoverStatus.STORED, url="http://x.test/y", cover=cover)


def test_what_was_looked_at_may_pass(
    workspace: Workspace,
    own_endpoints: Endpoints,
    study: Study,
    shrunken: Manifest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in own_endpoints.as_environment().items():
        monkeypatch.setenv(name, value)

    def accept(*words: str) -> str:
        result = CliRunner().invoke(datasets.app, ["accept", shrunken.digest[:12], *words])
        if result.exception:
            raise result.exception
        return result.stdout

    with pytest.raises(NotFound, match="that failed validation"):
        accept()
    with pytest.raises(ValidationFailed, match="drift/albums_kept failed"):
        validate_manifest(shrunken, workspace, study)
    with pytest.raises(NotFound, match="'other'"):
        accept("--study", "other")
    said = accept("--who", "ann")
    assert said.startswith(f"{shrunken.digest[:12]} of bandcamp-genre may pass: drift/")
    accepted = find_acceptance(workspace.objects, shrunken.digest, study.name)
    assert accepted is not None
    assert accepted.who == "ann"
    listed = CliRunner().invoke(datasets.app, ["list"]).stdout.splitlines()
    assert ["accepted" in line for line in listed] == [False, True, False]
    assert "passed" in listed[2]
    assert not validate_manifest(shrunken, workspace, study).failed("critical")

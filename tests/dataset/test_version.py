import hashlib

import pytest

from albumart.album import Album, Cover, CoverResult, CoverStatus
from albumart.dataset.manifest import read_manifest
from albumart.dataset.version import build_version
from albumart.errors import ValidationFailed
from albumart.study import load_study


@pytest.fixture
def study():
    whole = load_study("bandcamp-genre")
    labels = whole.labels.model_copy(
        update={"classes": ("jazz", "metal", "folk"), "min_covers": 10}
    )
    return whole.model_copy(update={"labels": labels})


def store(workspace, genres):
    """One album of each genre word, each with a cover; then one without."""
    albums = [Album("bandcamp", str(n), ("https://x/y",), (word,)) for n, word in enumerate(genres)]
    workspace.albums.upsert_albums([*albums, Album("bandcamp", "absent", ("https://x/z",))])
    workspace.albums.record_covers(
        CoverResult(album.key, CoverStatus.STORED, url="https://x/y", cover=made_cover(album.key))
        for album in albums
    )


def made_cover(key):
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    return Cover(sha256, sha256[::-1], sha256[:16], 350, 350, "JPEG", 1000)


def test_stored_covers_become_a_stored_version(workspace, study):
    store(workspace, ["jazz"] * 20 + ["metal"] * 20 + ["polka"] * 2)
    built = build_version(study, workspace)
    assert built.study == "bandcamp-genre"
    # Of folk there are too few covers: it is no class of this version.
    assert built.classes == ("jazz", "metal")
    assert built.excluded == {"unmapped_label": 2}
    assert len(built.frame) == 40
    assert read_manifest(workspace.objects, built.digest).frame.equals(built.frame)
    assert build_version(study, workspace).digest == built.digest


def test_a_limit_takes_fewer_albums(workspace, study):
    store(workspace, ["jazz", "metal"] * 30)
    assert len(build_version(study, workspace, limit=45).frame) in (44, 45)


def test_too_few_classes_stop_with_what_was_found(workspace, study):
    store(workspace, ["jazz"] * 20 + ["metal"] * 9)
    with pytest.raises(ValidationFailed, match="expected two classes or more with 10 covers each"):
        build_version(study, workspace)

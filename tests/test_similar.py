"""Covers like a cover, on real stores and with a real network."""

import hashlib
import io
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scored_covers import made_champion, store_covers

from albumart import similar
from albumart.album import Album, Cover, CoverResult, CoverStatus, Origin
from albumart.endpoints import Endpoints
from albumart.errors import Diverged, NotFound
from albumart.features import nearest
from albumart.images import inspect_cover
from albumart.serving.predictor import Predictor
from albumart.similar import Neighbour, SimilarCovers, feature_folder
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace

N = 70
SCRIPT = Path(__file__).with_name("killed_similar.py")


@pytest.fixture
def version(workspace: Workspace) -> ModelVersion:
    store_covers(workspace, range(N))
    return made_champion(workspace)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many covers the network looked at, call by call."""
    looked: list[int] = []
    features = Predictor.features

    def count(self: Predictor, pixels: np.ndarray) -> np.ndarray:
        looked.append(len(pixels))
        return features(self, pixels)

    monkeypatch.setattr(Predictor, "features", count)
    return looked


def plain(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((32, 32, 3), (red, green, blue), np.uint8)


def store(workspace: Workspace, key: str, data: bytes) -> Cover:
    cover = inspect_cover(data)
    workspace.objects.put(cover.object_key, data)
    workspace.albums.upsert_albums([Album("bandcamp", key, ("http://x.test/c",))])
    result = CoverResult(f"bandcamp:{key}", CoverStatus.STORED, cover=cover)
    workspace.albums.record_covers([result])
    return cover


def file_of(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def albums(found: list[Neighbour]) -> list[str]:
    return [each.album.removeprefix("bandcamp:") for each in found]


def test_the_nearest_come_first_and_nothing_is_computed_twice(
    version: ModelVersion, workspace: Workspace, counted: list[int]
) -> None:
    covers = SimilarCovers.of_version(version, workspace)
    assert len(covers) == sum(counted) == N
    # The features of the made network are the three means: reds, then blues.
    found = covers.nearest(plain(60 + 69, 0, 60), 3)
    assert albums(found) == ["red034", "red033", "red032"]
    assert found[0].similarity == pytest.approx(1, abs=1e-4)
    assert found[0].similarity >= found[1].similarity >= found[2].similarity
    assert len(covers.nearest(np.array([1, 0, 0], np.float32), 1_000)) == N
    before = sum(counted)
    again = SimilarCovers.of_version(version, workspace, predictor=covers._predictor)
    assert sum(counted) == before
    assert again.nearest(np.array([1, 0, 0], np.float32), 2) == covers.nearest(
        np.array([1, 0, 0], np.float32), 2
    )
    store_covers(workspace, [N, N + 1])
    more = SimilarCovers.of_version(version, workspace)
    assert (len(more), sum(counted)) == (N + 2, before + 2)


def test_versions_of_one_backbone_share_what_is_computed(
    version: ModelVersion, workspace: Workspace, counted: list[int]
) -> None:
    SimilarCovers.of_version(version, workspace)
    other = made_champion(workspace, run="b", sharpness=40.0)  # another head
    SimilarCovers.of_version(other, workspace)
    assert sum(counted) == N
    assert len(list((workspace.cache / "similar").iterdir())) == 1


def test_what_training_computed_is_not_computed_again(
    version: ModelVersion, workspace: Workspace, counted: list[int]
) -> None:
    covers = SimilarCovers.of_version(version, workspace)
    expected = covers.nearest_to("bandcamp:red003", 5)
    # As if training had kept them, under what it calls the backbone.
    (folder,) = (workspace.cache / "similar").iterdir()
    features = workspace.cache / "features"
    features.mkdir()
    folder.rename(features / "made-32-keras")
    counted.clear()
    store_covers(workspace, [N])
    covers = SimilarCovers.of_version(version, workspace)
    assert covers.nearest_to("bandcamp:red003", 5) == expected
    assert len(covers) == N + 1
    assert counted == [8, 1]  # a few, to see that it is the same network, and the new one


def test_vectors_are_those_of_the_albums_that_have_them(
    version: ModelVersion, workspace: Workspace
) -> None:
    covers = SimilarCovers.of_version(version, workspace)
    albums, vectors = covers.vectors(["bandcamp:red034", "bandcamp:none", "bandcamp:blue000"])
    assert albums == ["bandcamp:red034", "bandcamp:blue000"]
    assert vectors == pytest.approx(np.array([[129, 0, 60], [60, 0, 60]]) / 255, abs=1e-3)
    assert covers.vectors([])[1].shape == (0, 3)
    assert covers.features(plain(255, 0, 0)).tolist() == pytest.approx([1, 0, 0])


def test_a_cover_returns_neither_itself_nor_its_duplicates(
    version: ModelVersion, workspace: Workspace
) -> None:
    same = plain(60 + 11, 0, 60)
    cover = store(workspace, "copy", file_of(np.repeat(np.repeat(same, 2, 0), 2, 1)))
    rewrapped = store(workspace, "webp", file_of(np.repeat(np.repeat(same, 2, 0), 2, 1), "GIF"))
    assert cover.sha256 != rewrapped.sha256
    assert cover.pixel_sha256 == rewrapped.pixel_sha256
    store(workspace, "again", file_of(np.repeat(np.repeat(same, 2, 0), 2, 1)))
    covers = SimilarCovers.of_version(version, workspace)
    assert len(covers) == N + 3
    # Each picture once: of the three alike, the first by name.
    assert sorted(albums(covers.nearest(same, 2))) == ["again", "red005"]
    others = ["red005", "red004", "red006"]
    for album in ("again", "copy", "webp"):
        assert sorted(albums(covers.nearest_to(f"bandcamp:{album}", 3))) == sorted(others)
    for name in (cover.sha256, cover.pixel_sha256, rewrapped.sha256, "bandcamp:webp"):
        assert sorted(albums(covers.nearest(same, 3, exclude=[name]))) == sorted(others)
    assert albums(covers.nearest(same, 1, exclude=["bandcamp:red005", "bandcamp:copy"])) != []
    assert len(covers.nearest(same, 3, exclude=["nobody", "0" * 64, "x" * 64])) == 3
    with pytest.raises(NotFound, match="album 'bandcamp:none' has no cover"):
        covers.nearest_to("bandcamp:none", 1)


def test_what_cannot_be_read_and_what_is_gone_is_passed_over(
    version: ModelVersion, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    rows = {row["album"]: row["cover_sha256"] for row in workspace.albums.rows()}
    workspace.objects.delete(f"covers/{rows['bandcamp:red003'][:2]}/{rows['bandcamp:red003']}")
    covers = SimilarCovers.of_version(version, workspace)
    assert len(covers) == N - 1
    assert f"1 of {N} could not be read" in caplog.text
    with pytest.raises(NotFound):
        covers.nearest_to("bandcamp:red003", 1)
    workspace.albums.forget_covers(["bandcamp:red034"])
    covers = SimilarCovers.of_version(version, workspace)
    assert albums(covers.nearest(plain(60 + 69, 0, 60), 1)) == ["red033"]


def test_no_cover_is_like_none(workspace: Workspace) -> None:
    covers = SimilarCovers.of_version(made_champion(workspace), workspace)
    assert len(covers) == 0
    assert covers.nearest(plain(1, 2, 3), 5) == []


def test_many_are_searched_in_two_passes(
    version: ModelVersion, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "EXACT_BYTES", 100)
    covers = SimilarCovers.of_version(version, workspace)
    assert (feature_folder(covers._predictor, workspace) / f"coarse-{N}").is_dir()
    assert albums(covers.nearest(plain(60 + 69, 0, 60), 2)) == ["red034", "red033"]


def test_threads_may_share_it(version: ModelVersion, workspace: Workspace) -> None:
    covers = SimilarCovers.of_version(version, workspace)
    alone = [covers.nearest(plain(60 + n, 0, 60), 3) for n in range(20)]
    together = threading.Barrier(4)

    def ask(_: int) -> list[list[Neighbour]]:
        together.wait(30)
        return [covers.nearest(plain(60 + n, 0, 60), 3) for n in range(20)]

    with ThreadPoolExecutor(4) as pool:
        assert all(found == alone for found in pool.map(ask, range(4)))


def test_features_that_are_no_numbers_stop_it(
    version: ModelVersion, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Predictor, "features", lambda _, x: np.full((len(x), 3), np.nan, "f4"))
    with pytest.raises(Diverged, match="expected finite features"):
        SimilarCovers.of_version(version, workspace)


def test_after_a_kill_the_rest_is_computed(
    version: ModelVersion,
    workspace: Workspace,
    own_endpoints: Endpoints,
    counted: list[int],
    tmp_path: Path,
) -> None:
    known = own_endpoints.as_environment() | {"ALBUMART_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        env=os.environ | known | {"CACHE": str(workspace.cache)},
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "in the middle\n"
        finally:
            child.kill()
    covers = SimilarCovers.of_version(version, workspace)
    assert len(covers) == N
    # The same backbone has the same name in another process.
    assert sum(counted) == N - similar.CHUNK
    (folder,) = (workspace.cache / "similar").iterdir()
    assert folder.name.endswith(f"-32-{Origin.SANDBOX.value}")
    names = (folder / "covers").read_bytes()
    assert len(names) == 32 * N
    assert len({hashlib.sha256(names[n : n + 32]).digest() for n in range(0, 32 * N, 32)}) == N

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from albumart.album import cover_key
from albumart.errors import NotFound
from albumart.features import shares
from albumart.features.blocks import PARTS, FeatureBlocks, part_of
from albumart.features.embeddings import compute_embeddings, embedding_name
from albumart.features.makers import FeatureSpec
from albumart.features.shares import Share, compute_share, share_out
from albumart.stores.workspace import Workspace
from albumart.study import Model

SIZE = 32
SPEC = FeatureSpec(Model(backbone="small", weights="random", image_size=SIZE))
ALL = Share(PARTS[0], PARTS[-1])
N = 40

SHA256 = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(due=st.sets(SHA256, max_size=200), size=st.integers(1, 50))
def test_each_cover_is_in_one_share(due: set[str], size: int) -> None:
    found = share_out(due, size=size)
    for cover in due:
        assert sum(each.first <= part_of(cover) <= each.last for each in found) == 1
    for each in found:
        own = [cover for cover in due if each.first <= part_of(cover) <= each.last]
        assert own
        assert len(own) <= size or each.first == each.last


@pytest.fixture
def covers(workspace: Workspace) -> list[str]:
    """Digests of small pictures in the store."""
    random = np.random.default_rng(0)
    names = []
    while len(names) < N:
        pixels = random.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        sha256 = hashlib.sha256(file.getvalue()).hexdigest()
        workspace.objects.put(cover_key(sha256), file.getvalue())
        names.append(sha256)
    return names


def rows(workspace: Workspace, covers: list[str]) -> dict[str, bytes]:
    blocks = FeatureBlocks(workspace.objects, embedding_name(SPEC))
    return {
        cover: row.tobytes()
        for names, values in blocks.take(covers)
        for cover, row in zip(names, values, strict=True)
    }


def forget(workspace: Workspace) -> None:
    for key in list(workspace.objects.keys("features/")):
        workspace.objects.delete(key)


def test_shares_have_the_numbers_of_the_whole_also_after_a_kill(
    workspace: Workspace, covers: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compute_share(ALL, covers, SPEC, workspace.objects) == N
    whole = rows(workspace, covers)
    assert whole.keys() == set(covers)
    assert compute_share(ALL, covers, SPEC, workspace.objects) == 0

    forget(workspace)
    parts = share_out(covers, size=7)
    assert sum(compute_share(each, covers, SPEC, workspace.objects) for each in parts) == N
    assert rows(workspace, covers) == whole

    forget(workspace)
    die_after(3, monkeypatch)
    with pytest.raises(InterruptedError):
        compute_share(ALL, covers, SPEC, workspace.objects)
    monkeypatch.undo()
    begun = len(rows(workspace, covers))
    assert 0 < begun < N
    assert compute_share(ALL, covers, SPEC, workspace.objects) == N - begun
    assert rows(workspace, covers) == whole

    # Whoever trains finds them there, and neither builds the network nor reads a pixel.
    taken = compute_embeddings(no_pixels, covers, SPEC, tmp_path, workspace.objects)
    assert [row.tobytes() for row in taken] == [whole[cover] for cover in covers]
    forget(workspace)
    again = compute_embeddings(no_pixels, covers, SPEC, tmp_path, workspace.objects)
    np.testing.assert_array_equal(taken, again)


def no_pixels(numbers: object) -> np.ndarray:
    raise AssertionError(f"nobody should ask for {numbers}")


def die_after(blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is gone after it has put some blocks."""
    put, left = FeatureBlocks.put, iter(range(blocks))

    def dying(self: FeatureBlocks, covers: list[str], values: np.ndarray) -> None:
        if next(left, None) is None:
            raise InterruptedError
        put(self, covers, values)

    monkeypatch.setattr(FeatureBlocks, "put", dying)


def test_a_cover_that_is_not_there_stops_the_share(workspace: Workspace, covers: list[str]) -> None:
    workspace.objects.delete(cover_key(covers[0]))
    with pytest.raises(NotFound):
        compute_share(ALL, covers, SPEC, workspace.objects)


def test_large_parts_are_put_in_several_blocks(
    workspace: Workspace, covers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "BLOCK", 1)
    compute_share(ALL, covers, SPEC, workspace.objects)
    assert len(list(workspace.objects.keys("features/"))) == 2 * N

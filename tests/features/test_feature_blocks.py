import hashlib

import numpy as np
import pytest

from albumart.errors import UnsafeInput
from albumart.features.blocks import PARTS, FeatureBlocks, part_of
from albumart.stores.workspace import Workspace

WIDTH = 3


def covers_of(part: str, number: int) -> list[str]:
    names = (hashlib.sha256(f"{part}{n}".encode()).hexdigest() for n in range(number))
    return sorted(part + name[2:] for name in names)


def rows_of(covers: list[str]) -> np.ndarray:
    """Numbers by which each cover's row is known again."""
    return np.array([[int(cover[:6], 16)] * WIDTH for cover in covers], np.float32)


@pytest.fixture
def blocks(workspace: Workspace) -> FeatureBlocks:
    return FeatureBlocks(workspace.objects, "net-32-keras-abc")


def test_what_was_put_is_found_by_part_and_as_a_whole(blocks: FeatureBlocks) -> None:
    some, others = covers_of("0a", 5), covers_of("ff", 4)
    for covers in (some, others[:2], others[2:]):
        blocks.put(covers, rows_of(covers))
    assert blocks.covers("0a") == set(some)
    assert blocks.covers("00") == set()
    assert blocks.covers() == {*some, *others}
    wanted = [some[1], others[0], others[3], "0" * 64]
    taken = {
        cover: row
        for names, rows in blocks.take(wanted)
        for cover, row in zip(names, rows, strict=True)
    }
    assert taken.keys() == {some[1], others[0], others[3]}
    for cover, row in taken.items():
        np.testing.assert_array_equal([row], rows_of([cover]))


def test_two_workers_on_one_part_do_no_harm(blocks: FeatureBlocks) -> None:
    covers = covers_of("0a", 5)
    blocks.put(covers[:3], rows_of(covers[:3]))
    blocks.put(covers, rows_of(covers))
    assert blocks.covers() == set(covers)
    found = [names for names, _ in blocks.take(covers)]
    assert sorted(name for names in found for name in names) == covers


def test_rows_whose_names_never_came_are_not_looked_at(
    blocks: FeatureBlocks, workspace: Workspace
) -> None:
    covers = covers_of("0a", 2)
    blocks.put(covers, rows_of(covers))
    (names,) = (key for key in workspace.objects.keys("features/") if key.endswith(".covers"))
    workspace.objects.delete(names)
    assert blocks.covers() == set()
    assert list(blocks.take(covers)) == []


def test_a_torn_block_is_refused(blocks: FeatureBlocks, workspace: Workspace) -> None:
    covers = covers_of("0a", 2)
    blocks.put(covers, rows_of(covers))
    (rows,) = (key for key in workspace.objects.keys("features/") if key.endswith(".rows"))
    workspace.objects.put(rows, b"12345")
    with pytest.raises(UnsafeInput, match="expected 2 rows"):
        list(blocks.take(covers))


def test_another_network_has_blocks_of_its_own(blocks: FeatureBlocks, workspace: Workspace) -> None:
    covers = covers_of("0a", 2)
    blocks.put(covers, rows_of(covers))
    assert FeatureBlocks(workspace.objects, "net-32-keras-abcd").covers() == set()


@pytest.mark.parametrize(
    ("covers", "rows"),
    [
        (covers_of("0a", 1) + covers_of("0b", 1), np.zeros((2, WIDTH), np.float32)),
        (covers_of("0a", 2), np.zeros((1, WIDTH), np.float32)),
        (covers_of("0a", 2), np.zeros((2, WIDTH), np.float64)),
        ([], np.zeros((0, WIDTH), np.float32)),
    ],
)
def test_only_rows_of_one_part_are_a_block(
    covers: list[str], rows: np.ndarray, blocks: FeatureBlocks
) -> None:
    with pytest.raises(ValueError, match="expected float32 rows of one part"):
        blocks.put(covers, rows)


def test_every_cover_is_of_a_part() -> None:
    assert len(PARTS) == 256
    assert part_of("0a" + "f" * 62) in PARTS

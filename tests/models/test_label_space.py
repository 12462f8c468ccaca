"""Labels as directions: what is kept of them, and how an answer is read."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from albumart.errors import UnsafeInput
from albumart.models.label_space import (
    LabelSpace,
    build_label_space,
    embed_labels,
    label_distances,
    label_likeness,
    nearest_labels,
)

LABELS = ("sad", "gloomy", "happy", "motoric")
FOUND = [[3.0, 4.0], [0.0, 2.0], [-3.0, -4.0], [0.0, 0.0]]


@pytest.fixture
def space() -> LabelSpace:
    return build_label_space(LABELS, FOUND, maker="by hand", composed={"sad": ("sad", "dog")})


def test_a_label_without_a_vector_has_an_axis_of_its_own(space: LabelSpace) -> None:
    expected = [[0.6, 0.8, 0], [0, 1, 0], [-0.6, -0.8, 0], [0, 0, 1]]
    assert space.vectors == pytest.approx(np.array(expected))
    assert space.vectors.dtype == np.float32
    assert space.missing == ("motoric",)
    assert (space.coverage, space.width) == (0.75, 3)


def test_where_nothing_is_known_each_label_is_like_itself_alone() -> None:
    space = build_label_space(("a", "b"), np.zeros((2, 0)), maker="none")
    assert (space.vectors == np.eye(2)).all()
    assert space.coverage == 0


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (LABELS, FOUND[:3]),
        (LABELS[:2], [1.0, 2.0]),
        (LABELS[:1], [[np.nan]]),
        (("sad", "sad"), FOUND[:2]),
        ((), np.zeros((0, 2))),
    ],
)
def test_what_is_no_label_space_is_refused(labels: tuple[str, ...], found: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        build_label_space(labels, found, maker="by hand")  # type: ignore[arg-type]


def test_written_and_read_it_is_the_same(space: LabelSpace) -> None:
    data = space.to_bytes()
    read = LabelSpace.from_bytes(data)
    assert (read.vectors == space.vectors).all()
    assert (read.labels, read.missing, read.maker) == (space.labels, space.missing, space.maker)
    assert read.composed == {"sad": ("sad", "dog")}
    assert read.digest == space.digest
    assert read.to_bytes() == data


def test_the_digest_is_of_what_is_learnt_from(space: LabelSpace) -> None:
    renamed = build_label_space(("blue", *LABELS[1:]), FOUND, maker="by hand")
    turned = build_label_space(LABELS, [*FOUND[:2], [1.0, 0.0], FOUND[3]], maker="by hand")
    elsewhere = build_label_space(LABELS, FOUND, maker="by another hand")
    assert len({space.digest, renamed.digest, turned.digest}) == 3
    assert elsewhere.digest == space.digest


def npz(**held: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **held)
    return buffer.getvalue()


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.eye(2))
    return buffer.getvalue()


ABOUT = np.array('{"labels": ["a"], "missing": [], "maker": "", "composed": {}}')


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 no archive",
        npy(),
        npz(vectors=np.eye(2)),
        npz(vectors=np.eye(2), about=np.array("{}")),
        npz(vectors=np.eye(2, dtype=np.float32), about=ABOUT),
        npz(vectors=np.eye(1), about=ABOUT),
    ],
)
def test_what_is_no_file_of_one_is_refused(data: bytes) -> None:
    with pytest.raises(UnsafeInput) as refused:
        LabelSpace.from_bytes(data)
    assert refused.value.code == "label_space"


def test_labels_lie_where_their_vectors_point() -> None:
    found = embed_labels([[1, 1], [0, 3], [0, 0]], np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert found == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [0, 1], [0, 0]]))


def test_likeness_keeps_the_order_of_the_cosines() -> None:
    likeness = label_likeness([[2.0, 0.0]], [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert likeness == pytest.approx(np.array([[1, 0.5, 0]]))


def test_the_nearest_label_by_hand(space: LabelSpace) -> None:
    # (4, 3) lies 24/25 from sad, 3/5 from gloomy, 0 from motoric and -24/25 from happy.
    answers = [[4.0, 3.0, 0.0], [0.0, 0.0, 2.0]]
    assert nearest_labels(answers, space.vectors, 4).tolist() == [[0, 1, 3, 2], [3, 0, 1, 2]]
    assert nearest_labels(answers, space.vectors).tolist() == [[0], [3]]


def test_distances_by_hand(space: LabelSpace) -> None:
    expected = [[0, 0.2, 2, 1], [0.2, 0, 1.8, 1], [2, 1.8, 0, 1], [1, 1, 1, 0]]
    assert label_distances(space.vectors) == pytest.approx(np.array(expected), abs=1e-7)


NUMBERS = st.floats(-9, 9, width=32)


@given(arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=NUMBERS))
def test_each_label_is_nearest_to_itself(found: np.ndarray) -> None:
    space = build_label_space([f"label {n}" for n in range(len(found))], found, maker="made")
    assert np.linalg.norm(space.vectors, axis=1) == pytest.approx(np.ones(len(found)), abs=1e-6)
    distances = label_distances(space.vectors)
    first = nearest_labels(space.vectors, space.vectors)[:, 0]
    assert distances[np.arange(len(found)), first] == pytest.approx(np.zeros(len(found)), abs=1e-6)
    assert ((distances >= 0) & (distances <= 2)).all()

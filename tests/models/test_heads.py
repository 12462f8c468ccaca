"""What heads learn from and how their answers are read; building them: test_head_network."""

import numpy as np
import pytest

from albumart.errors import BadStudy
from albumart.models.heads import HEADS, find_head, head_scores, head_targets
from albumart.models.label_space import LabelSpace, build_label_space
from albumart.study import load_study

# Of sad, gloomy and happy: the first album is gloomy, then sad; the second is happy.
ORDER = np.array([[2, 1, 0], [0, 0, 1]])


@pytest.fixture
def space() -> LabelSpace:
    vectors = [[1.0, 0.0], [0.6, 0.8], [0.0, -1.0]]
    return build_label_space(("sad", "gloomy", "happy"), vectors, maker="by hand")


def test_targets_of_one_class_are_the_first_label() -> None:
    assert head_targets("softmax", ORDER).tolist() == [[0, 1, 0], [0, 0, 1]]


def test_targets_of_several_are_all_labels() -> None:
    assert head_targets("sigmoid", ORDER).tolist() == [[1, 1, 0], [0, 0, 1]]


def test_targets_in_label_space_by_hand(space: LabelSpace) -> None:
    # (1, 0) + (0.6, 0.8) = (1.6, 0.8), whose length is 0.8 × √5.
    expected = np.array([[2 / 5**0.5, 1 / 5**0.5], [0, -1]])
    assert head_targets("label_embedding", ORDER, space) == pytest.approx(expected)


def test_targets_by_rank_lean_to_the_first_label_by_hand(space: LabelSpace) -> None:
    # (1, 0) / 2 + (0.6, 0.8) = (1.1, 0.8).
    length = (1.1**2 + 0.8**2) ** 0.5
    expected = np.array([[1.1 / length, 0.8 / length], [0, -1]])
    found = head_targets("label_embedding", ORDER, space, weighting="rank")
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", HEADS)
def test_targets_are_float32_and_each_row_has_a_label(name: str, space: LabelSpace) -> None:
    assert head_targets(name, ORDER, space).dtype == np.float32
    with pytest.raises(ValueError, match="none in row 1"):
        head_targets(name, np.array([[1, 0, 0], [0, 0, 0]]), space)


def test_answers_in_label_space_are_read_by_hand(space: LabelSpace) -> None:
    found = head_scores("label_embedding", np.array([[0.8, 0.6]], dtype=np.float32), space)
    assert found == pytest.approx(np.array([[0.9, 0.98, 0.2]]))
    assert found.dtype == np.float32


@pytest.mark.parametrize("name", [name for name in HEADS if not HEADS[name].in_label_space])
def test_probabilities_are_scores_already(name: str) -> None:
    outputs = np.array([[0.2, 0.8]], dtype=np.float32)
    assert head_scores(name, outputs) is outputs


@pytest.mark.parametrize("name", [name for name in HEADS if HEADS[name].in_label_space])
def test_a_head_in_label_space_needs_one(name: str) -> None:
    with pytest.raises(ValueError, match="label space"):
        head_targets(name, ORDER)
    with pytest.raises(ValueError, match="label space"):
        head_scores(name, np.ones((1, 2), dtype=np.float32))


def test_another_head_is_refused_with_the_choices() -> None:
    with pytest.raises(BadStudy, match="softmax, sigmoid, label_embedding; got 'sofmax'"):
        find_head("sofmax")


def test_the_mood_study_compares_four() -> None:
    study = load_study("allmusic-mood")
    heads = (study.head, *study.compare)
    assert [(head.kind, head.metadata) for head in heads] == [
        ("sigmoid", False),
        ("sigmoid", True),
        ("label_embedding", False),
        ("label_embedding", True),
    ]
    assert all(HEADS[head.kind].several for head in heads)

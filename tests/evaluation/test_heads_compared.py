"""Heads side by side: figures, paired gains, and whether mistakes in label space are nearer."""

import numpy as np
import pytest

from albumart.evaluation.heads import HeadAnswers, HeadComparison, compare_heads, named_labels
from albumart.evaluation.multi_scores import MultiScores, check_multi_scores, order_matrix
from albumart.evaluation.scores import check_scores
from albumart.models.label_space import LabelSpace, build_label_space, embed_labels

LABELS = ("sad", "gloomy", "bleak", "happy", "sunny", "bright")
# Three labels point one way and three the other, each a little aside.
VECTORS = np.array([[3, 1], [3, 0], [3, -1], [-3, 1], [-3, 0], [-3, -1]])
ROWS = 120
GROUPS = np.arange(ROWS) // 2


@pytest.fixture
def space() -> LabelSpace:
    return build_label_space(LABELS, VECTORS, maker="by hand")


def answers(space: LabelSpace, *, near: bool) -> MultiScores:
    """Each cover has one label; every second answer is wrong: a neighbour, or the far side."""
    own = np.arange(ROWS) % 6
    other = (own // 3 * 3 + (own + 1) % 3) if near else (own + 3) % 6
    said = np.where(np.arange(ROWS) % 4 < 2, own, other)
    told = np.where(np.arange(6) == said[:, None], 0.9, 0.05)
    order = order_matrix([[int(label)] for label in own], 6)
    # The place in the row breaks ties: what else is named is the same for both.
    told = told + np.where(order > 0, 0.01, 0)
    directions = embed_labels(told, space.vectors)
    return check_multi_scores(
        order > 0, told, order=order, vectors=space.vectors, answers=directions
    )


def test_of_mistakes_in_label_space_the_nearer_ones_are_told(space: LabelSpace) -> None:
    far = HeadAnswers("labels", answers(space, near=False))
    near = HeadAnswers("space", answers(space, near=True), in_label_space=True)
    lone = HeadAnswers("shown more", near.judged, metadata=True, in_label_space=True)
    found = compare_heads([far, near, lone], GROUPS, shares=np.full(6, 1 / 6), space=space)
    (row,) = found.nearness  # the third has no like that is shown as much
    assert (row.near, row.far) == ("space", "labels")
    assert row.wrong.high < 0
    assert row.both_wrong.high < 0
    assert found.heads[0].distance is not None
    assert found.heads[0].distance.named == named_labels(6) == 3
    assert found.heads[1].gain["micro_pr_auc"].n == ROWS
    assert found.heads[0].gain == {}
    assert found.popularity_distance is not None
    assert found.popularity["micro_pr_auc"].value == pytest.approx(1 / 6)


def test_the_map_and_the_space_are_told_without_vectors(space: LabelSpace) -> None:
    heads = [
        HeadAnswers("labels", answers(space, near=False)),
        HeadAnswers("space", answers(space, near=True), in_label_space=True),
    ]
    found = compare_heads(heads, GROUPS, shares=np.full(6, 1 / 6), space=space)
    assert found.map is not None
    assert found.map.title == "space"
    assert [name for name, _, _ in found.map.labels] == list(LABELS)
    assert len(found.map.covers) == found.map.n == ROWS
    assert sum(right for _, _, right in found.map.covers) == ROWS / 2
    assert found.space is not None
    assert found.space.missing == ()
    assert set(found.space.neighbours["gloomy"][:2]) == {"sad", "bleak"}
    assert HeadComparison.from_dict(found.to_dict()) == found


def test_without_a_head_in_label_space_the_first_is_on_the_map(space: LabelSpace) -> None:
    judged = answers(space, near=True)
    found = compare_heads(
        [HeadAnswers("labels", MultiScores(judged.truth, judged.probabilities))],
        GROUPS,
        shares=np.full(6, 1 / 6),
        space=space,
    )
    assert found.map is not None
    assert found.map.title == "labels"
    assert found.nearness == ()


def test_hidden_metadata_has_figures_of_its_own(space: LabelSpace) -> None:
    knowing, alone = answers(space, near=True), answers(space, near=False)
    heads = [
        HeadAnswers("labels", alone),
        HeadAnswers("shown more", knowing, metadata=True, alone=alone),
    ]
    first, second = compare_heads(heads, GROUPS, shares=np.full(6, 1 / 6), space=space).heads
    assert first.alone == {}
    assert second.alone == first.metrics


def test_heads_that_tell_one_class_are_compared_by_accuracy() -> None:
    truth = np.arange(ROWS) % 3
    right, wrong = (np.eye(3)[(truth + step) % 3] * 0.7 + 0.1 for step in (0, 1))
    heads = [HeadAnswers(n, check_scores(truth, p)) for n, p in (("a", wrong), ("b", right))]
    found = compare_heads(heads, GROUPS)
    assert found.heads[1].gain["accuracy"].value == 1
    assert found.map is found.space is None
    assert found.heads[1].distance is None


def test_heads_of_two_kinds_are_not_compared(space: LabelSpace) -> None:
    truth = np.arange(ROWS) % 3
    one = HeadAnswers("one", check_scores(truth, np.eye(3)[truth]))
    with pytest.raises(TypeError, match="judged alike"):
        compare_heads([one, HeadAnswers("several", answers(space, near=True))], GROUPS)

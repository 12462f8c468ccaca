"""How far off wrong answers are, by hand, and two models compared."""

import math

import numpy as np
import pytest

from albumart.evaluation.label_distance import (
    as_multi_scores,
    compare_label_distance,
    evaluate_label_distance,
)
from albumart.evaluation.multi_scores import check_multi_scores
from albumart.evaluation.scores import check_scores

# Sad and gloomy are 0.2 apart; happy is 2 from sad and 1.8 from gloomy; motoric is 1 from all.
VECTORS = np.array([[0.6, 0.8, 0], [0, 1, 0], [-0.6, -0.8, 0], [0, 0, 1]])
SAD, GLOOMY, HAPPY, MOTORIC = np.eye(4)
TRUTH = [SAD, SAD, GLOOMY + MOTORIC, GLOOMY + MOTORIC]


def scores_of(said, truth=TRUTH):
    """Each cover's labels, best first, as falling probabilities."""
    shares = [0.9, 0.6, 0.3, 0.1]
    rows = [dict(zip(order, shares, strict=True)) for order in said]
    probabilities = [[row[label] for label in range(4)] for row in rows]
    return check_multi_scores(np.array(truth, dtype=int), probabilities)


NEAR = scores_of([(0, 1, 2, 3), (1, 0, 2, 3), (0, 1, 3, 2), (2, 1, 0, 3)])


def test_distances_by_hand():
    # Sad is right. Gloomy for sad: 0.2. Sad for gloomy and motoric: 0.2. Happy for them: 1.
    found = evaluate_label_distance(NEAR, VECTORS, range(4))
    assert found.wrong.value == pytest.approx((0.2 + 0.2 + 1) / 3)
    assert found.every.value == pytest.approx((0.2 + 0.2 + 1) / 4)
    assert found.share_wrong.value == 0.75
    assert found.named == 1


def test_two_labels_named_by_hand():
    # Wrong are gloomy (0.2) and gloomy again for sad, sad (0.2) and happy (1) for the others.
    found = evaluate_label_distance(NEAR, VECTORS, range(4), named=2)
    assert found.wrong.value == pytest.approx((0.2 + 0.2 + 0.2 + 1) / 4)
    assert found.share_wrong.value == 0.5


def test_the_length_of_the_vectors_does_not_matter():
    longer = VECTORS * np.array([[1], [2], [3], [4]])
    found = evaluate_label_distance(NEAR, longer, range(4))
    assert found == evaluate_label_distance(NEAR, VECTORS, range(4))


def test_where_nothing_is_wrong_no_distance_is_told():
    right = scores_of([(0, 1, 2, 3), (0, 1, 2, 3), (1, 0, 2, 3), (3, 1, 2, 0)])
    found = evaluate_label_distance(right, VECTORS, range(4))
    assert math.isnan(found.wrong.value)
    assert found.every.value == found.share_wrong.value == 0


def test_a_cover_without_labels_is_left_out():
    truth = [*TRUTH[:3], np.zeros(4)]
    told = scores_of([(0, 1, 2, 3), (1, 0, 2, 3), (0, 1, 3, 2), (2, 1, 0, 3)], truth)
    found = evaluate_label_distance(told, VECTORS, range(4))
    assert found.wrong.value == pytest.approx(0.2)
    assert found.share_wrong.value == pytest.approx(2 / 3)


def made_pair(n=300):
    """Both are wrong as often; one says the label beside the true one, the other any."""
    rng = np.random.default_rng(0)
    k = 12
    angles = np.linspace(0, 2 * np.pi, k, endpoint=False)
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    truth = rng.integers(0, k, n)
    wrong = rng.random((2, n)) < 0.7
    near = np.where(wrong[0], (truth + rng.choice([-1, 1], n)) % k, truth)
    far = np.where(wrong[1], (truth + rng.integers(1, k, n)) % k, truth)
    return (
        *(check_multi_scores(np.eye(k, dtype=int)[truth], np.eye(k)[said]) for said in (near, far)),
        vectors,
    )


def test_nearer_mistakes_are_shown_to_be_nearer():
    near, far, vectors = made_pair()
    found = compare_label_distance(near, far, vectors, np.arange(300) // 2)
    assert found.a.wrong.value == pytest.approx(1 - math.cos(math.pi / 6))
    assert found.difference.wrong.high < 0
    assert found.difference.every.high < 0
    assert found.difference.share_wrong.low < 0 < found.difference.share_wrong.high
    assert found.both_wrong.high < 0
    for name in ("wrong", "every", "share_wrong"):
        a, b, gap = (getattr(part, name) for part in (found.a, found.b, found.difference))
        assert gap.value == pytest.approx(a.value - b.value)
        assert gap.low <= gap.value <= gap.high


def test_compared_or_alone_the_figures_are_the_same():
    near, far, vectors = made_pair(60)
    found = compare_label_distance(near, far, vectors, range(60), named=2)
    assert found.a == evaluate_label_distance(near, vectors, range(60), named=2)
    assert found.b == evaluate_label_distance(far, vectors, range(60), named=2)


def test_where_both_are_wrong_by_hand():
    # Both are wrong on the second cover (gloomy and happy for sad) and on the last (happy, sad).
    other = scores_of([(0, 1, 2, 3), (2, 1, 0, 3), (1, 0, 3, 2), (0, 1, 2, 3)])
    found = compare_label_distance(NEAR, other, VECTORS, range(4))
    assert found.both_wrong.value == pytest.approx(((0.2 - 2) + (1 - 0.2)) / 2)
    right = scores_of([(0, 1, 2, 3), (0, 1, 2, 3), (1, 0, 2, 3), (3, 1, 2, 0)])
    assert math.isnan(compare_label_distance(NEAR, right, VECTORS, range(4)).both_wrong.value)


def test_a_model_is_as_near_as_itself():
    near, _, vectors = made_pair(60)
    gap = compare_label_distance(near, near, vectors, range(60)).difference
    assert gap.wrong.value == gap.wrong.low == gap.wrong.high == 0


def test_one_class_each_is_the_same_question():
    truth, shares = [0, 0, 1], [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
    scores = as_multi_scores(check_scores(truth, shares))
    assert scores.truth.astype(int).tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 0]]
    found = evaluate_label_distance(scores, VECTORS[:3], range(3))
    assert found.wrong.value == pytest.approx((0.2 + 1.8) / 2)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="vectors of 4 labels"):
        evaluate_label_distance(NEAR, VECTORS[:3], range(4))
    with pytest.raises(ValueError, match="got 4 and 5"):
        evaluate_label_distance(NEAR, VECTORS, range(4), named=5)
    near, _, vectors = made_pair(60)
    _, far, _ = made_pair(62)
    with pytest.raises(ValueError, match="other truth"):
        compare_label_distance(near, far, vectors, range(60))

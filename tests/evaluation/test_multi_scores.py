"""What is refused, and what is made of labels."""

import numpy as np
import pytest

from albumart.evaluation.multi_scores import (
    by_popularity,
    check_multi_scores,
    label_shares,
    order_matrix,
)

TRUTH = [[True, False, True], [False, True, False]]
SHARES = [[0.9, 0.1, 0.8], [0.2, 0.7, 0.3]]
ORDER = [[2, 0, 1], [0, 1, 0]]
VECTORS = [[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("truth", "probabilities", "extra", "said"),
    [
        ([True, False], SHARES, {}, r"got shape \(2,\)"),
        (np.zeros((0, 3), bool), np.zeros((0, 3)), {}, r"n, k ≥ 1"),
        ([[0.0, 1.0, 1.0], [0.0, 1.0, 0.0]], SHARES, {}, "dtype float64"),
        ([[0, 2, 1], [1, 0, 0]], SHARES, {}, "yes and no"),
        (TRUTH, [[0.9, 0.1]], {}, r"shape \(2, 3\); got \(1, 2\)"),
        (TRUTH, [[0.9, 0.1, 0.8], [np.nan, 0, 0]], {}, "1 rows, the first is row 1"),
        (TRUTH, [[0.9, 0.1, 1.8], [0, 0, 0]], {}, "the first is row 0"),
        (TRUTH, SHARES, {"order": [[1, 0], [0, 1]]}, r"\(2, 3\); got int64 of \(2, 2\)"),
        (TRUTH, SHARES, {"order": [[1.0, 0, 2], [0, 1, 0]]}, "got float64"),
        (TRUTH, SHARES, {"order": [[2, 1, 0], [0, 1, 0]]}, "row 0"),
        (TRUTH, SHARES, {"order": [[2, 0, 1], [0, 2, 0]]}, "row 1"),
        (TRUTH, SHARES, {"order": [[1, 0, 1], [0, 1, 0]]}, "positions 1 to m"),
        (TRUTH, SHARES, {"vectors": [[1.0, 0.0]]}, r"\(3, d\); got shape \(1, 2\)"),
        (TRUTH, SHARES, {"vectors": [[1.0], [0.0], [2.0]]}, "not zero"),
        (TRUTH, SHARES, {"vectors": VECTORS, "answers": [[1.0], [2.0]]}, r"answers \(2, 1\)"),
        (TRUTH, SHARES, {"answers": [[1.0], [2.0]]}, "vectors none"),
        (TRUTH, SHARES, {"vectors": VECTORS, "answers": [[1, 1], [1, np.inf]]}, "finite"),
    ],
)
def test_refused(truth, probabilities, extra, said):
    with pytest.raises(ValueError, match=said):
        check_multi_scores(truth, probabilities, **extra)


def test_numbers_of_0_and_1_are_truth_too():
    scores = check_multi_scores(np.array(TRUTH, dtype=np.uint8), SHARES)
    assert scores.truth.dtype == np.bool_
    assert (scores.n, scores.k) == (2, 3)
    assert (scores.order, scores.vectors, scores.answers) == (None, None, None)


def test_vectors_are_made_one_long():
    scores = check_multi_scores(TRUTH, SHARES, vectors=VECTORS)
    assert scores.vectors == pytest.approx(np.array([[0.6, 0.8], [0, 1], [1, 0]]))


def test_take_takes_everything_along():
    scores = check_multi_scores(
        TRUTH, SHARES, order=ORDER, vectors=VECTORS, answers=[[1.0, 0.0], [0.0, 1.0]]
    )
    one = scores.take(np.array([1]))
    assert one.truth.tolist() == TRUTH[1:]
    assert one.probabilities.tolist() == SHARES[1:]
    assert one.order.tolist() == ORDER[1:]
    assert one.answers.tolist() == [[0.0, 1.0]]
    assert one.vectors is scores.vectors


def test_take_of_what_is_not_there():
    one = check_multi_scores(TRUTH, SHARES).take(np.array([0]))
    assert (one.order, one.answers) == (None, None)


def test_order_matrix():
    assert order_matrix([(2, 0), (1,), ()], 3).tolist() == [[2, 0, 1], [0, 1, 0], [0, 0, 0]]


def test_popularity_says_the_same_of_every_cover():
    scores = check_multi_scores(TRUTH, SHARES, vectors=VECTORS, answers=np.ones((2, 2)))
    popular = by_popularity(scores, label_shares([[1, 0, 1], [1, 0, 0], [1, 1, 0], [1, 0, 0]]))
    assert popular.probabilities.tolist() == [[1.0, 0.25, 0.25]] * 2
    assert popular.answers is None
    assert popular.truth is scores.truth


def test_popularity_of_other_labels_is_refused():
    with pytest.raises(ValueError, match=r"shape \(1, 3\); got \(1, 2\)"):
        by_popularity(check_multi_scores(TRUTH, SHARES), [0.5, 0.5])

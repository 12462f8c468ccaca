"""What is not a set of predictions is refused, and the message says what came."""

import numpy as np
import pytest

from albumart.evaluation.scores import check_scores

GOOD = [[0.7, 0.3], [0.4, 0.6]]


@pytest.mark.parametrize(
    ("truth", "probabilities", "said"),
    [
        ([0, 1, 1], GOOD, r"\(3,\) and \(2, 2\)"),
        ([[0], [1]], GOOD, r"\(2, 1\) and \(2, 2\)"),
        ([0, 1], [0.3, 0.7], r"\(2,\) and \(2,\)"),
        ([], np.zeros((0, 2)), r"n ≥ 1 rows"),
        ([0, 0], [[1.0], [1.0]], r"k ≥ 2 classes; got shape \(2, 1\)"),
        ([0.0, 1.0], GOOD, "dtype float64"),
        ([0, 2], GOOD, r"0\.\.1.*got 0\.\.2"),
        ([-1, 0], GOOD, r"got -1\.\.0"),
        ([0, 1], [[np.nan, 0.5], [0.4, 0.6]], r"shape \(2, 2\): 1 rows are not finite.*row 0"),
        ([0, 1], [[0.5, 0.5], [np.inf, 0.6]], "1 rows are not finite.*row 1"),
        ([0, 1], [[1.5, -0.5], [0.4, 0.6]], "not between 0 and 1"),
        ([0, 1], [[2.0, 1.0], [3.0, 4.0]], "not between 0 and 1"),
        ([0, 1], [[0.5, 0.4], [0.4, 0.6]], "not summing to 1"),
    ],
)
def test_refused(truth, probabilities, said):
    with pytest.raises(ValueError, match=said):
        check_scores(truth, probabilities)


def test_views():
    scores = check_scores(np.array([0, 0], dtype=np.uint8), np.array(GOOD, dtype=np.float32))
    assert (scores.n, scores.k) == (2, 2)
    assert scores.predicted.tolist() == [0, 1]
    assert scores.correct.tolist() == [True, False]
    assert scores.confidence == pytest.approx([0.7, 0.6])
    assert scores.of_truth == pytest.approx([0.7, 0.4])

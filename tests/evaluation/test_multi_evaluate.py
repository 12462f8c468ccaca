"""A MultiEvaluation says what the predictions were, and survives JSON."""

import json
import math

import numpy as np
import pytest
import sklearn.metrics as sk

from albumart.evaluation.evaluate import most_typical
from albumart.evaluation.multi_evaluate import (
    MultiEvaluation,
    evaluate_multi_predictions,
    multi_most_confused,
    multi_top_losses,
)
from albumart.evaluation.multi_metrics import MULTI_METRICS
from albumart.evaluation.multi_scores import check_multi_scores, label_shares

LABELS = ("brooding", "earnest", "playful", "wry")


def made_scores(n=150, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random((n, 4)) < (0.2, 0.5, 0.3, 0.1)
    shares = 1 / (1 + np.exp(-rng.normal(size=(n, 4)) - 1.5 * truth + 1))
    return check_multi_scores(truth, shares, order=np.where(truth, truth.cumsum(axis=1), 0))


@pytest.fixture(scope="module")
def evaluation():
    scores = made_scores()
    return evaluate_multi_predictions(
        scores, LABELS, groups=np.arange(150) // 2, shares=label_shares(scores.truth)
    )


def test_metrics_are_the_table_s_that_apply(evaluation):
    expected = [name for name in MULTI_METRICS if name != "label_cosine"]
    for numbers in (evaluation.metrics, evaluation.popularity, evaluation.gain):
        assert list(numbers) == expected
    assert (evaluation.n, evaluation.labels, evaluation.threshold) == (150, LABELS, 0.5)


def test_gain_over_popularity_is_the_difference(evaluation):
    for name, gain in evaluation.gain.items():
        own, popular = evaluation.metrics[name], evaluation.popularity[name]
        assert gain.value == pytest.approx(own.value - popular.value)
    assert evaluation.gain["macro_roc_auc"].low > 0
    assert evaluation.popularity["macro_roc_auc"].value == pytest.approx(0.5)


def test_labels_equal_sklearn_s(evaluation):
    scores = made_scores()
    truth, shares = scores.truth, scores.probabilities
    precision, recall, _, support = sk.precision_recall_fscore_support(truth, shares >= 0.5)
    areas = sk.roc_auc_score(truth, shares, average=None)
    curves = sk.average_precision_score(truth, shares, average=None)
    assert [one.name for one in evaluation.per_label] == list(LABELS)
    assert [one.support for one in evaluation.per_label] == support.tolist()
    for number, one in enumerate(evaluation.per_label):
        assert one.precision.value == pytest.approx(precision[number], abs=1e-9)
        assert one.recall.value == pytest.approx(recall[number], abs=1e-9)
        assert one.roc_auc.value == pytest.approx(areas[number], abs=1e-9)
        assert one.average_precision.value == pytest.approx(curves[number], abs=1e-9)
        for estimate in (one.precision, one.recall, one.roc_auc, one.average_precision):
            assert 0 <= estimate.low < estimate.value < estimate.high <= 1


def test_round_trip_through_json(evaluation):
    text = json.dumps(evaluation.to_dict(), allow_nan=False)
    assert MultiEvaluation.from_dict(json.loads(text)) == evaluation


def test_a_label_that_nobody_has_is_undefined_and_survives_json():
    scores = check_multi_scores([[1, 0], [0, 0], [1, 0]], [[0.9, 0.2], [0.3, 0.1], [0.2, 0.4]])
    got = evaluate_multi_predictions(scores, "ab", groups=range(3), shares=[0.5, 0.1])
    lonely = got.per_label[1]
    assert lonely.support == 0
    assert math.isnan(lonely.average_precision.value)
    assert math.isnan(lonely.roc_auc.value)
    assert math.isnan(lonely.recall.value)
    assert MultiEvaluation.from_dict(got.to_dict()) == got


def test_same_input_same_numbers(evaluation):
    scores = made_scores()
    again = evaluate_multi_predictions(
        scores, LABELS, groups=np.arange(150) // 2, shares=label_shares(scores.truth)
    )
    assert again == evaluation


@pytest.mark.parametrize(("labels", "rows"), [(LABELS[:3], 150), (LABELS, 149)])
def test_labels_and_groups_must_fit(labels, rows):
    with pytest.raises(ValueError, match=rf"got {len(labels)} and \({rows},\)"):
        evaluate_multi_predictions(
            made_scores(), labels, groups=range(rows), shares=[0.1, 0.1, 0.1, 0.1]
        )


def test_threshold_moves_precision_and_recall():
    scores = made_scores()
    shares = label_shares(scores.truth)
    strict, lax = (
        evaluate_multi_predictions(
            scores, LABELS, groups=range(150), shares=shares, threshold=threshold
        )
        for threshold in (0.8, 0.2)
    )
    for some, most in zip(strict.per_label, lax.per_label, strict=True):
        assert some.recall.value <= most.recall.value
        assert some.precision.n <= most.precision.n


def test_most_confused_by_hand():
    truth = [[1, 0, 0], [1, 0, 0], [0, 1, 1], [0, 0, 0]]
    shares = [[0.1, 0.9, 0.2], [0.3, 0.8, 0.1], [0.9, 0.2, 0.5], [0.9, 0.9, 0.9]]
    # a is missed for b twice; of the two labels of row 2 c is found, and b is missed for a.
    scores = check_multi_scores(truth, shares)
    assert multi_most_confused(scores, "abc", 9) == (("a", "b", 2), ("b", "a", 1))
    assert multi_most_confused(scores, "abc", 1) == (("a", "b", 2),)


def test_top_losses_by_hand():
    truth = [[1, 0], [1, 0], [1, 1]]
    scores = check_multi_scores(truth, [[0.9, 0.1], [0.0, 0.2], [0.4, 0.5]])
    assert multi_top_losses(scores, 2).tolist() == [1, 2]
    assert multi_top_losses(scores, 9).tolist() == [1, 2, 0]


def test_most_typical_takes_probabilities_of_labels_too():
    scores = check_multi_scores([[1, 0], [0, 1]], [[0.9, 0.8], [0.95, 0.1]])
    assert most_typical(scores.probabilities, 0, 2).tolist() == [1, 0]
    assert most_typical(scores.probabilities, 1, 1).tolist() == [0]

"""An Evaluation says what the predictions were, and survives JSON."""

import json
import math

import numpy as np
import pytest
import sklearn.metrics as sk

from albumart.evaluation.evaluate import (
    Evaluation,
    correct,
    evaluate_predictions,
    most_confused,
    most_typical,
    top_losses,
)
from albumart.evaluation.intervals import wilson_by_group
from albumart.evaluation.metrics import METRICS

CLASSES = ("folk", "jazz", "metal", "pop")


def made_predictions(n=120, k=4, seed=1):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    shares = rng.dirichlet(np.ones(k), n)
    return truth, shares


@pytest.fixture(scope="module")
def evaluation():
    truth, shares = made_predictions()
    return evaluate_predictions(truth, shares, classes=CLASSES, groups=np.arange(120) // 2)


def test_metrics_are_the_table_s(evaluation):
    assert list(evaluation.metrics) == list(METRICS)
    assert evaluation.n == 120


def test_confusion_equals_sklearn_s(evaluation):
    truth, shares = made_predictions()
    expected = sk.confusion_matrix(truth, shares.argmax(axis=1), labels=range(4))
    assert np.array_equal(evaluation.confusion, expected)


def test_precision_and_recall_equal_sklearn_s(evaluation):
    truth, shares = made_predictions()
    precision, recall, _, support = sk.precision_recall_fscore_support(
        truth, shares.argmax(axis=1), labels=range(4)
    )
    assert [c.name for c in evaluation.per_class] == list(CLASSES)
    assert [c.support for c in evaluation.per_class] == support.tolist()
    assert [c.precision.value for c in evaluation.per_class] == pytest.approx(precision, abs=1e-9)
    assert [c.recall.value for c in evaluation.per_class] == pytest.approx(recall, abs=1e-9)


def test_precision_and_recall_have_intervals_by_group():
    truth, shares = (np.repeat(part, 3, axis=0) for part in made_predictions())
    groups = np.repeat(range(120), 3)
    thrice = evaluate_predictions(truth, shares, classes=CLASSES, groups=groups)
    by_row = evaluate_predictions(truth, shares, classes=CLASSES, groups=range(360))
    alone = evaluate_predictions(*made_predictions(), classes=CLASSES, groups=range(120))
    said = np.argmax(shares, axis=1)
    for number, scores in enumerate(
        zip(thrice.per_class, by_row.per_class, alone.per_class, strict=True)
    ):
        for name, among in (("precision", said == number), ("recall", truth == number)):
            found, rows, once = (getattr(score, name) for score in scores)
            assert found == wilson_by_group((said == truth)[among], groups[among])
            assert found.low < rows.low
            assert found.high > rows.high
            assert found.low == pytest.approx(once.low, abs=0.02)


def test_round_trip_through_json(evaluation):
    assert Evaluation.from_dict(json.loads(json.dumps(evaluation.to_dict()))) == evaluation


def test_round_trip_with_a_class_that_is_never_seen_nor_said():
    shares = np.array([[0.6, 0.4, 0.0], [0.3, 0.7, 0.0]])
    lonely = evaluate_predictions([0, 1], shares, classes="abc", groups=["x", "y"])
    text = json.dumps(lonely.to_dict(), allow_nan=False)
    back = Evaluation.from_dict(json.loads(text))
    assert back == lonely
    assert math.isnan(back.per_class[2].recall.value)
    assert (back.per_class[2].recall.low, back.per_class[2].recall.high) == (0, 1)


def test_another_shape_of_json_is_refused():
    with pytest.raises(ValueError, match="confusion"):
        Evaluation.from_dict({"n": 1})


def test_same_input_same_numbers(evaluation):
    truth, shares = made_predictions()
    again = evaluate_predictions(truth, shares, classes=CLASSES, groups=np.arange(120) // 2)
    assert again == evaluation


@pytest.mark.parametrize(
    ("classes", "groups"), [(CLASSES[:3], np.arange(120)), (CLASSES, np.arange(119))]
)
def test_classes_and_groups_must_fit(classes, groups):
    truth, shares = made_predictions()
    with pytest.raises(ValueError, match=rf"got {len(classes)} and \({len(groups)},\)"):
        evaluate_predictions(truth, shares, classes=classes, groups=groups)


def test_correct():
    assert correct([0, 0], [[0.6, 0.4], [0.4, 0.6]]).tolist() == [True, False]


def test_most_confused_names_the_commonest_mistakes():
    eye = np.eye(3)
    truth = [0, 0, 0, 1, 2, 2]
    got = evaluate_predictions(truth, eye[[1, 1, 0, 2, 2, 2]], classes="abc", groups=range(6))
    assert most_confused(got, 5) == (("a", "b", 2), ("b", "c", 1))
    assert most_confused(got, 1) == (("a", "b", 2),)


def test_top_losses_are_wrong_and_the_surest_first():
    shares = [[0.9, 0.1], [0.6, 0.4], [0.99, 0.01], [0.2, 0.8]]
    assert top_losses([0, 1, 1, 1], shares, 5).tolist() == [2, 1]
    assert top_losses([0, 1, 1, 1], shares, 1).tolist() == [2]


def test_most_typical():
    shares = [[0.9, 0.1], [0.6, 0.4], [0.99, 0.01]]
    assert most_typical(shares, 0, 2).tolist() == [2, 0]
    assert most_typical(shares, 1, 1).tolist() == [1]

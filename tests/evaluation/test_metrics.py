"""Each metric against scikit-learn to 1e-9, or by hand where scikit-learn has none."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.evaluation.metrics import METRICS, estimate_metric, estimate_metrics
from albumart.evaluation.scores import check_scores


def made_predictions(n=300, k=5, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) * 2
    logits[np.arange(n), truth] += 1
    shares = np.exp(logits)
    return truth, shares / shares.sum(axis=1, keepdims=True)


def log_loss(truth, shares):
    return sk.log_loss(truth, shares, labels=range(shares.shape[1]))


def brier(truth, shares):
    labels = range(shares.shape[1])
    return sk.brier_score_loss(truth, shares, labels=labels, scale_by_half=False)


def top_3(truth, shares):
    return sk.top_k_accuracy_score(truth, shares, k=3, labels=range(shares.shape[1]))


def ece(truth, shares):
    """The definition, one bin after the other."""
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == truth
    total = 0.0
    for low, high in ((b / 15, (b + 1) / 15) for b in range(15)):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


PEERS = {
    "accuracy": lambda truth, shares: sk.accuracy_score(truth, shares.argmax(1)),
    "balanced_accuracy": lambda truth, shares: sk.balanced_accuracy_score(truth, shares.argmax(1)),
    "macro_f1": lambda truth, shares: sk.f1_score(truth, shares.argmax(1), average="macro"),
    "top3_accuracy": top_3,
    "cohen_kappa": lambda truth, shares: sk.cohen_kappa_score(truth, shares.argmax(1)),
    "log_loss": log_loss,
    "brier": brier,
    "ece": ece,
}


def value_of(name, truth, shares):
    metric, scores = METRICS[name], check_scores(truth, shares)
    return float(metric.combine(metric.terms(scores).sum(axis=0, keepdims=True))[0])


def test_every_metric_has_a_peer():
    assert set(PEERS) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("k", [4, 10])
def test_value_equals_its_peer(name, k):
    truth, shares = made_predictions(k=k)
    assert value_of(name, truth, shares) == pytest.approx(PEERS[name](truth, shares), abs=1e-9)


@pytest.mark.filterwarnings("ignore:A single label was found")
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 12), seed=st.integers(0, 10_000))
def test_value_equals_its_peer_where_classes_are_missing(name, n, seed):
    truth, shares = made_predictions(n=n, seed=seed)
    if name == "cohen_kappa" and len({*truth, *shares.argmax(1)}) == 1:
        assert math.isnan(value_of(name, truth, shares))
    else:
        assert value_of(name, truth, shares) == pytest.approx(PEERS[name](truth, shares), abs=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_interval_holds_the_value_and_is_not_a_point(name):
    truth, shares = made_predictions()
    got = estimate_metric(METRICS[name], check_scores(truth, shares), np.arange(300) // 2)
    assert got.low < got.value < got.high
    assert got.n == 300


def test_log_loss_of_a_confident_error_is_finite_and_sklearn_s():
    truth, shares = np.array([0, 1, 2]), np.eye(3)[[1, 1, 2]]
    assert value_of("log_loss", truth, shares) == pytest.approx(log_loss(truth, shares), abs=1e-9)


def test_ece_by_hand():
    # Bin (9/15, 10/15] holds .65 twice, one right: gap .15. Bin (13/15, 14/15] holds .9, right: .1.
    truth = [0, 1, 0]
    shares = [[0.65, 0.35], [0.65, 0.35], [0.9, 0.1]]
    assert value_of("ece", truth, shares) == pytest.approx((2 * 0.15 + 1 * 0.1) / 3)


def test_brier_by_hand():
    assert value_of("brier", [0], [[0.6, 0.4]]) == pytest.approx(0.4**2 + 0.4**2)


def test_of_equal_probabilities_the_first_three_count():
    even = np.full((5, 5), 0.2)
    assert value_of("top3_accuracy", np.arange(5), even) == pytest.approx(3 / 5)


def test_top3_is_left_out_where_three_is_everything():
    truth, shares = made_predictions(k=3)
    assert set(METRICS) - set(estimate_metrics(check_scores(truth, shares), truth)) == {
        "top3_accuracy"
    }


@pytest.mark.parametrize("name", METRICS)
def test_people_can_read_it(name):
    assert METRICS[name].title[0].isupper()
    assert len(METRICS[name].meaning) > 20

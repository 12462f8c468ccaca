"""Each multi-label metric against scikit-learn to 1e-9, or by hand where scikit-learn has none."""

import math
import time

import numpy as np
import pytest
import sklearn.metrics as sk

from albumart.evaluation.gains import discounted_gain, graded_relevance
from albumart.evaluation.multi_metrics import (
    MULTI_METRICS,
    applicable_metrics,
    compare_multi_metrics,
    estimate_multi_metric,
    estimate_multi_metrics,
)
from albumart.evaluation.multi_scores import by_popularity, check_multi_scores


def made_scores(n=120, k=9, seed=0, levels=None):
    """Each label occurs, each row has one; with levels there are ties."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n, k)) < np.geomspace(0.08, 0.5, k)
    truth[np.arange(n), rng.integers(0, k, n)] = True
    shares = 1 / (1 + np.exp(-rng.normal(size=(n, k)) - truth))
    if levels:
        shares = np.round(shares * levels) / levels
    order = np.zeros((n, k), dtype=np.int64)
    for row in range(n):
        names = rng.permutation(np.flatnonzero(truth[row]))
        order[row, names] = np.arange(1, len(names) + 1)
    return check_multi_scores(truth, shares, order=order, vectors=rng.normal(size=(k, 12)))


def cosine(scores):
    """One row after the other."""
    from sklearn.metrics.pairwise import cosine_similarity

    found = [
        cosine_similarity(
            scores.vectors[row].sum(axis=0)[None, :], (shares @ scores.vectors)[None, :]
        )[0, 0]
        for row, shares in zip(scores.truth, scores.probabilities, strict=True)
    ]
    return np.mean(found)


def averaged(metric, average):
    return lambda scores: metric(scores.truth, scores.probabilities, average=average)


PEERS = {
    "micro_pr_auc": averaged(sk.average_precision_score, "micro"),
    "macro_pr_auc": averaged(sk.average_precision_score, "macro"),
    "micro_roc_auc": averaged(sk.roc_auc_score, "micro"),
    "macro_roc_auc": averaged(sk.roc_auc_score, "macro"),
    "map": averaged(sk.average_precision_score, "samples"),
    "coverage": lambda scores: sk.coverage_error(scores.truth, scores.probabilities),
    "ndcg_at_5": lambda scores: sk.ndcg_score(
        graded_relevance(scores.order), scores.probabilities, k=5
    ),
    "label_cosine": cosine,
}


def value_of(name, scores):
    return float(MULTI_METRICS[name].prepare(scores)(np.ones((1, scores.n)))[0])


def test_every_metric_has_a_peer():
    assert set(PEERS) == set(MULTI_METRICS)


@pytest.mark.parametrize("name", MULTI_METRICS)
@pytest.mark.parametrize("levels", [None, 5])
@pytest.mark.parametrize("k", [3, 9])
def test_value_equals_its_peer(name, levels, k):
    scores = made_scores(k=k, levels=levels)
    assert value_of(name, scores) == pytest.approx(PEERS[name](scores), abs=1e-9)


def test_map_is_sklearn_s_label_ranking_average_precision():
    scores = made_scores(levels=7)
    expected = sk.label_ranking_average_precision_score(scores.truth, scores.probabilities)
    assert value_of("map", scores) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", MULTI_METRICS)
def test_a_weighted_value_is_that_of_repeated_rows(name):
    scores = made_scores()
    drawn = np.random.default_rng(0).integers(0, scores.n, scores.n)
    weights = np.bincount(drawn, minlength=scores.n)[None, :].astype(float)
    got = MULTI_METRICS[name].prepare(scores)(weights)[0]
    assert got == pytest.approx(value_of(name, scores.take(drawn)), abs=1e-9)


@pytest.mark.parametrize("name", MULTI_METRICS)
def test_interval_holds_the_value_and_is_not_a_point(name):
    got = estimate_multi_metric(MULTI_METRICS[name], made_scores(), np.arange(120) // 2)
    assert got.low < got.value < got.high
    assert got.n == 120


@pytest.mark.parametrize("name", MULTI_METRICS)
def test_perfect_answers_get_the_best_value_and_no_more(name):
    scores = made_scores()
    perfect = check_multi_scores(
        scores.truth,
        np.where(scores.truth, 0.9 - scores.order / 100, 0.0),
        order=scores.order,
        vectors=scores.vectors,
        answers=scores.truth @ scores.vectors,
    )
    got = estimate_multi_metric(MULTI_METRICS[name], perfect, range(120), resamples=100)
    best = scores.truth.sum(axis=1).mean() if name == "coverage" else 1
    assert got.value == pytest.approx(best)
    assert MULTI_METRICS[name].bounds[0] <= got.low <= got.high <= MULTI_METRICS[name].bounds[1]


def test_alone_or_together_the_numbers_are_the_same():
    scores, groups = made_scores(), np.arange(120) // 3
    together = estimate_multi_metrics(scores, groups, resamples=60, seed=5)
    assert list(together) == list(MULTI_METRICS)
    for name, metric in MULTI_METRICS.items():
        alone = estimate_multi_metric(metric, scores, groups, resamples=60, seed=5)
        assert alone == together[name]


def test_what_is_missing_leaves_its_metrics_out():
    scores = made_scores()
    bare = check_multi_scores(scores.truth, scores.probabilities)
    assert set(MULTI_METRICS) - set(applicable_metrics(bare)) == {"ndcg_at_5", "label_cosine"}
    for name, field in {"ndcg_at_5": "order", "label_cosine": "vectors"}.items():
        with pytest.raises(ValueError, match=field):
            MULTI_METRICS[name].prepare(bare)


def test_labels_that_do_not_occur_are_left_out_of_macro_averages():
    scores = made_scores()
    truth = scores.truth.copy()
    truth[:, 0] = False
    got = check_multi_scores(truth, scores.probabilities)
    rest = check_multi_scores(truth[:, 1:], scores.probabilities[:, 1:])
    assert value_of("macro_pr_auc", got) == pytest.approx(PEERS["macro_pr_auc"](rest), abs=1e-9)
    assert value_of("macro_roc_auc", got) == pytest.approx(PEERS["macro_roc_auc"](rest), abs=1e-9)


@pytest.mark.parametrize("name", ["map", "coverage", "ndcg_at_5", "label_cosine"])
def test_covers_without_labels_are_left_out_of_means_over_covers(name):
    scores = made_scores()
    truth, order = scores.truth.copy(), scores.order.copy()
    truth[:7], order[:7] = False, 0
    got = check_multi_scores(truth, scores.probabilities, order=order, vectors=scores.vectors)
    rest = scores.take(np.arange(7, 120))
    assert value_of(name, got) == pytest.approx(PEERS[name](rest), abs=1e-9)


@pytest.mark.parametrize("name", MULTI_METRICS)
def test_where_nothing_is_true_nothing_is_defined(name):
    empty = np.zeros((4, 3), dtype=bool)
    scores = check_multi_scores(
        empty, np.full((4, 3), 0.5), order=empty.astype(int), vectors=np.eye(3)
    )
    got = estimate_multi_metric(MULTI_METRICS[name], scores, range(4))
    assert all(math.isnan(number) for number in (got.value, got.low, got.high))


def test_relevance_falls_from_five_to_one():
    order = np.array([[1, 2, 3, 4, 5, 6, 7, 0]])
    assert graded_relevance(order).tolist() == [[5, 4, 3, 2, 1, 1, 1, 0]]


def test_ndcg_by_hand():
    # Named: the second label (4), a wrong one (0), the first (5); the best order is 5, 4.
    relevance = np.array([[5.0, 4.0, 0.0]])
    got = discounted_gain(relevance, np.array([[0.1, 0.9, 0.5]]))
    dcg = 4 / math.log2(2) + 0 / math.log2(3) + 5 / math.log2(4)
    ideal = 5 / math.log2(2) + 4 / math.log2(3)
    assert got == pytest.approx([dcg / ideal])


def test_ndcg_of_equal_scores_shares_the_gain_by_hand():
    got = discounted_gain(np.array([[5.0, 0.0]]), np.array([[0.5, 0.5]]))
    assert got == pytest.approx([2.5 * (1 + 1 / math.log2(3)) / 5])


def test_ndcg_looks_at_five_and_no_further():
    relevance = np.array([[0.0, 0, 0, 0, 0, 5]])
    assert discounted_gain(relevance, np.array([[6.0, 5, 4, 3, 2, 1]])).tolist() == [0]


def test_cosine_by_hand():
    # True: both axes, so 45°. Said: 0.8 of one and 0.6 of the other.
    scores = check_multi_scores([[1, 1]], [[0.8, 0.6]], vectors=np.eye(2))
    assert value_of("label_cosine", scores) == pytest.approx(1.4 / math.sqrt(2))


def test_cosine_of_a_model_that_answers_in_label_space():
    scores = check_multi_scores([[1, 0]], [[0, 0.9]], vectors=np.eye(2), answers=[[3.0, 0.0]])
    assert value_of("label_cosine", scores) == pytest.approx(1)


def test_popularity_is_a_coin_for_each_label_but_not_over_all():
    scores = made_scores()
    popular = by_popularity(scores, scores.truth.mean(axis=0))
    assert value_of("macro_roc_auc", popular) == pytest.approx(0.5)
    assert value_of("macro_pr_auc", popular) == pytest.approx(scores.truth.mean())
    assert value_of("micro_roc_auc", popular) > 0.6


def test_comparison_is_paired():
    scores = made_scores()
    worse = check_multi_scores(
        scores.truth,
        0.9 * scores.probabilities + 0.1 * np.random.default_rng(1).random(scores.truth.shape),
        order=scores.order,
    )
    got = compare_multi_metrics(scores, worse, range(120), resamples=200)
    assert list(got.difference) == [name for name in MULTI_METRICS if name != "label_cosine"]
    for name, difference in got.difference.items():
        assert difference.value == pytest.approx(got.a[name].value - got.b[name].value)
        assert difference.high - difference.low < got.a[name].high - got.a[name].low
    assert got.a == {
        name: estimate
        for name, estimate in estimate_multi_metrics(scores, range(120), resamples=200).items()
        if name != "label_cosine"
    }


def test_comparison_wants_the_same_rows():
    with pytest.raises(ValueError, match="other truth"):
        compare_multi_metrics(made_scores(seed=1), made_scores(seed=2), range(120))


def test_five_thousand_covers_and_167_moods_are_resampled_within_the_minute():
    scores = made_scores(5000, 167)
    started = time.process_time()
    estimate_multi_metrics(scores, range(5000), resamples=50)
    assert time.process_time() - started < 15  # a thousand resamples, on one core: 15 s


@pytest.mark.parametrize("name", MULTI_METRICS)
def test_people_can_read_it(name):
    assert MULTI_METRICS[name].title != name
    assert len(MULTI_METRICS[name].meaning) > 20

"""Weighted rankings against scikit-learn to 1e-9, ties and weights included."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.evaluation import ranking
from albumart.evaluation.ranking import rank_cells


def made(n=40, k=4, seed=0, levels=1000):
    """Truth in which each label occurs and misses; few levels make many ties."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n, k)) < 0.3
    truth[0], truth[1] = True, False
    return truth, rng.integers(0, levels, (n, k)) / levels


def cell_weights(weights, k):
    return np.repeat(weights, k)


cases = st.tuples(st.integers(2, 30), st.integers(1, 5), st.integers(0, 999), st.integers(1, 40))


@settings(max_examples=60, deadline=None)
@given(cases)
def test_all_cells_at_once_equal_sklearn_s_weighted(case):
    n, k, seed, levels = case
    truth, scores = made(n, k, seed, levels)
    ranked = rank_cells(truth, scores, by_column=False)
    weights = np.random.default_rng(seed).integers(0, 4, (3, n)).astype(float)
    weights[:, :2] += 1
    for row, precision, area in zip(
        weights, ranked.average_precision(weights), ranked.roc_auc(weights), strict=True
    ):
        cells = cell_weights(row, k)
        expected = sk.average_precision_score(truth.ravel(), scores.ravel(), sample_weight=cells)
        assert precision == pytest.approx([expected], abs=1e-9)
        expected = sk.roc_auc_score(truth.ravel(), scores.ravel(), sample_weight=cells)
        assert area == pytest.approx([expected], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(cases)
def test_each_column_equals_sklearn_s_weighted(case):
    n, k, seed, levels = case
    truth, scores = made(n, k, seed, levels)
    ranked = rank_cells(truth, scores, by_column=True)
    weights = np.random.default_rng(seed).integers(0, 4, (2, n)).astype(float)
    weights[:, :2] += 1
    for row, precision, area in zip(
        weights, ranked.average_precision(weights), ranked.roc_auc(weights), strict=True
    ):
        expected = sk.average_precision_score(truth, scores, average=None, sample_weight=row)
        assert precision == pytest.approx(np.atleast_1d(expected), abs=1e-9)
        expected = sk.roc_auc_score(truth, scores, average=None, sample_weight=row)
        assert area == pytest.approx(np.atleast_1d(expected), abs=1e-9)


def test_a_weight_is_a_row_repeated():
    truth, scores = made(12, 3, 5, 6)
    drawn = np.random.default_rng(0).integers(0, 12, 12)
    weights = np.bincount(drawn, minlength=12)[None, :].astype(float)
    whole = rank_cells(truth, scores, by_column=False)
    again = rank_cells(truth[drawn], scores[drawn], by_column=False)
    ones = np.ones((1, 12))
    assert whole.average_precision(weights) == pytest.approx(again.average_precision(ones))
    assert whole.roc_auc(weights) == pytest.approx(again.roc_auc(ones))


def test_columns_without_a_true_cell_are_no_question():
    truth = np.array([[0, 1, 0], [0, 0, 0], [0, 1, 1]], dtype=bool)
    ranked = rank_cells(truth, np.arange(9.0).reshape(3, 3), by_column=True)
    assert ranked.questions.tolist() == [1, 2]
    assert ranked.average_precision(np.ones((2, 3))).shape == (2, 2)


@pytest.mark.parametrize("by_column", [True, False])
def test_nothing_true_is_no_question_at_all(by_column):
    ranked = rank_cells(np.zeros((3, 2), bool), np.ones((3, 2)), by_column=by_column)
    assert ranked.average_precision(np.ones((4, 3))).shape == (4, 0)
    assert ranked.roc_auc(np.ones((4, 3))).shape == (4, 0)


def test_undefined_where_only_true_or_only_false_rows_count():
    ranked = rank_cells(np.array([[True], [False]]), np.array([[0.9], [0.1]]), by_column=True)
    weights = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert ranked.average_precision(weights)[:, 0] == pytest.approx([1, np.nan, 1], nan_ok=True)
    assert ranked.roc_auc(weights)[:, 0] == pytest.approx([np.nan, np.nan, 1], nan_ok=True)


def test_chunks_do_not_change_the_answer(monkeypatch):
    truth, scores = made()
    weights = np.random.default_rng(1).integers(0, 3, (9, 40)).astype(float)
    ranked = rank_cells(truth, scores, by_column=True)
    at_once = ranked.average_precision(weights)
    monkeypatch.setattr(ranking, "CHUNK_CELLS", 1)
    assert np.array_equal(ranked.average_precision(weights), at_once, equal_nan=True)

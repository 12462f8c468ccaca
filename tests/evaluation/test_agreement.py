"""Kappa against scikit-learn to 1e-9; who is not sure is counted, and not guessed for."""

import math
import warnings

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.evaluation.agreement import (
    NOT_SURE,
    evaluate_agreement,
    evaluate_agreements,
    evaluate_label_agreement,
)

WORDS = ("jazz", "metal", "pop")


def made_answers(n=200, seed=0):
    """Two raters who agree rather often."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 3, n)
    second = np.where(rng.random(n) < 0.6, first, rng.integers(0, 3, n))
    return [WORDS[code] for code in first], [WORDS[code] for code in second]


def test_kappa_equals_sklearn_s():
    first, second = made_answers()
    got = evaluate_agreement(first, second, range(200))
    assert got.kappa.value == pytest.approx(sk.cohen_kappa_score(first, second), abs=1e-9)
    assert got.kappa.low < got.kappa.value < got.kappa.high
    assert got.observed.value == pytest.approx(sk.accuracy_score(first, second), abs=1e-9)
    assert (got.asked, got.unsure, got.kappa.n) == (200, (0, 0), 200)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=9))
def test_kappa_of_anything_equals_sklearn_s(pairs):
    first, second = zip(*pairs, strict=True)
    got = evaluate_agreement(first, second, ["all"] * len(pairs)).kappa.value
    if len({*first, *second}) == 1:
        assert math.isnan(got)
    else:
        assert got == pytest.approx(sk.cohen_kappa_score(first, second), abs=1e-9)


def test_kappa_by_hand():
    # 20 + 15 of 50 alike: 0.7. By chance 25/50 · 30/50 + 25/50 · 20/50 = 0.5. (0.7 − 0.5)/0.5.
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    got = evaluate_agreement(first, second, range(50))
    assert got.kappa.value == pytest.approx(0.4)
    assert got.observed.value == pytest.approx(0.7)


def test_the_share_said_alike_has_an_interval_by_group():
    first, second = (list(np.repeat(part, 3)) for part in made_answers(60))
    by_group = evaluate_agreement(first, second, np.repeat(range(60), 3)).observed
    by_row = evaluate_agreement(first, second, range(180)).observed
    assert by_group.value == by_row.value
    assert by_group.low < by_row.low - 0.02


def test_not_sure_is_left_out_and_counted():
    first, second = made_answers()
    sure = evaluate_agreement(first, second, range(200))
    got = evaluate_agreement([*first, None, None, "pop"], [*second, "jazz", None, None], range(203))
    assert (got.asked, got.unsure) == (203, (2, 2))
    assert (got.kappa, got.observed) == (sure.kappa, sure.observed)


def test_two_who_never_both_answer_have_no_kappa():
    got = evaluate_agreement(["pop", None], [None, "pop"], range(2))
    assert (got.asked, got.unsure, got.observed.n, got.kappa.n) == (2, (1, 1), 0, 0)
    assert math.isnan(got.kappa.value)
    assert math.isnan(got.observed.value)


def test_interval_is_drawn_by_group():
    first, second = made_answers()
    apart = evaluate_agreement(first * 4, second * 4, range(800)).kappa
    together = evaluate_agreement(first * 4, second * 4, list(range(200)) * 4).kappa
    assert apart.value == pytest.approx(together.value)
    assert together.high - together.low > 1.7 * (apart.high - apart.low)


@pytest.mark.parametrize(("second", "groups"), [(["a"], [1, 2]), (["a", "b"], [1])])
def test_lengths_must_fit(second, groups):
    with pytest.raises(ValueError, match=rf"got 2, {len(second)} and {len(groups)}"):
        evaluate_agreement(["a", "b"], second, groups)


def test_every_pair_of_raters():
    first, second = made_answers()
    raters = {"model": first, "Ann": second, "Ben": first}
    got = evaluate_agreements(raters, range(200))
    assert list(got) == [("model", "Ann"), ("model", "Ben"), ("Ann", "Ben")]
    assert got["model", "Ben"].kappa.value == 1
    assert got["model", "Ann"] == evaluate_agreement(first, second, range(200))


def made_votes(n=120, k=5, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.random((n, k)) < 0.4
    return first, np.where(rng.random((n, k)) < 0.7, first, rng.random((n, k)) < 0.4)


def test_kappa_of_each_label_equals_sklearn_s():
    first, second = made_votes()
    got = evaluate_label_agreement(first, second, range(120))
    expected = [sk.cohen_kappa_score(a, b) for a, b in zip(first.T, second.T, strict=True)]
    assert [kappa.value for kappa in got.per_label] == pytest.approx(expected, abs=1e-9)
    assert got.overall.kappa.value == pytest.approx(np.mean(expected), abs=1e-9)
    assert got.overall.observed.value == pytest.approx((first == second).mean(), abs=1e-9)
    for one in (got.overall.kappa, got.overall.observed, *got.per_label):
        assert one.low < one.value < one.high


def test_labels_not_sure_of_are_left_out_and_counted():
    first, second = (votes.astype(int) for votes in made_votes())
    first[:20, 0] = NOT_SURE
    second[10:30, 0] = NOT_SURE
    got = evaluate_label_agreement(first, second, range(120))
    expected = sk.cohen_kappa_score(first[30:, 0], second[30:, 0])
    assert got.per_label[0].value == pytest.approx(expected, abs=1e-9)
    assert [kappa.n for kappa in got.per_label] == [90, 120, 120, 120, 120]
    assert (got.overall.asked, got.overall.unsure) == (600, (20, 20))
    assert got.overall.kappa.n == 570


def test_a_label_that_both_always_deny_is_undefined_and_left_out_of_the_mean():
    first, second = made_votes()
    first[:, 2] = second[:, 2] = False
    got = evaluate_label_agreement(first, second, range(120))
    rest = [0, 1, 3, 4]
    assert math.isnan(got.per_label[2].value)
    expected = np.mean([sk.cohen_kappa_score(first[:, c], second[:, c]) for c in rest])
    assert got.overall.kappa.value == pytest.approx(expected, abs=1e-9)


def test_raters_who_answered_nothing_in_common():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = evaluate_label_agreement([[1], [NOT_SURE]], [[NOT_SURE], [1]], range(2))
    assert (got.overall.asked, got.overall.unsure, got.overall.kappa.n) == (2, (1, 1), 0)
    assert math.isnan(got.overall.kappa.value)
    assert math.isnan(got.overall.observed.value)
    assert math.isnan(got.per_label[0].value)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ([[1, 0]], [[1]], r"\(1, 2\) and \(1, 1\)"),
        ([1, 0], [1, 0], r"votes \(n, k\)"),
        ([[0.5]], [[1]], "float64"),
        ([[2]], [[1]], "not sure; got others"),
    ],
)
def test_votes_of_another_kind_are_refused(first, second, said):
    with pytest.raises(ValueError, match=said):
        evaluate_label_agreement(first, second, range(len(first)))

"""MEASURES: a candidate beside a champion, held to hand-computed figures and to scikit-learn."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from albumart.evaluation.rivals import MEASURES, Rivals, align_classes
from albumart.study import Promotion

K = 4
TRUTH = np.arange(200) % K


def single(candidate: np.ndarray, champion: np.ndarray | None = None) -> Rivals:
    """Rivals whose top answers are these class numbers; in the champion's, K is another class."""
    return Rivals(
        classes=("folk", "jazz", "metal", "soul"),
        truth=np.eye(K, dtype=bool)[TRUTH],
        shares=np.array([0.1, 0.2, 0.4, 0.3]),
        candidate=np.eye(K)[candidate],
        champion=None if champion is None else np.eye(K + 1)[champion],
        groups=np.array([f"g{n}" for n in range(len(TRUTH))]),
    )


def several(seed: int = 0) -> Rivals:
    """Covers with several labels; the candidate's answers have to do with them, by and large."""
    rng = np.random.default_rng(seed)
    truth = rng.random((120, K)) < [0.6, 0.3, 0.2, 0.1]
    return Rivals(
        classes=("calm", "dark", "gay", "sad"),
        truth=truth,
        shares=np.array([0.6, 0.3, 0.2, 0.1]),
        candidate=np.clip(truth * 0.4 + rng.random(truth.shape) * 0.6, 0, 1),
        champion=np.column_stack([rng.random(truth.shape), np.zeros(120)]),
        groups=np.array([f"g{n // 2}" for n in range(120)]),
    )


def test_a_study_may_name_every_measure() -> None:
    named = Promotion.model_fields["metric"].annotation
    assert set(get_args(named)) == set(MEASURES)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("rivals", [single(TRUTH // 2), several()], ids=["one", "several"])
def test_a_figure_is_the_same_with_and_without_its_interval(name: str, rivals: Rivals) -> None:
    measure = MEASURES[name]
    found = measure.of_answers(rivals.truth, rivals.candidate)
    assert found == pytest.approx(measure.value(rivals).value, abs=1e-12)


def test_accuracy_by_hand() -> None:
    candidate, champion = TRUTH.copy(), TRUTH.copy()
    candidate[:40] = (TRUTH[:40] + 1) % K
    champion[100:200] = K  # a class that is not asked about here is never right
    rivals, measure = single(candidate, champion), MEASURES["accuracy"]
    assert measure.value(rivals).value == 160 / 200
    assert measure.floor(rivals) == 0.25
    assert rivals.champion is not None
    difference = measure.difference(rivals, rivals.champion)
    assert difference.value == pytest.approx(0.8 - 0.5)
    assert difference.low < 0.3 < difference.high
    assert measure.by_class(rivals.truth, rivals.candidate).tolist() == [0.8] * K
    assert measure.by_class(rivals.truth, rivals.champion).tolist() == [0.5] * K


def test_a_class_without_a_cover_has_no_figure() -> None:
    truth = np.eye(K, dtype=bool)[[0, 1, 1]]
    for measure in MEASURES.values():
        found = measure.by_class(truth, np.full((3, K), 0.25))
        assert np.isnan(found).tolist() == [False, False, True, True]


def test_micro_pr_auc_is_scikit_learns() -> None:
    rivals, measure = several(), MEASURES["micro_pr_auc"]
    expected = average_precision_score(rivals.truth, rivals.candidate, average="micro")
    assert measure.value(rivals).value == pytest.approx(expected, abs=1e-9)
    popular = np.broadcast_to(rivals.shares, rivals.truth.shape)
    expected = average_precision_score(rivals.truth, popular, average="micro")
    assert measure.floor(rivals) == pytest.approx(expected, abs=1e-9)
    expected = average_precision_score(rivals.truth, rivals.candidate, average=None)
    found = measure.by_class(rivals.truth, rivals.candidate)
    assert found == pytest.approx(expected, abs=1e-9)


def test_the_difference_in_micro_pr_auc_is_paired() -> None:
    rivals, measure = several(), MEASURES["micro_pr_auc"]
    assert rivals.champion is not None
    mine, theirs = (
        average_precision_score(rivals.truth, answers, average="micro")
        for answers in (rivals.candidate, rivals.champion[:, :-1])
    )
    difference = measure.difference(rivals, rivals.champion)
    assert difference.value == pytest.approx(mine - theirs, abs=1e-9)
    assert difference.low > 0
    same = measure.difference(rivals, np.column_stack([rivals.candidate, np.zeros(rivals.n)]))
    assert (same.value, same.low, same.high) == (0, 0, 0)


@given(st.permutations(["folk", "jazz", "metal", "soul", "pop"]), st.integers(0, 100))
def test_aligned_answers_say_the_same(known: list[str], seed: int) -> None:
    """Whatever the order of the champion's classes, and whichever of them are not asked about."""
    wanted = ("folk", "jazz", "rap")
    answers = np.random.default_rng(seed).random((6, len(known)))
    aligned = align_classes(answers, tuple(known), wanted)
    for row, told in zip(aligned, answers, strict=True):
        top = known[told.argmax()]
        assert row.argmax() == (wanted.index(top) if top in wanted else len(wanted))
        assert row[2] == 0

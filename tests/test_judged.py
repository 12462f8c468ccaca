"""What a model said, judged by the kind of the manifest's labels."""

import numpy as np
import pandas as pd
import pytest

from albumart.dataset.manifest import COLUMNS, Manifest, as_manifest_frame
from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.evaluation.multi_scores import MultiScores, check_multi_scores
from albumart.evaluation.scores import Scores
from albumart.judged import (
    carries_several,
    choose_label_threshold,
    estimate_figures,
    estimate_headline,
    evaluate_rows,
    headline_statistic,
    join_rows,
    judge_rows,
)

CLASSES = ("calm", "dark", "warm")
EMPTY = {"str": None, "object": None, "Int64": None, "int64": 300, "bool": False}
ORDERS = (("calm",), ("dark", "calm"), ("warm", "dark"), ("dark",))


def made(scheme: str) -> Manifest:
    rows = [
        {
            **{name: EMPTY[kind] for name, kind in COLUMNS.items()},
            "album": f"folder:{number:02}",
            "label": labels[0],
            "labels": labels if scheme != "single" else labels[:1],
            "genres": (),
            "group": f"group {number}",
            "split": "test" if number < 20 else "train",
        }
        for number in range(40)
        for labels in [ORDERS[number % 4]]
    ]
    return Manifest("made", CLASSES, as_manifest_frame(pd.DataFrame(rows)), {}, {"scheme": scheme})


def answers(rows: int) -> np.ndarray:
    told = np.random.default_rng(2).random((rows, 3)) + 0.1
    return np.asarray(told / told.sum(axis=1, keepdims=True))


TEST = np.arange(20)


def test_one_label_is_judged_as_a_class() -> None:
    manifest = made("single")
    judged = judge_rows(manifest, TEST, answers(20))
    assert isinstance(judged, Scores)
    assert not carries_several(manifest)
    assert judged.truth.tolist() == [0, 1, 2, 1] * 5
    assert isinstance(evaluate_rows(manifest, TEST, judged), Evaluation)
    assert "accuracy" in estimate_figures(judged, np.arange(20))


def test_several_labels_are_judged_by_ranking_and_ordered_ones_by_their_order() -> None:
    ordered, plain = made("ordered"), made("multi_hot")
    judged = judge_rows(ordered, TEST, answers(20))
    assert isinstance(judged, MultiScores)
    assert judged.order is not None
    assert judged.order[1].tolist() == [2, 1, 0]
    unordered = judge_rows(plain, TEST, answers(20))
    assert isinstance(unordered, MultiScores)
    assert unordered.order is None
    found = evaluate_rows(ordered, TEST, judged, threshold=0.3)
    assert isinstance(found, MultiEvaluation)
    assert found.threshold == 0.3
    assert found.metrics.keys() == estimate_figures(judged, np.arange(20)).keys()


@pytest.mark.parametrize("scheme", ["single", "ordered"])
def test_the_headline_of_joined_parts_is_that_of_the_whole(scheme: str) -> None:
    manifest, told = made(scheme), answers(20)
    whole = judge_rows(manifest, TEST, told)
    parts = [judge_rows(manifest, rows, told[rows]) for rows in (TEST[:8], TEST[8:])]
    joined = join_rows(parts)
    assert estimate_headline(joined, np.arange(20)) == estimate_headline(whole, np.arange(20))
    figures = estimate_figures(whole, np.arange(20))
    name = "accuracy" if scheme == "single" else "micro_pr_auc"
    assert estimate_headline(whole, np.arange(20)) == figures[name]


def test_of_no_rows_there_is_no_accuracy() -> None:
    judged = judge_rows(made("single"), TEST, answers(20))
    weights = np.array([[0.0] * 20, [1.0] * 20])
    nothing, everything = headline_statistic(judged)(weights)
    assert np.isnan(nothing)
    assert everything == pytest.approx(judged.correct.mean())  # type: ignore[union-attr]


def test_the_label_threshold_is_where_micro_f1_is_greatest() -> None:
    truth = np.array([[1, 0], [1, 1], [0, 0]], dtype=bool)
    told = np.array([[0.9, 0.4], [0.6, 0.6], [0.5, 0.1]])
    # From 0.6 on: three said, all true. From 0.9: one of three. From 0.5: a wrong one more.
    assert choose_label_threshold(check_multi_scores(truth, told)) == 0.6

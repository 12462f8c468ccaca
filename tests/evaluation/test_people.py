"""Figures of people: by hand, against the pieces they are made of, and of too few."""

import math

import numpy as np
import pytest

from albumart.evaluation.agreement import evaluate_agreement
from albumart.evaluation.intervals import paired_difference, wilson, wilson_by_group
from albumart.evaluation.people import (
    LEAST_ANSWERS,
    LEAST_COMMON,
    Player,
    Sheet,
    agree_on,
    evaluate_people,
    score_answers,
)

LABELS = ("folk", "jazz", "metal")


def made_sheet(n=60, *, several=False, seed=0):
    """The model is right on the first two thirds; every second row is of the group before."""
    rng = np.random.default_rng(seed)
    first = [LABELS[number] for number in rng.integers(0, 3, n)]
    labels = [
        (label, other) if several and label != other else (label,)
        for label, other in zip(first, reversed(first), strict=True)
    ]
    model = [
        label if row < 2 * n / 3 else LABELS[LABELS.index(label) - 1]
        for row, label in enumerate(first)
    ]
    return Sheet(labels, model, np.array([f"g{row // 2:02}" for row in range(n)]), several)


def made_player(sheet, name, rows, *, right=0.6, seed=1):
    rng = np.random.default_rng(seed)
    said = {
        row: sheet.labels[row][0] if rng.random() < right else LABELS[rng.integers(3)]
        for row in rows
    }
    return Player(name, said, [2.0, 3.0, 10.0])


def evaluate(sheet, *players):
    return evaluate_people(sheet, players, study="made", version=7)


def test_a_person_beside_the_model_on_the_same_covers():
    sheet = made_sheet()
    player = made_player(sheet, "Ada", range(0, 60, 2))
    (person,) = evaluate(sheet, player).people
    hits = [sheet.labels[row][0] == label for row, label in player.said.items()]
    model = [row < 40 for row in player.said]
    assert person.scores.people == wilson(sum(hits), 30)
    assert person.scores.model == wilson(sum(model), 30)
    assert person.scores.gain == paired_difference(hits, model, range(30))
    assert person.seconds == 3.0
    truth = [sheet.labels[row][0] for row in player.said]
    assert person.with_truth == evaluate_agreement([*player.said.values()], truth, range(30))
    assert person.with_model.kappa.value != person.with_truth.kappa.value


def test_answers_to_one_cover_are_no_evidence_of_two():
    sheet = made_sheet()
    rows = range(0, 60, 2)
    alone = evaluate(sheet, made_player(sheet, "Ada", rows)).pooled
    twins = [made_player(sheet, name, rows) for name in ("Ada", "Bo")]
    pooled = evaluate(sheet, *twins).pooled
    assert (pooled.answers, pooled.covers) == (60, 30)
    assert pooled.people.value == alone.people.value
    assert pooled.people.low == pytest.approx(alone.people.low, abs=0.01)
    assert wilson(round(60 * pooled.people.value), 60).low > pooled.people.low + 0.02
    groups = [sheet.groups[row] for row in (*rows, *rows)]
    hits = [sheet.labels[row][0] == label for twin in twins for row, label in twin.said.items()]
    assert pooled.people == wilson_by_group(hits, groups)


def test_of_few_answers_nothing_is_claimed():
    sheet = made_sheet()
    few = made_player(sheet, "Bo", range(LEAST_ANSWERS - 1))
    found = evaluate(sheet, few)
    assert (found.people, found.others, found.pooled) == ((), (9,), None)
    some = made_player(sheet, "Ada", range(LEAST_COMMON - 1))
    found = evaluate(sheet, few, some)
    assert [person.name for person in found.people] == ["Ada"]
    assert found.others == (9,)
    assert found.pooled.answers == 38
    person = found.people[0]
    assert person.scores.gain is person.with_model is person.with_truth is None
    assert evaluate(sheet).pooled is evaluate(sheet, Player("Cy", {3: None})).pooled is None


def test_people_come_by_answers_and_pairs_by_what_both_saw():
    sheet = made_sheet()
    players = [
        made_player(sheet, name, rows)
        for name, rows in (("Cy", range(20)), ("Ada", range(35)), ("Bo", range(5, 60)))
    ]
    found = evaluate(sheet, *players)
    assert [person.name for person in found.people] == ["Bo", "Ada", "Cy"]
    (pair,) = found.between
    assert (pair.first, pair.second, pair.agreement.asked) == ("Bo", "Ada", 30)


def test_not_sure_is_left_out_and_counted():
    sheet = made_sheet()
    said = {row: None if row % 3 == 0 else "jazz" for row in range(60)}
    (person,) = evaluate(sheet, Player("Ada", said)).people
    assert (person.scores.answers, person.scores.unsure) == (40, 20)
    assert person.seconds is None
    assert (person.with_model.asked, person.with_model.unsure) == (60, (20, 0))
    model = [row < 40 for row in said if row % 3]
    assert person.scores.model.value == pytest.approx(np.mean(model))
    assert score_answers(sheet, [Player("Bo", {3: None})]) is None


def test_of_several_labels_any_is_right_and_the_first_is_the_truth():
    sheet = made_sheet(several=True)
    second = {row: labels[-1] for row, labels in enumerate(sheet.labels)}
    (person,) = evaluate(sheet, Player("Ada", second)).people
    assert person.scores.people.value == 1
    assert person.with_truth.observed.value < 0.9


def test_who_always_says_the_same_has_no_kappa_in_json():
    sheet = made_sheet()
    one = dict.fromkeys(range(40), "jazz")
    found = agree_on(one, one, sheet.groups)
    assert math.isnan(found.kappa.value)
    told = evaluate(sheet, Player("Ada", one), Player("Bo", one)).to_dict()
    assert told["between"][0]["agreement"]["kappa"]["value"] is None
    assert told["people"][0]["scores"]["answers"] == 40


def test_raters_who_share_nothing_do_not_agree():
    assert agree_on({1: "jazz"}, {2: "jazz"}, np.array(["a"] * 3), least=0) is None

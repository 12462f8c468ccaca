"""What the report says of people, of few of them, and of nobody."""

import re
from dataclasses import replace
from html import unescape

import pytest

from albumart.evaluation.intervals import Estimate
from albumart.reports import results
from albumart.reports.people import people


def said(body):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", str(body))).replace("\u00a0", " ").split())


def test_people_beside_the_model(full_report):
    told = said(people(full_report))
    assert told.startswith("3 people labelled 50 covers of the test split")
    assert "of 96 answers 41.2 % are right (95 % interval 31.1–52.2)" in told
    assert "On exactly the same covers this model gets 45.0 %" in told
    assert "People minus model, paired: −4.0 points (−13.0 to +5.0). The interval holds" in told
    assert "Ada this model 37 48.6 % 0.410 0.220–0.600" in told
    assert "Who gave fewer than 10 answers (1 did) has no line" in told
    assert "somebody was not sure: 3;" in told
    assert "<img src=x" not in str(people(full_report))
    assert "several" not in told.replace("several people", "")


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        ((0.1, 0.02, 0.2), "these people see more in a cover"),
        ((-0.1, -0.2, -0.02), "the model sees more in a cover"),
        ((0.0, float("nan"), float("nan")), "(–)"),
    ],
)
def test_the_verdict_is_that_of_the_interval(full_report, gain, verdict):
    pooled = replace(full_report.people.pooled, gain=Estimate(*gain, 96))
    found = replace(full_report.people, pooled=pooled)
    assert verdict in said(people(replace(full_report, people=found)))


def of_moods(full_report, multi_report):
    return replace(multi_report, people=replace(full_report.people, several=True))


def test_several_labels_are_explained(full_report, multi_report):
    told = said(people(of_moods(full_report, multi_report)))
    assert "A cover may carry several moods: who names one of them is right" in told
    assert "the first one stands for the labels" in told


def test_one_person_with_few_answers(full_report):
    found = full_report.people
    few = found.people[1]
    alone = replace(found, people=(few,), others=(), pooled=few.scores, between=())
    told = said(people(replace(full_report, people=alone)))
    assert told.startswith("One person labelled")
    assert "Of fewer than 30 answers no difference" in told
    assert "No two raters answered 30 covers in common yet" in told
    assert "square one person" in told


@pytest.mark.parametrize("pooled", [False, True])
def test_nobody_has_played(full_report, pooled):
    nobody = replace(full_report.people, people=(), pooled=None, between=()) if pooled else None
    told = said(people(replace(full_report, people=nobody)))
    assert told.endswith("Anybody may: run “albumart serve” and guess the genre.")
    assert "people, on" not in said(results.comparison(replace(full_report, people=nobody)))


def test_people_stand_beside_the_headline(full_report, multi_report):
    assert "people, on 50 of them 41.2 %" in said(results.comparison(full_report))
    assert "a fair sample" in said(results.comparison(full_report))
    assert "people, on" not in said(results.comparison(of_moods(full_report, multi_report)))

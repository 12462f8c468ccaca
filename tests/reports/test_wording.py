"""Numbers in words."""

import math
from dataclasses import replace

import pytest

from albumart.evaluation.intervals import Estimate
from albumart.reports.wording import (
    baseline_title,
    count,
    covers_word,
    duration,
    headline,
    number,
    number_range,
    percent,
    percent_range,
    verdict,
)

NAN = math.nan


@pytest.fixture
def report_like(minimal_report):
    def made(accuracy, majority=None):
        metrics = {"accuracy": Estimate(*accuracy)}
        baselines = {"majority": Estimate(majority, 0, 1, 560)} if majority is not None else {}
        evaluation = replace(minimal_report.evaluation, metrics=metrics)
        return replace(minimal_report, evaluation=evaluation, baselines=baselines)

    return made


def plain(text):
    return text.replace("\u00a0", " ")


def test_headline_of_the_brief(report_like):
    assert plain(headline(report_like((0.412, 0.371, 0.454, 560), majority=0.188))) == (
        "41.2 % of test covers get their genre right (95 % interval 37.1–45.4, n = 560); "
        "always guessing the most common genre gets 18.8 %."
    )


def test_headline_without_a_majority_ends_there(report_like):
    assert plain(headline(report_like((0.412, 0.371, 0.454, 560)))).endswith("n = 560).")


@pytest.mark.parametrize(
    ("accuracy", "majority", "said"),
    [
        ((0.4, 0.3, 0.5, 90), 0.2, "above guessing"),
        ((0.4, 0.3, 0.5, 90), 0.35, "reaches down to guessing"),
        ((0.4, 0.3, 0.5, 90), 0.6, "worse than no model"),
        ((0.4, 0.3, 0.5, 90), None, ""),
    ],
)
def test_verdict(report_like, accuracy, majority, said):
    assert said in verdict(report_like(accuracy, majority))


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (percent(0.4119), "41.2 %"),
        (percent(0.4119, 0), "41 %"),
        (percent(NAN), "–"),
        (percent_range(Estimate(0, 0.371, 0.454, 1)), "37.1–45.4"),
        (percent_range(Estimate(0, NAN, NAN, 1)), "–"),
        (number(-0.01), "−0.010"),
        (number(NAN), "–"),
        (number_range(Estimate(0, 0.1, 0.2, 1)), "0.100–0.200"),
        (number_range(Estimate(0, -0.1, 0.2, 1)), "−0.100 to 0.200"),
        (count(4444), "4,444"),
        (covers_word(1), "1 cover"),
        (covers_word(4444), "4,444 covers"),
        (duration(3.14), "3.1 s"),
        (duration(41.4), "41 s"),
        (duration(75.2), "1 min 15 s"),
        (baseline_title("majority", "mood"), "always guessing the most common mood"),
        (baseline_title("my_own_{x}", "mood"), "my own {x}"),
    ],
)
def test_numbers(got, expected):
    assert plain(got) == expected

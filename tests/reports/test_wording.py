"""Numbers in words."""

import math

import pytest

from albumart.evaluation.intervals import Estimate
from albumart.reports import wording
from albumart.reports.wording import (
    baseline_title,
    capital,
    count,
    covers_word,
    learning_rate,
    listed,
    number,
    number_range,
    percent,
    percent_range,
    plural,
    signed,
)

NAN = math.nan


def plain(text):
    return text.replace("\u00a0", " ")


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
        (learning_rate(0.002136), "0.0021"),
        (learning_rate(0.000212), "2.1e−4"),
        (learning_rate(1e-5), "1e−5"),
        (learning_rate(1.2e-11), "1.2e−11"),
        (learning_rate(10.0), "10"),
        (wording.plain(0.25), "0.25"),
        (wording.plain(0.0), "0"),
        (wording.plain(-2e-4), "−2e−4"),
        (signed(4.04), "+4.0"),
        (signed(-0.3), "−0.3"),
        (signed(0), "0.0"),
        (signed(NAN), "–"),
        (capital("micro PR-AUC"), "Micro PR-AUC"),
        (listed(["a"]), "a"),
        (listed(["a", "b", "c"]), "a, b and c"),
        (plural("mood"), "moods"),
        (baseline_title("majority", "mood"), "always guessing the most common mood"),
        (baseline_title("chance", "mood"), "guessing any mood at random"),
        (baseline_title("boosted_histograms", "mood"), "boosted trees on colour histograms"),
        (baseline_title("my_own_{x}", "mood"), "my own {x}"),
    ],
)
def test_numbers(got, expected):
    assert plain(got) == expected

"""The result in one sentence, for both kinds of evaluation."""

import math
from dataclasses import replace

import pytest

from albumart.evaluation.baselines import NotRun
from albumart.evaluation.intervals import Estimate
from albumart.reports.headline import (
    baseline_estimates,
    headline,
    headline_figure,
    score,
    verdict,
)

NAN = math.nan


def plain(text):
    return text.replace("\u00a0", " ")


@pytest.fixture
def report_like(minimal_report):
    def made(accuracy, majority=None):
        metrics = {"accuracy": Estimate(*accuracy)}
        baselines = {"majority": Estimate(majority, 0, 1, 560)} if majority is not None else {}
        evaluation = replace(minimal_report.evaluation, metrics=metrics)
        return replace(minimal_report, evaluation=evaluation, baselines=baselines)

    return made


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


@pytest.fixture
def multi_like(multi_report):
    def made(gain=(0.064, 0.05, 0.078, 1000)):
        evaluation = replace(
            multi_report.evaluation,
            metrics={"micro_pr_auc": Estimate(0.214, 0.2, 0.231, 1000)},
            popularity={"micro_pr_auc": Estimate(0.15, 0.14, 0.16, 1000)},
            gain={"micro_pr_auc": Estimate(*gain)},
        )
        return replace(multi_report, evaluation=evaluation)

    return made


def test_headline_of_several_labels_names_popularity_and_the_gain(multi_like):
    assert plain(headline(multi_like())) == (
        "Saying which moods a cover has, the model reaches a micro PR-AUC of 0.214 over 20 moods "
        "(95 % interval 0.200–0.231, n = 1,000); knowing only how common each mood is gets 0.150. "
        "The gain is +0.064 (95 % interval +0.050 to +0.078)."
    )


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        ((0.064, 0.05, 0.078, 9), "the cover does tell something"),
        ((-0.064, -0.078, -0.05, 9), "worse than no model"),
        ((0.01, -0.01, 0.03, 9), "may be nothing"),
        ((0.01, NAN, NAN, 9), "may be nothing"),
    ],
)
def test_verdict_on_several_labels(multi_like, gain, said):
    assert said in verdict(multi_like(gain))


def test_a_gain_without_interval_has_none_in_words(multi_like):
    assert plain(headline(multi_like((0.01, NAN, NAN, 9)))).endswith("+0.010 (95 % interval –).")


def test_a_difference_of_accuracies_is_in_points(full_report):
    figure = headline_figure(full_report)
    told = figure.difference(Estimate(0.0404, -0.01, 0.07, 9))
    assert plain(told) == "+4.0 points (95 % interval −1.0 to +7.0)"


def test_a_baseline_that_was_not_run_is_no_number(full_report):
    assert "boosted_histograms" not in baseline_estimates(full_report)
    unknown = replace(full_report, baselines={"majority": NotRun("nobody asked")})
    assert verdict(unknown) == ""
    assert score(unknown).guess is None


def test_popularity_is_a_baseline_of_several_labels(multi_like):
    assert list(baseline_estimates(multi_like())) == ["popularity"]
    assert score(multi_like()).guess == 15.0


def test_what_is_undefined_has_no_place_on_the_scale(report_like):
    undefined = score(report_like((NAN, NAN, NAN, 1)))
    assert (undefined.at, undefined.low, undefined.width) == (None, None, None)

"""The headline of a report: one figure, what it is beside guessing, and what that means.

Which figure it is depends on the kind of evaluation: the accuracy of a study with one label for a
cover, the micro PR-AUC of one with many.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.reports.inputs import ReportInput
from albumart.reports.wording import (
    UNKNOWN,
    baseline_title,
    count,
    number,
    number_range,
    percent,
    percent_range,
    plural,
    signed,
)


@dataclass(frozen=True, slots=True)
class HeadlineFigure:
    """The figure that a report leads with, and how it is written.

    Attributes:
        metric: its name in METRICS or MULTI_METRICS.
        title: in the middle of a sentence.
        value: in words.
        interval: in words.
        ends: of the scale from 0 to 1.
        guess: what it is to beat: its name in BASELINE_TITLES.
        unit: of a difference, and how many of them 1 is.
    """

    metric: str
    title: str
    value: Callable[[float], str]
    interval: Callable[[Estimate], str]
    ends: tuple[str, str]
    guess: str
    unit: tuple[str, float]

    def change(self, difference: Estimate) -> tuple[str, str]:
        """A difference of two such figures, and its interval: ``+4.0 points``, ``+1.0 to +7.0``."""
        name, size = self.unit
        digits = 1 if size > 1 else 3
        value, low, high = (
            signed(size * end, digits)
            for end in (difference.value, difference.low, difference.high)
        )
        interval = UNKNOWN if math.isnan(difference.low) else f"{low} to {high}"
        return f"{value}{name}", interval

    def difference(self, difference: Estimate) -> str:
        """The same in a sentence: ``+4.0 points (95 % interval +1.0 to +7.0)``."""
        value, interval = self.change(difference)
        return f"{value} (95\u00a0% interval {interval})"


HEADLINE_FIGURES: Final[dict[type, HeadlineFigure]] = {
    Evaluation: HeadlineFigure(
        metric="accuracy",
        title="accuracy",
        value=percent,
        interval=percent_range,
        ends=("0\u00a0%", "100\u00a0%"),
        guess="majority",
        unit=("\u00a0points", 100),
    ),
    MultiEvaluation: HeadlineFigure(
        metric="micro_pr_auc",
        title="micro PR-AUC",
        value=number,
        interval=number_range,
        ends=("0", "1"),
        guess="popularity",
        unit=("", 1),
    ),
}


@dataclass(frozen=True, slots=True)
class Score:
    """The headline's number and its bar; positions are per cent of the scale's width, or None."""

    value: str
    interval: str
    ends: tuple[str, str]
    at: float | None
    low: float | None
    width: float | None
    guess: float | None


def headline_figure(report: ReportInput) -> HeadlineFigure:
    """The row of HEADLINE_FIGURES for this kind of report."""
    return HEADLINE_FIGURES[type(report.evaluation)]


def headline_estimate(report: ReportInput) -> Estimate:
    """The number that the report leads with."""
    return report.evaluation.metrics[headline_figure(report).metric]


def baseline_estimates(report: ReportInput) -> dict[str, Estimate]:
    """The baselines that were run, and popularity where the evaluation has it."""
    run = {name: found for name, found in report.baselines.items() if isinstance(found, Estimate)}
    if isinstance(report.evaluation, MultiEvaluation):
        figure = headline_figure(report)
        return {figure.guess: report.evaluation.popularity[figure.metric], **run}
    return run


def headline(report: ReportInput) -> str:
    """The result in one sentence, with its interval and what guessing would get."""
    if isinstance(report.evaluation, MultiEvaluation):
        return _multi_headline(report, report.evaluation)
    accuracy, noun = headline_estimate(report), report.study.label_noun
    own = f"{percent(accuracy.value)} of test covers get their {noun} right ({_evidence(report)})"
    majority = _guess(report)
    if majority is None:
        return f"{own}."
    return f"{own}; {baseline_title('majority', noun)} gets {percent(majority.value)}."


def verdict(report: ReportInput) -> str:
    """What the headline means, for somebody who does not read intervals."""
    if isinstance(report.evaluation, MultiEvaluation):
        return _gain_verdict(report.evaluation.gain[headline_figure(report).metric])
    accuracy, majority = headline_estimate(report), _guess(report)
    if majority is None:
        return ""
    if accuracy.low > majority.value:
        return "The whole interval lies above guessing: the cover does tell something."
    if accuracy.high < majority.value:
        return "The whole interval lies below guessing: this model is worse than no model."
    return "The interval reaches down to guessing: these covers do not show that the model learned."


def score(report: ReportInput) -> Score:
    """The number and the bar under it."""
    figure, estimate, guess = headline_figure(report), headline_estimate(report), _guess(report)
    return Score(
        value=figure.value(estimate.value),
        interval=figure.interval(estimate),
        ends=figure.ends,
        at=_place(estimate.value),
        low=_place(estimate.low),
        width=_place(estimate.high - estimate.low),
        guess=None if guess is None else _place(guess.value),
    )


def _multi_headline(report: ReportInput, evaluation: MultiEvaluation) -> str:
    figure, nouns = headline_figure(report), plural(report.study.label_noun)
    model, gain = headline_estimate(report), evaluation.gain[figure.metric]
    guess = evaluation.popularity[figure.metric]
    return (
        f"Saying which {nouns} a cover has, the model reaches a {figure.title} of "
        f"{figure.value(model.value)} over {count(len(evaluation.labels))} {nouns} "
        f"({_evidence(report)}); {baseline_title(figure.guess, report.study.label_noun)} gets "
        f"{figure.value(guess.value)}. The gain is {figure.difference(gain)}."
    )


def _gain_verdict(gain: Estimate) -> str:
    if gain.low > 0:
        return "The gain's whole interval lies above zero: the cover does tell something."
    if gain.high < 0:
        return "The gain's whole interval lies below zero: this model is worse than no model."
    return "The gain may be nothing: these covers do not show that the model learned."


def _evidence(report: ReportInput) -> str:
    figure, estimate = headline_figure(report), headline_estimate(report)
    covers = f"n\u00a0=\u00a0{count(estimate.n)}"
    return f"95\u00a0% interval {figure.interval(estimate)}, {covers}"


def _guess(report: ReportInput) -> Estimate | None:
    return baseline_estimates(report).get(headline_figure(report).guess)


def _place(share: float) -> float | None:
    return None if math.isnan(share) else round(100 * share, 2)

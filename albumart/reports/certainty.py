"""Sections about how sure the model is: calibration, and when it may say "not sure"."""

from itertools import accumulate

from markupsafe import Markup

from albumart.evaluation.calibration import ReliabilityBin
from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.intervals import Estimate, wilson
from albumart.evaluation.not_sure import LEAST_ANSWERS, Threshold
from albumart.reports import blocks, figures, trust_figures
from albumart.reports.inputs import ReportInput
from albumart.reports.trust_figures import ThresholdStep
from albumart.reports.wording import UNKNOWN, count, number, percent, percent_range


def calibration(report: ReportInput, evaluation: Evaluation) -> Markup:
    """Whether the model is as often right as it says."""
    return blocks.join(
        blocks.figure(
            figures.plot_reliability(evaluation.reliability),
            alt="Reliability plot: "
            + "; ".join(
                f"{percent(box.confidence, 0)} sure, {percent(box.accuracy.value, 0)} right"
                for box in evaluation.reliability
                if box.accuracy.n
            ),
            shows="Whether “70 % sure” is right seven times in ten.",
            reading="Each dot gathers the covers of which the model was about equally sure. On the "
            "dashed line it is as often right as it says; below, it is too sure of itself. The "
            "bars count the covers of each dot.",
        ),
        blocks.paragraph(_calibration_error(report, evaluation)),
        blocks.details(
            "Numbers behind this figure",
            blocks.table(
                "Reliability of the top answer",
                ("sure between", "covers", "mean confidence", "right", "95 % interval"),
                [
                    (
                        f"{percent(box.low, 0)} and {percent(box.high, 0)}",
                        count(box.accuracy.n),
                        percent(box.confidence),
                        percent(box.accuracy.value),
                        percent_range(box.accuracy),
                    )
                    for box in evaluation.reliability
                    if box.accuracy.n
                ],
            ),
        ),
    )


def not_sure(report: ReportInput, evaluation: Evaluation) -> Markup | None:
    """From which confidence on the model answers, and what that gives."""
    threshold = report.threshold
    wanted = threshold.wanted_precision if threshold else report.wanted_precision
    if wanted is None:
        return None
    steps = _threshold_steps(evaluation.reliability)
    told = _none_found(wanted) if threshold is None else _threshold_told(threshold)
    return blocks.join(
        blocks.paragraph(told),
        blocks.figure(
            trust_figures.plot_thresholds(steps, threshold.confidence if threshold else None),
            alt=f"Share of covers answered, and share of answers right, by confidence. {told}",
            shows="What is gained by answering only where the model is sure.",
            reading="Dashed: of all test covers, the share that gets an answer. Solid: of those "
            "answers, the share that is right, with its 95 % interval as a band. Further to the "
            "right the model answers less often, and should be right more often."
            + (" The upright line is the threshold." if threshold else ""),
        ),
        blocks.details("Numbers behind this figure", _steps_table(steps)),
    )


def _threshold_told(threshold: Threshold) -> str:
    wanted = percent(threshold.wanted_precision, 0)
    return (
        f"The study wants {wanted} of the answers to be right. So the model says “not sure” where "
        f"it is less than {percent(threshold.confidence)} sure; that threshold was chosen on the "
        "validation covers. On the test covers, which had no say in it, the model then answers "
        f"{_share(threshold.coverage, 'covers')}, and of these answers "
        f"{_share(threshold.precision, 'answers')} are right. {_kept(threshold)}"
    )


def _kept(threshold: Threshold) -> str:
    precision, wanted = threshold.precision, threshold.wanted_precision
    if precision.n == 0:
        return "No test cover gets an answer."
    if precision.high < wanted:
        return "That is less than wanted, and not by chance: do not rely on the threshold."
    if precision.low > wanted:
        return "That is more than wanted."
    return "What is wanted lies within that interval: as far as these covers tell, it holds."


def _none_found(wanted: float) -> str:
    return (
        f"The study wants {percent(wanted, 0)} of the answers to be right. No threshold reaches "
        f"that: on the validation covers, no confidence that leaves {LEAST_ANSWERS} answers or "
        "more is right so often. So the model has no point from which on its answers can be "
        "relied on: it says “not sure” of every cover, and what it leans to is to be taken as a "
        "guess."
    )


def _share(estimate: Estimate, of_what: str) -> str:
    return (
        f"{percent(estimate.value)} (95\u00a0% interval {percent_range(estimate)}, "
        f"of {count(estimate.n)} {of_what})"
    )


def _threshold_steps(bins: tuple[ReliabilityBin, ...]) -> tuple[ThresholdStep, ...]:
    """What answering above each bin's lower end gives; a bin has its covers and its hits."""
    above = bins[::-1]
    answers = list(accumulate(box.accuracy.n for box in above))
    right = accumulate(
        round(box.accuracy.value * box.accuracy.n) if box.accuracy.n else 0 for box in above
    )
    steps = [
        ThresholdStep(box.low, wilson(answered, answers[-1]), wilson(hits, answered))
        for box, answered, hits in zip(above, answers, right, strict=True)
    ]
    return tuple(steps[::-1])


def _steps_table(steps: tuple[ThresholdStep, ...]) -> Markup:
    return blocks.table(
        "Coverage and precision by confidence, on the test split",
        ("more sure than", "answers", "coverage", "right", "95 % interval"),
        [
            (
                percent(step.confidence, 0),
                count(step.precision.n),
                percent(step.coverage.value),
                percent(step.precision.value),
                percent_range(step.precision) if step.precision.n else UNKNOWN,
            )
            for step in steps
        ],
    )


def _calibration_error(report: ReportInput, evaluation: Evaluation) -> str:
    error, floor = evaluation.metrics["ece"], evaluation.ece_floor
    text = (
        f"The mean gap between confidence and accuracy is {percent(error.value)} "
        f"(95\u00a0% interval {percent_range(error)}). A perfectly calibrated model would show "
        f"about {percent(floor)} on as few covers, by chance alone."
    )
    if report.temperature is None:
        return text
    direction = "softened" if report.temperature > 1 else "sharpened"
    return (
        f"{text} Probabilities were {direction} by a temperature of "
        f"{number(report.temperature, 2)}, fitted on the validation split."
    )

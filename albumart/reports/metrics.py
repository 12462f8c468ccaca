"""The section "All figures": every figure with its interval, and how the interval was made."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.metrics import METRICS, Metric
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.evaluation.multi_metrics import MULTI_METRICS, MultiMetric
from albumart.reports import blocks
from albumart.reports.inputs import ReportInput
from albumart.reports.wording import covers_word, number, number_range

BETTER: Final = {True: "higher", False: "lower"}
BY_GROUP: Final = (
    "the covers were drawn anew a thousand times, all that belong together (an artist's, a cluster "
    "of near-duplicates) at once, and the interval holds 95\u00a0% of what came out."
)
CENTRED: Final = (
    "drawing a cover twice pushes such a figure to one side, so only the spread of the draws is "
    "used, and laid around the value that was found."
)


def metrics(report: ReportInput, evaluation: Evaluation) -> Markup:
    """Every figure of METRICS with its interval and its meaning."""
    rows = [
        (
            METRICS[name].title,
            number(estimate.value),
            number_range(estimate),
            _interval_kind(METRICS[name]),
            BETTER[METRICS[name].higher_is_better],
        )
        for name, estimate in evaluation.metrics.items()
    ]
    return blocks.join(
        blocks.paragraph(_of_what(evaluation.n)),
        blocks.table(
            "Figures on the test split",
            ("figure", "value", "95 % interval", "interval is", "better"),
            rows,
            text_columns=(0, 3, 4),
        ),
        _meanings([METRICS[name] for name in evaluation.metrics]),
        blocks.paragraph(
            "How the intervals were made. Wilson's: by the formula for a share of so many covers. "
            f"By group: {BY_GROUP} Centred: {CENTRED}",
            "aside",
        ),
    )


def multi_metrics(report: ReportInput, evaluation: MultiEvaluation) -> Markup:
    """Every figure of MULTI_METRICS beside popularity's, with the gain."""
    rows = [
        (
            MULTI_METRICS[name].title,
            number(estimate.value),
            number_range(estimate),
            number(evaluation.popularity[name].value),
            number(evaluation.gain[name].value),
            number_range(evaluation.gain[name]),
            BETTER[MULTI_METRICS[name].higher_is_better],
        )
        for name, estimate in evaluation.metrics.items()
    ]
    noun = report.study.label_noun
    return blocks.join(
        blocks.paragraph(
            f"{_of_what(evaluation.n)} Popularity gives each cover the same answer: each {noun} as "
            f"probable as it was common in training. The gain is the model's figure minus "
            "popularity's; where its interval holds 0, the cover may have told nothing. Where "
            "lower is better, a gain below 0 is good."
        ),
        blocks.table(
            "Figures on the test split, beside popularity",
            ("figure", "value", "95 % interval", "popularity", "gain", "95 % interval", "better"),
            rows,
            text_columns=(0, 6),
        ),
        _meanings([MULTI_METRICS[name] for name in evaluation.metrics]),
        blocks.paragraph(
            f"All intervals were made by group: {BY_GROUP} They are centred: {CENTRED} The gain's "
            "is paired: both were asked about the same draws.",
            "aside",
        ),
    )


def _meanings(rows: Sequence[Metric | MultiMetric]) -> Markup:
    told = [(row.title, row.meaning) for row in rows]
    return blocks.table("What each says", ("figure", "what it says"), told, text_columns=(0, 1))


def _of_what(n: int) -> str:
    return f"All of them are of the same {covers_word(n)}, which the model never saw in training."


def _interval_kind(metric: Metric) -> str:
    if metric.proportion:
        return "Wilson's"
    return "by group, centred" if metric.biased else "by group"

"""What each stage of a training came to, and how its learning rate was found."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.intervals import Estimate, wilson
from albumart.reports import blocks, stage_figures
from albumart.reports.inputs import ReportInput
from albumart.reports.marks import short
from albumart.reports.wording import (
    capital,
    count,
    covers_word,
    learning_rate,
    listed,
    number,
    percent,
    percent_range,
)
from albumart.training.devices import FLOAT32
from albumart.training.lr_finder import RateSearch
from albumart.training.state import StageResult

LOSS, ACCURACY = "val_loss", "val_accuracy"
WORDS: Final = ("stage", "what learns", "precision")  # columns that hold no numbers
WIDEST: Final = 6  # stages that a figure has room to describe
FLAT: Final = 0.05  # share of the loss: a fall of less says little


@dataclass(frozen=True, slots=True)
class _Steps:
    """What stages are compared in: ``name``, what each ``reached``, and how that is written."""

    name: str
    reached: tuple[Estimate, ...]
    value: Callable[[float], str]

    @property
    def written(self) -> list[str]:
        return [self.value(one.value) for one in self.reached]

    @property
    def has_intervals(self) -> bool:
        return not math.isnan(self.reached[0].low)


def stages(report: ReportInput) -> Markup | None:
    """A table of the stages, what it says, and the steps where there are several."""
    if not report.stages:
        return None
    plan, steps = _planned(report), _steps(report)
    return blocks.join(
        blocks.paragraph(_told(steps)),
        _table(report, plan),
        _figure(report.stages, plan, steps) if len(report.stages) > 1 else None,
    )


def rate_searches(report: ReportInput) -> Markup | None:
    """The range test of each stage that had one."""
    found = [
        (place, stage.search) for place, stage in enumerate(report.stages, start=1) if stage.search
    ]
    if not found:
        return None
    return blocks.join(
        blocks.subtitle("How the rate was found"),
        blocks.paragraph(
            "Before such a stage the network is trained on a few batches at a rate that rises from "
            "one to the next; then it is set back. While the rate is too low, the loss stays. Then "
            "it falls, and where the rate is too high, it explodes. Suggested is the rate two "
            "thirds down the longest fall, well before the edge."
        ),
        *(_search(place, search) for place, search in found),
    )


def _steps(report: ReportInput) -> _Steps:
    """The error of each stage where it is known, with an interval; else the loss."""
    found = report.stages
    if not _has_errors(found):
        losses = [Estimate(stage.best[LOSS], math.nan, math.nan, 0) for stage in found]
        return _Steps("loss on validation covers", tuple(losses), number)
    single = isinstance(report.evaluation, Evaluation)
    n = sum(report.dataset.by_split.get("validation", {}).values()) if single else 0
    errors = [_estimate(_error(stage), n) for stage in found]
    return _Steps("error on validation covers", tuple(errors), percent)


def _estimate(error: float, n: int) -> Estimate:
    if not n:
        return Estimate(error, math.nan, math.nan, 0)
    return replace(wilson(round(error * n), n), value=error)


def _has_errors(found: Sequence[StageResult]) -> bool:
    return all(ACCURACY in stage.best for stage in found)


def _error(stage: StageResult) -> float:
    return 1 - stage.best[ACCURACY]


def _told(steps: _Steps) -> str:
    *_, last = written = steps.written
    if len(written) == 1:
        return f"Trained in one stage. In the epoch that was kept, the {steps.name} is {last}."
    unit = "\u00a0%" if last.endswith("%") else ""
    chain = " → ".join(step.removesuffix(unit) for step in written) + unit
    return (
        f"Trained in {len(written)} stages, each from the best weights of the one before. By "
        f"stage, the {steps.name} is {chain}. {_reading(steps)} The same covers chose the epoch "
        "that each stage keeps, so that on others it is likely to be worse."
    )


def _reading(steps: _Steps) -> str:
    pairs = enumerate(pairwise(steps.reached), start=2)
    idle = [str(place) for place, (before, after) in pairs if not after.value < before.value]
    if not idle:
        return "Each stage lowers it."
    return f"Stage{'s' if len(idle) > 1 else ''} {listed(idle)} did not lower it."


def _table(report: ReportInput, plan: Sequence[Mapping[str, object]]) -> Markup:
    """A row for each stage; columns that would say nothing are left out."""
    found = report.stages
    columns: dict[str, list[str]] = {
        "stage": [str(place) for place in range(1, len(found) + 1)],
        "image size": [f"{stage.image_size}²" for stage in found],
        "what learns": [_learns(*both) for both in zip(found, plan, strict=True)],
        "highest rate": [_rate(stage) for stage in found],
        "epochs": [count(stage.epochs) for stage in found],
        "validation loss": [number(stage.best[LOSS]) for stage in found],
    }
    if _has_errors(found):
        columns["validation error"] = [percent(_error(stage)) for stage in found]
    if any(stage.batch_size != report.plan.get("batch_size") for stage in found):
        columns["batch"] = [count(stage.batch_size) for stage in found]
    if any(stage.precision != FLOAT32 for stage in found):
        columns["precision"] = [stage.precision.replace("_", "\u00a0") for stage in found]
    words = [place for place, name in enumerate(columns) if name in WORDS]
    rows = zip(*columns.values(), strict=True)
    return blocks.table("Stages, each in its best epoch", [*columns], rows, text_columns=words)


def _rate(stage: StageResult) -> str:
    return f"{'found: ' if stage.search else ''}{learning_rate(stage.learning_rate)}"


def _learns(stage: StageResult, planned: Mapping[str, object]) -> str:
    """Groups of layers; that these are all of them only the plan can say."""
    return "all" if planned.get("unfrozen") == "all" else listed(stage.unfrozen)


def _planned(report: ReportInput) -> list[Mapping[str, object]]:
    """What the plan says of each stage, as far as it says anything."""
    given = report.plan.get("stages")
    plan = given if isinstance(given, list | tuple) else ()
    known = [stage if isinstance(stage, Mapping) else {} for stage in plan]
    return (known + [{}] * len(report.stages))[: len(report.stages)]


def _figure(
    found: Sequence[StageResult], plan: Sequence[Mapping[str, object]], steps: _Steps
) -> Markup:
    labels = [_label(place, *both) for place, both in enumerate(zip(found, plan, strict=True), 1)]
    under = "its stage, the side of its images in pixels, and which groups of layers learn in it"
    if len(found) > WIDEST:
        labels, under = [str(place) for place in range(1, len(found) + 1)], "its stage"
    return blocks.join(
        blocks.figure(
            stage_figures.plot_stages(labels, steps.reached, steps.value),
            alt=f"{capital(steps.name)} by stage: {', '.join(steps.written)}",
            shows=f"How the {steps.name} goes from stage to stage.",
            reading=f"Lower is better. Under a step: {under}. {_interval_told(steps)}The scale "
            "does not begin at 0.",
        ),
        blocks.details("Numbers behind this figure", _numbers(steps)),
    )


def _numbers(steps: _Steps) -> Markup:
    columns = {
        "stage": [str(place) for place in range(1, len(steps.reached) + 1)],
        steps.name: steps.written,
    }
    if steps.has_intervals:
        columns["95 % interval"] = [percent_range(one) for one in steps.reached]
    rows = zip(*columns.values(), strict=True)
    return blocks.table("By stage, in the epoch that was kept", [*columns], rows)


def _interval_told(steps: _Steps) -> str:
    if not steps.has_intervals:
        return ""
    return (
        f"The upright line is the 95\u00a0% interval from {covers_word(steps.reached[0].n)}, the "
        "same in every stage: a step that is small beside it may be luck. "
    )


def _label(place: int, stage: StageResult, planned: Mapping[str, object]) -> str:
    learns = _learns(stage, planned)
    if learns != "all" and len(stage.unfrozen) > 1:
        learns = f"{len(stage.unfrozen)} groups"
    return f"stage {place}\n{stage.image_size}²\n{short(learns)}"


def _search(place: int, search: RateSearch) -> Markup:
    rows = [
        (learning_rate(rate), number(loss, 4))
        for rate, loss in zip(search.rates, search.losses, strict=True)
    ]
    suggested = learning_rate(search.suggestion)
    return blocks.join(
        blocks.figure(
            stage_figures.plot_rate_search(search),
            alt=f"Range test of stage {place}: smoothed loss by learning rate; suggested is "
            f"{suggested}",
            shows=f"Stage {place}: the loss at each rate tried, and the rate suggested.",
            reading=_search_reading(search),
        ),
        blocks.details(
            "Numbers behind this figure",
            blocks.table(f"Range test of stage {place}", ("learning rate", "loss"), rows),
        ),
    )


def _search_reading(search: RateSearch) -> str:
    start, lowest = search.losses[0], min(search.losses)
    flat = stage_figures.fall(search.losses) < FLAT * abs(start)
    edge = learning_rate(search.rates[search.losses.index(lowest)])
    text = (
        f"From {number(start)} the smoothed loss "
        f"{'hardly comes down; its lowest is' if flat else 'comes down to'} "
        f"{number(lowest)} at a rate of {edge}. The diamond is at the rate suggested, "
        f"{learning_rate(search.suggestion)}, which the stage was trained with."
    )
    if flat:
        text += " Such a test says little: a rate set by hand may be better."
    if max(search.losses) > stage_figures.frame(search.losses)[1]:
        text += " What lies above the frame is cut off."
    return text

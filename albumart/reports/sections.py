"""SECTIONS: what a report is made of, in order. A new section is one function and one row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from markupsafe import Markup

from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.reports import (
    cards,
    certainty,
    heads,
    materials,
    metrics,
    multi_results,
    people,
    pictures,
    results,
    saliency,
    training,
    trials,
    trust,
)
from albumart.reports.inputs import ReportInput

Kind = TypeVar("Kind", Evaluation, MultiEvaluation)
Body = Callable[[ReportInput], Markup | None]


@dataclass(frozen=True, slots=True)
class Section:
    """``body`` makes the escaped HTML under the title, or ``None`` to be left out."""

    title: str
    body: Body


def of(kind: type[Kind], body: Callable[[ReportInput, Kind], Markup | None]) -> Body:
    """A body for reports with this kind of evaluation; others have no such section."""

    def made(report: ReportInput) -> Markup | None:
        evaluation = report.evaluation
        return body(report, evaluation) if isinstance(evaluation, kind) else None

    return made


SECTIONS: Final[dict[str, Section]] = {
    "comparison": Section("Against guessing", results.comparison),
    "people": Section("People on the same covers", people.people),
    "classes": Section("Class by class", of(Evaluation, results.per_class)),
    "labels": Section("Label by label", of(MultiEvaluation, multi_results.per_label)),
    "confusion": Section("What is taken for what", of(Evaluation, results.confusion)),
    "confused": Section("What is said for what", of(MultiEvaluation, multi_results.confused)),
    "mistakes": Section("Worst mistakes", pictures.mistakes),
    "calibration": Section("How sure it is", of(Evaluation, certainty.calibration)),
    "not-sure": Section("When it may say “not sure”", of(Evaluation, certainty.not_sure)),
    "heads": Section("The heads side by side", heads.side_by_side),
    "nearness": Section("Are the mistakes near?", heads.nearness),
    "label-map": Section("A map of the labels", heads.label_map),
    "trials": Section("Seeds, splits and leakage", trials.trials),
    "slices": Section("Where it does better and worse", trust.slices),
    "source": Section("Can it tell the source?", trust.source),
    "metrics": Section("All figures", of(Evaluation, metrics.metrics)),
    "multi-metrics": Section("All figures", of(MultiEvaluation, metrics.multi_metrics)),
    "typical": Section("Most typical covers", pictures.typical),
    "plane": Section("A map of the covers", pictures.plane),
    "looks": Section("Where the model looks", saliency.looks),
    "imagenet": Section("What ImageNet sees", saliency.imagenet),
    "covers": Section("Covers by class", pictures.covers),
    "dataset": Section("The data", materials.dataset),
    "validation": Section("Checks of the data", materials.validation),
    "cards": Section("Model and dataset cards", cards.cards),
    "training": Section("Training", training.training),
    "reproduce": Section("Do it again", materials.reproduce),
}

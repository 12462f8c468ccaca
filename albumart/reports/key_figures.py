"""What a result is, for somebody who has no page before them: a few words, and a few pictures."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from matplotlib.figure import Figure

from albumart.evaluation.evaluate import Evaluation
from albumart.holdout import read_holdout
from albumart.reports import figures
from albumart.reports.drawing import figure_to_png
from albumart.reports.figures import Contender
from albumart.reports.headline import headline, headline_figure, verdict
from albumart.reports.inputs import DatasetFacts, PublishedResult, ReportInput, StudyFacts
from albumart.reports.results import contenders
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.candidate import read_candidate


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """A result in short.

    Attributes:
        said: two sentences.
        beside: a row for the model and for each that it is to be read beside, best first.
        pictures: name → title and a ``data:`` address.
    """

    said: str
    beside: tuple[dict[str, str], ...]
    pictures: dict[str, tuple[str, str]]


def draw_key_figures(workspace: Workspace, study: Study, number: int) -> KeyFigures:
    """Of version ``number`` of the study; asks neither its model nor a cover."""
    version = workspace.models.find_version(study.name, number)
    holdout = read_holdout(workspace.objects, version.run)
    result = ReportInput(
        study=StudyFacts(study.name, study.title, label_noun=study.labels.noun),
        dataset=DatasetFacts(version.dataset),
        evaluation=holdout.evaluation,
        published=tuple(PublishedResult(**row.model_dump()) for row in study.published),
        baselines=holdout.findings.baselines,
        history=tuple(read_candidate(workspace.objects, version.run).history),
    )
    return key_figures(result)


def key_figures(result: ReportInput) -> KeyFigures:
    """Those that this kind of result has."""
    drawn = {name: (title, plot(result)) for name, (title, plot) in KEY_FIGURES.items()}
    return KeyFigures(
        said=f"{headline(result)} {verdict(result)}".rstrip(),
        beside=tuple(_row(result, one) for one in contenders(result)),
        pictures={
            name: (title, _address(figure))
            for name, (title, figure) in drawn.items()
            if figure is not None
        },
    )


def _row(result: ReportInput, one: Contender) -> dict[str, str]:
    figure = headline_figure(result)
    value, interval = figure.value(one.estimate.value), figure.interval(one.estimate)
    return {"who": one.label, figure.title: value, "95 % interval": interval}


def _address(figure: Figure) -> str:
    return f"data:image/png;base64,{base64.b64encode(figure_to_png(figure)).decode()}"


def _comparison(result: ReportInput) -> Figure:
    return figures.plot_comparison(contenders(result), headline_figure(result).value)


def _recall(result: ReportInput) -> Figure | None:
    found = result.evaluation
    return figures.plot_recall(found.per_class) if isinstance(found, Evaluation) else None


def _confusion(result: ReportInput) -> Figure | None:
    found = result.evaluation
    if not isinstance(found, Evaluation):
        return None
    return figures.plot_confusion(found.confusion, found.classes)


def _calibration(result: ReportInput) -> Figure | None:
    found = result.evaluation
    return figures.plot_reliability(found.reliability) if isinstance(found, Evaluation) else None


def _learning(result: ReportInput) -> Figure | None:
    return figures.plot_history(result.history) if result.history else None


KEY_FIGURES: Final[dict[str, tuple[str, Callable[[ReportInput], Figure | None]]]] = {
    "comparison": ("Beside guessing, simple methods and published figures", _comparison),
    "recall": ("Of the covers of each class, how many are found", _recall),
    "confusion": ("Rows: the true class; columns: what the model says; per cent", _confusion),
    "calibration": ("How often answers of each confidence are right", _calibration),
    "learning": ("Learning curves; dashed on training covers, solid on validation", _learning),
}

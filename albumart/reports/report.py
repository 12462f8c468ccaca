"""One evaluated model → one HTML file that needs nothing else: it opens offline and prints."""

import os
import tempfile
from pathlib import Path

from markupsafe import Markup

import albumart
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.reports.blocks import environment
from albumart.reports.headline import headline, score, verdict
from albumart.reports.inputs import ReportInput
from albumart.reports.sections import SECTIONS
from albumart.reports.wording import count


def render_report(report: ReportInput, path: Path) -> Path:
    """Write the report to ``path``, whole or not at all, and return ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(report_html(report))
        part.chmod(0o644)  # mkstemp lets nobody else read, which is not what a report is for
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def report_html(report: ReportInput) -> str:
    """The whole page. Everything in it is escaped and nothing in it is fetched."""
    bodies = {name: section.body(report) for name, section in SECTIONS.items()}
    page = environment().get_template("report.html.jinja")
    return page.render(
        report=report,
        headline=headline(report),
        verdict=verdict(report),
        score=score(report),
        facts=_facts(report),
        sections=[
            (name, SECTIONS[name].title, body) for name, body in bodies.items() if body is not None
        ],
        version=albumart.__version__,
    )


def _facts(report: ReportInput) -> dict[str, str | Markup]:
    facts: dict[str, str | Markup] = {
        "study": report.study.name,
        "test covers": count(report.evaluation.n),
        **_answers(report),
        "dataset": report.dataset.digest[:12],
    }
    if report.decision is not None:
        facts["model"] = report.decision.version
    if report.made_on:
        facts["made on"] = report.made_on
    return facts


def _answers(report: ReportInput) -> dict[str, str | Markup]:
    evaluation = report.evaluation
    if isinstance(evaluation, MultiEvaluation):
        return {"labels": count(len(evaluation.labels))}
    return {"classes": count(len(evaluation.classes))}

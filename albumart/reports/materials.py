"""Sections about what the result was made from: data, checks, and how to repeat it."""

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from albumart.dataset.duplicates import DuplicateCounts
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.reports import blocks, figures
from albumart.reports.inputs import ExpectationRow, ReportInput
from albumart.reports.wording import count, percent

STATUS_WORDS: Final[dict[str, str]] = {
    "pending": "not asked for yet",
    "stored": "stored",
    "absent": "absent: the source has none any more",
    "refused": "refused: an unsafe address, or the source said no",
    "quarantined": "quarantined: what came is no usable image",
    "again": "unavailable for now, to be tried again",
}
EXCLUDED_WORDS: Final[dict[str, str]] = {
    "contradicting_label": "its picture is on albums whose labels contradict each other",
    "contradicting_work": "the album is told elsewhere with a label that contradicts",
    "rare_label": "its label is on too few covers to be a class",
    "placeholder": "its picture is no cover but stands for a missing one",
}
RESULT_WORDS: Final = {True: "holds", False: "✗\u00a0fails"}
SEVERITIES: Final = ("critical", "warning", "info")


def dataset(report: ReportInput) -> Markup:
    """How many covers of which class are in which split, and what was left out."""
    facts = report.dataset
    return blocks.join(
        _balance(report),
        blocks.subtitle("What became of the albums"),
        _counted("Albums by what became of their cover", "cover", _in_words(facts.by_status))
        or blocks.missing("The statuses of the covers were not counted for this run."),
        blocks.subtitle("What was left out"),
        _counted("Stored covers that are not in the dataset", "reason", _readable(facts.excluded))
        or blocks.missing("No stored cover was left out of the dataset."),
        _duplicates(report.duplicates),
    )


def validation(report: ReportInput) -> Markup:
    """What was expected of the data, and whether it held."""
    if not report.validation:
        return blocks.missing("No expectation was checked for this run.")
    failed = [row for row in report.validation if not row.passed]
    held = len(report.validation) - len(failed)
    summary = f"{held} of {len(report.validation)} expectations about the data hold. "
    summary += "A critical one that fails stops the run before training; "
    summary += "a warning is shown and the run goes on."
    table = [
        (row.expectation, RESULT_WORDS[row.passed], row.severity, row.suite, row.detail)
        for row in sorted(report.validation, key=_worst_first)
    ]
    columns = ("expectation", "result", "severity", "suite", "detail")
    return blocks.join(
        blocks.paragraph(summary),
        blocks.table("Expectations, failures first", columns, table, text_columns=range(5)),
    )


def reproduce(report: ReportInput) -> Markup:
    """The command, the digest and the versions of this run."""
    versions = list(report.versions.items())
    return blocks.join(
        blocks.command(report.reproduce) if report.reproduce else None,
        blocks.paragraph("The same data have the same digest, and this report is about these:"),
        blocks.command(report.dataset.digest),
        blocks.table("Versions", ("part", "version"), versions, text_columns=(0, 1))
        if versions
        else None,
    )


def _balance(report: ReportInput) -> Markup:
    by_split = report.dataset.by_split
    totals = {split: sum(counts.values()) for split, counts in by_split.items()}
    if not sum(totals.values()):
        return blocks.missing("The covers of each split were not counted for this run.")
    told = ", ".join(f"{split} {count(covers)}" for split, covers in totals.items())
    names = list(dict.fromkeys(name for counts in by_split.values() for name in counts))
    rows = [(name, *(count(counts.get(name, 0)) for counts in by_split.values())) for name in names]
    return blocks.join(
        blocks.figure(
            figures.plot_balance(by_split),
            alt=f"Covers per class and split: {told}",
            shows="How many covers of each class there are, and where they went.",
            reading=f"{_what_is_counted(report)}: {told}. The model learns from training covers; "
            "validation covers decide when it has learned enough; test covers are asked once, at "
            "the end. Covers of one group never lie on both sides.",
        ),
        blocks.details(
            "Numbers behind this figure",
            blocks.table("Covers by class and split", ("class", *by_split), rows),
        ),
    )


def _what_is_counted(report: ReportInput) -> str:
    if isinstance(report.evaluation, MultiEvaluation):
        return "A cover counts once for each of its labels; labels in all"
    return "Covers in all"


def _counted(caption: str, what: str, counts: Mapping[str, int]) -> Markup | None:
    total = sum(counts.values())
    if not total:
        return None
    rows = [(name, count(n), percent(n / total)) for name, n in counts.items() if n]
    return blocks.table(caption, (what, "number", "share"), [*rows, ("in all", count(total), "")])


def _in_words(by_status: Mapping[str, int]) -> dict[str, int]:
    return {STATUS_WORDS.get(status, status): n for status, n in by_status.items()}


def _readable(excluded: Mapping[str, int]) -> dict[str, int]:
    return {EXCLUDED_WORDS.get(name, name.replace("_", " ")): n for name, n in excluded.items()}


def _duplicates(found: DuplicateCounts | None) -> Markup | None:
    if found is None:
        return None
    text = "No two albums of the dataset have the same picture, nor nearly the same."
    if found.clusters or found.works:
        text = (
            "The same picture, or nearly the same, may be on several albums. Those that agree in "
            f"their label stay, and are kept in one split; so are an artist's albums. "
            f"{_parted(found)}"
        )
    rows = [(what, count(n)) for what, n in _duplicate_rows(found) if n]
    return blocks.join(
        blocks.subtitle("Copies"),
        blocks.paragraph(text),
        blocks.table("Copies in the dataset, and what was set aside", ("what", "number"), rows)
        if rows
        else None,
    )


def _duplicate_rows(found: DuplicateCounts) -> list[tuple[str, int]]:
    return [
        ("albums with exactly the pixels of another", found.equal),
        ("pictures on two albums or more, or nearly so", found.clusters),
        ("albums with such a picture", found.albums),
        ("albums that several sources tell", found.works),
        ("times that these are told", found.told),
        ("groups, which no split parts", found.groups),
        ("set aside: one picture, contradicting labels", found.contradictions),
        ("set aside: one album, contradicting labels", found.contradicting_works),
        ("left out: a picture that stands for a missing cover", found.placeholders),
    ]


def _parted(found: DuplicateCounts) -> str:
    if not found.parted:
        return "No picture lies in two splits."
    return (
        f"But {count(found.parted)} of these pictures lie in more than one split: something is "
        "wrong, and the figures of this report are too high."
    )


def _worst_first(row: ExpectationRow) -> tuple[bool, int]:
    rank = SEVERITIES.index(row.severity) if row.severity in SEVERITIES else len(SEVERITIES)
    return row.passed, rank

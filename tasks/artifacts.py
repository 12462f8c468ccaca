"""What a person sees of a run in the Prefect UI."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import UUID

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from albumart.progress import open_bar
from albumart.reports.key_figures import KeyFigures

if TYPE_CHECKING:
    from tasks.collect import Collected


class TrackedProgress:
    """A progress artifact over ``total`` steps, and a bar for whoever sits at a terminal."""

    def __init__(self, key: str, total: int = 0) -> None:
        self._total, self._done, self._shown = total, 0, 0
        # Our flows and tasks run outside an event loop, where Prefect's function is synchronous.
        artifact = create_progress_artifact(0.0, key=f"{key}-progress", description=key)
        self._artifact = cast("UUID", artifact)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if kind is None:
            update_progress_artifact(self._artifact, 100.0)

    def expect(self, steps: int) -> None:
        """So many steps more are to come."""
        self._total += steps

    def advance(self) -> None:
        """One step more is done."""
        self._done += 1
        percent = min(100 * self._done // max(self._total, 1), 99)
        if percent > self._shown:  # each update is a request to Prefect's server
            self._shown = percent
            update_progress_artifact(self._artifact, float(percent))


class PageProgress(TrackedProgress):
    """The progress of a crawl, whose length shows as it goes; with a bar at a terminal."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._bar = self._stack.enter_context(open_bar("pages", None))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._stack.close()
        super().__exit__(kind, error, tb)

    def expect(self, steps: int) -> None:
        """So many pages more are to come."""
        super().expect(steps)
        self._bar.total = self._total
        self._bar.refresh()

    def advance(self) -> None:
        """One page more is done."""
        super().advance()
        self._bar.update()


def publish_counts(what: str, counts: Mapping[str, int]) -> None:
    """A table of counts under the key ``<what>-counts``."""
    table = [{what: escape(name), "count": count} for name, count in counts.items()]
    create_table_artifact(table, key=f"{what}-counts", description=f"{what} by outcome")


def publish_collection(collected: "Collected") -> None:
    """Counts of a scrape, the comparison with the one before, and what validation found."""
    counts = collected.counts
    publish_counts("albums", asdict(counts.albums))
    publish_counts("pages", counts.pages)
    if counts.changes:
        rows = [{**asdict(change), "genre": escape(change.genre)} for change in counts.changes]
        verdict = "; ".join(counts.reasons) or "accepted"
        create_table_artifact(
            rows, key="scrape-comparison", description=escape(f"{counts.run}: {verdict}")
        )
    if collected.validation["results"]:
        publish_validation(collected.validation)
    if collected.data_docs:
        create_link_artifact(collected.data_docs, link_text="Data Docs", key="data-docs")


def publish_validation(report: Mapping[str, Any], *, data_docs: str = "") -> None:
    """A table of what each expectation found, and a link to its Data Docs where there are any."""
    rows = [
        {
            "expectation": escape(f"{result['suite']}/{result['expectation']}"),
            "severity": result["severity"],
            "passed": "yes" if result["passed"] else "NO",
            "detail": escape(result["detail"]),
            "rows": escape(", ".join(result["rows"])) if not result["passed"] else "",
        }
        for result in report["results"]
    ]
    for suite, reason in report["skipped"].items():
        told = {"expectation": escape(suite), "passed": "skipped", "detail": escape(reason)}
        rows.append(dict.fromkeys(("expectation", "severity"), "") | told | {"rows": ""})
    create_table_artifact(rows, key="validation", description="Great Expectations")
    if data_docs:
        create_link_artifact(data_docs, link_text="Data Docs", key="dataset-data-docs")


def publish_evaluation(evaluation: Mapping[str, Any]) -> None:
    """Metrics with their intervals and baselines as a table, the confusion matrix as markdown."""
    numbers = {**evaluation["metrics"], **evaluation["baselines"]}
    rows = [
        {"metric": name, **{key: _rounded(number[key]) for key in ("value", "low", "high")}}
        for name, number in numbers.items()
        if "value" in number  # a baseline that was not run has a reason
    ]
    create_table_artifact(rows, key="metrics", description="test split, 95 % intervals")
    if "confusion" not in evaluation:
        return  # albums that may carry several labels are not taken for one another
    create_markdown_artifact(
        confusion_markdown(evaluation["classes"], evaluation["confusion"]),
        key="confusion-matrix",
        description="rows are the truth, columns the prediction",
    )


def publish_trials(trials: Mapping[str, Any]) -> None:
    """Each figure over the seeds, on the dataset's own split and on a random one."""
    rows = [
        {
            "split": split,
            "metric": name,
            "mean": _rounded(summary["mean"]),
            "spread": _rounded(summary["spread"]),
            "by seed": ", ".join(str(_rounded(value)) for value in summary["values"]),
        }
        for split in ("grouped", "random")
        for name, summary in trials[split].items()
    ]
    seeds = ", ".join(map(str, trials["seeds"]))
    create_table_artifact(rows, key="trials", description=f"seeds {seeds}")


def publish_scores(found: Mapping[str, Any]) -> None:
    """Covers scored by outcome and by likeliest label, and the first of "most …" of each label."""
    publish_counts("scores", found["counts"])
    publish_counts("labels", found["labels"])
    names = ("asked", "artist", "title", "album", "top")
    rows = [
        {name: escape(cover[name] or "") for name in names}
        | {"probability": _rounded(cover["probability"])}
        | {"its own": escape(", ".join(cover["labels"])), "split": cover["split"]}
        for cover in found["most"]
    ]
    told = f"{found['study']}, version {found['version']}, {found['origin']} covers"
    create_table_artifact(rows, key="most", description=escape(told))


def publish_key_figures(found: KeyFigures) -> None:
    """The result in words, as a table, and as pictures that need no other address."""
    create_markdown_artifact(escape(found.said), key="result", description="the result in short")
    rows = [{name: escape(cell) for name, cell in row.items()} for row in found.beside]
    create_table_artifact(rows, key="key-figures", description="best first")
    for name, (title, address) in found.pictures.items():
        create_image_artifact(address, key=f"figure-{name}", description=title)


def publish_report(path: str) -> None:
    """A link to the report on the operator's own disk, which a browser may refuse to follow."""
    name = Path(path).stem
    study, _, version = name.rpartition("-v")
    told = f"open it, or: albumart report {escape(study)} --version {version}"
    create_link_artifact(
        Path(path).resolve().as_uri(), link_text=Path(path).name, key="report", description=told
    )


def confusion_markdown(classes: list[str], confusion: list[list[int]]) -> str:
    """A markdown table; rows are the truth, columns the prediction."""
    names = [escape(name) for name in classes]
    header = f"| true \\ predicted | {' | '.join(names)} |"
    rule = "|---" * (len(names) + 1) + "|"
    lines = [
        f"| **{name}** | {' | '.join(map(str, row))} |"
        for name, row in zip(names, confusion, strict=True)
    ]
    return "\n".join([header, rule, *lines])


def escape(text: object) -> str:
    """Text from strangers, harmless in the UI's markdown and HTML."""
    table = {ord(character): f"&#{ord(character)};" for character in "<>&|`[]()*_\"'\\"}
    line = "".join(char if char.isprintable() else " " for char in str(text))
    return line.translate(table)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

"""What a person sees of a run in the Prefect UI."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)


class TrackedProgress:
    """A progress artifact over ``total`` steps."""

    def __init__(self, key: str, total: int) -> None:
        self._total, self._done = total, 0
        # Our flows and tasks run outside an event loop, where Prefect's function is synchronous.
        artifact = create_progress_artifact(0.0, key=f"{key}-progress", description=key)
        self._artifact = cast("UUID", artifact)

    def __enter__(self) -> "TrackedProgress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if kind is None:
            update_progress_artifact(self._artifact, 100.0)

    def advance(self) -> None:
        """One step more is done."""
        self._done += 1
        update_progress_artifact(self._artifact, 100.0 * self._done / self._total)


def publish_counts(what: str, counts: Mapping[str, int]) -> None:
    """A table of counts under the key ``<what>-counts``."""
    table = [{what: escape(name), "count": count} for name, count in counts.items()]
    create_table_artifact(table, key=f"{what}-counts", description=f"{what} by outcome")


def publish_validation(report: Mapping[str, Any]) -> None:
    """A table of what each expectation found."""
    rows = [
        {
            "expectation": escape(result["expectation"]),
            "severity": result["severity"],
            "passed": "yes" if result["passed"] else "NO",
            "detail": escape(result["detail"]),
        }
        for result in report["results"]
    ]
    create_table_artifact(rows, key="validation", description="Great Expectations")


def publish_evaluation(evaluation: Mapping[str, Any]) -> None:
    """Metrics with their intervals and baselines as a table, the confusion matrix as markdown."""
    numbers = {**evaluation["metrics"], **evaluation["baselines"]}
    rows = [
        {"metric": name, **{key: _rounded(number[key]) for key in ("value", "low", "high")}}
        for name, number in numbers.items()
    ]
    create_table_artifact(rows, key="metrics", description="test split, 95 % intervals")
    create_markdown_artifact(
        confusion_markdown(evaluation["classes"], evaluation["confusion"]),
        key="confusion-matrix",
        description="rows are the truth, columns the prediction",
    )


def publish_report(path: str) -> None:
    """A link to the report on the operator's own disk."""
    create_link_artifact(Path(path).resolve().as_uri(), link_text=Path(path).name, key="report")


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
    return str(text).translate(table | {ord("\n"): " "})


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

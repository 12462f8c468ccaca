"""The section about training: its stages, its curves, its rates and its parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from albumart.reports import blocks, figures
from albumart.reports.inputs import ReportInput
from albumart.reports.stages import rate_searches, stages
from albumart.reports.wording import learning_rate, number, plain

# Columns of the history that are no losses or metrics → how one of their values is written.
COLUMNS: Final[dict[str, Callable[[float], str]]] = {
    "stage": plain,
    "batch_size": plain,
    "learning_rate": learning_rate,
}


def training(report: ReportInput) -> Markup:
    """How the model learned, and with which parameters."""
    return blocks.join(
        stages(report),
        _curves(report.history),
        rate_searches(report),
        _parameters(report.plan),
    )


def _curves(history: tuple[Mapping[str, float], ...]) -> Markup:
    if not history:
        return blocks.missing("No learning curve: this model was not trained in epochs.")
    epochs = f"{len(history)} epoch{'s' if len(history) > 1 else ''}"
    return blocks.join(
        blocks.figure(
            figures.plot_history(history),
            alt=f"Learning curves over {epochs}",
            shows=f"How loss and accuracy went over {epochs}.",
            reading="Dashed: on the covers it learns from. Solid: on validation covers, which it "
            "does not learn from. Where the solid line turns away from the dashed one, the model "
            "learns its covers by heart." + _stages_told(history),
        ),
        blocks.details("Numbers behind this figure", _epochs(history)),
    )


def _stages_told(history: tuple[Mapping[str, float], ...]) -> str:
    found = {row["stage"] for row in history if "stage" in row}
    return " An upright line is where the next stage of training begins." if len(found) > 1 else ""


def _epochs(history: tuple[Mapping[str, float], ...]) -> Markup:
    columns = list(dict.fromkeys(name for row in history for name in row if name != "epoch"))
    rows = [
        (str(epoch), *(_written(name, row[name]) if name in row else "" for name in columns))
        for epoch, row in enumerate(history, start=1)
    ]
    return blocks.table("Epochs", ("epoch", *map(_words, columns)), rows)


def _written(column: str, value: float) -> str:
    return COLUMNS[column](value) if column in COLUMNS else number(value, 4)


def _parameters(plan: Mapping[str, object]) -> Markup:
    if not plan:
        return blocks.missing("The training parameters were not recorded.")
    listed = {name: tables for name, value in plan.items() if (tables := _tables(value))}
    rows = [(_words(name), _shown(value)) for name, value in plan.items() if name not in listed]
    return blocks.join(
        blocks.subtitle("Parameters"),
        blocks.table("Training parameters", ("parameter", "value"), rows, text_columns=(0, 1))
        if rows
        else None,
        *(_side_by_side(name, tables, plan) for name, tables in listed.items()),
    )


def _tables(value: object) -> list[Mapping[object, object]]:
    """What ``value`` lists, where that is a mapping each time."""
    parts = value if isinstance(value, list | tuple) else ()
    tables = [part for part in parts if isinstance(part, Mapping)]
    return tables if len(tables) == len(parts) else []


def _side_by_side(
    name: str, tables: Sequence[Mapping[object, object]], plan: Mapping[str, object]
) -> Markup:
    """A column for each; what one leaves open is the plan's own, where that says it."""
    rows = []
    for key in dict.fromkeys(key for table in tables for key in table):
        given = [table.get(key) for table in tables]
        values = [plan.get(str(key)) if value is None else value for value in given]
        if any(value is not None for value in values):
            rows.append((_words(str(key)), *map(_shown, values)))
    columns = (_words(name), *(str(place) for place in range(1, len(tables) + 1)))
    caption = f"Training parameters: {_words(name)}"
    return blocks.table(caption, columns, rows, text_columns=range(len(columns)))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(part) for part in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not set"
    return plain(value) if isinstance(value, float) else str(value)

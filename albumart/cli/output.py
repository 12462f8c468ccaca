"""What commands print: lines for people on stderr or stdout, one JSON object for programs."""

import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


def say(line: str = "") -> None:
    """A line for a person, on stdout."""
    sys.stdout.write(f"{line}\n")


def say_json(fields: Mapping[str, object]) -> None:
    """The one line that a program reads."""
    sys.stdout.write(json.dumps(fields, default=str, ensure_ascii=False) + "\n")


def say_table(rows: Iterable[Sequence[object]]) -> None:
    """Columns, padded to the widest cell; what a stranger wrote can do nothing to the terminal."""
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(padded).rstrip())


def printable(text: str) -> str:
    """``text`` without what could do anything to the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def percent(estimate: Mapping[str, float]) -> str:
    """``41.2 % (37.1 to 45.4, n = 560)``."""
    value, low, high = (100 * estimate[name] for name in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f}, n = {estimate['n']})"


def headline(metrics: Mapping[str, Mapping[str, float]]) -> tuple[str, Mapping[str, float]]:
    """The figure that a model is known by: its name in words, and its estimate."""
    name = "accuracy" if "accuracy" in metrics else "micro_pr_auc"
    return {"accuracy": "accuracy", "micro_pr_auc": "micro PR-AUC"}[name], metrics[name]


def show_stations() -> None:
    """Print each station's line to stderr as it is logged, and keep the libraries quiet."""
    quiet = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        # Prefect's own lines go to its UI; a terminal gets ours.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "albumart",
        "PREFECT_LOGGING_ROOT_LEVEL": "INFO",
    }
    for name, value in quiet.items():
        os.environ.setdefault(name, value)
    _keep_native_noise_off_the_terminal()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("albumart")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)


def _keep_native_noise_off_the_terminal() -> None:
    """Let C++ libraries write to a file, while Python's stderr stays the terminal.

    TensorFlow tells about its instruction sets before its own log level can be set.
    """
    from albumart.settings import load_settings

    path = load_settings().home / "logs" / "native.log"
    try:
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        return  # a home that cannot be written is the platform's to report
    terminal = os.dup(sys.stderr.fileno())
    os.dup2(file, 2)
    os.close(file)
    sys.stderr = os.fdopen(terminal, "w", buffering=1)

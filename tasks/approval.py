"""Asking a person: a paused flow run, a form in the Prefect UI, and an answer with types."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any, Final
from uuid import UUID

from prefect import runtime
from prefect.exceptions import NotPausedError, PrefectHTTPStatusError
from prefect.flow_runs import pause_flow_run, resume_flow_run
from prefect.input import RunInput
from prefect.utilities.urls import url_for
from pydantic import Field

from albumart.registry import Answer
from albumart.study import Study
from tasks.artifacts import escape
from tasks.resources import open_stores

logger = logging.getLogger("albumart.tasks")

POLL_SECONDS: Final = 2
NOBODY: Final = "nobody"  # who answers when no person does
_MARGIN: Final = 60  # seconds after which Prefect itself gives up, should we not have


class Approval(RunInput):
    """What a person is asked; Prefect checks the types before the run goes on."""

    approve: bool = Field(description="Shall this version become the champion?")
    who: str = Field(description="Your name, for the history.", pattern=r"\S", max_length=100)
    comment: str = Field(default="", description="Why, for the history.", max_length=2_000)


def ask_person(
    study: Study, version: int, evidence: Mapping[str, Any], report: str
) -> Answer | None:
    """Pause this flow run until somebody approves or rejects ``version``.

    None where nobody answered in time, or where the version was promoted by hand meanwhile.
    """
    run = UUID(runtime.flow_run.get_id() or "")
    seconds = study.promotion.approval_hours * 3600
    logger.info(
        "promote    version %d waits for approval: %s or: albumart models promote %s %d",
        version,
        url_for("flow-run", obj_id=run),
        study.name,
        version,
    )
    form = Approval.with_initial_data(question(study, version, evidence, report))
    with _released(run, study.name, version, time.monotonic() + seconds):
        given = pause_flow_run(form, timeout=int(seconds) + _MARGIN, poll_interval=POLL_SECONDS)
    return None if given.who == NOBODY else Answer(given.approve, given.who, given.comment)


def question(study: Study, version: int, evidence: Mapping[str, Any], report: str) -> str:
    """What a person reads before they answer, as markdown."""
    champion = evidence["champion"]
    against = "There is no champion yet." if champion is None else f"Champion: version {champion}."
    lines = [
        f"### Promote version {version} of {escape(study.name)}?",
        f"The gate lets it through. {against}",
        _figures(evidence),
        _classes(evidence),
        f"Dataset `{evidence['dataset'][:12]}`; report: {escape(report)}",
    ]
    return "\n\n".join(lines)


def _figures(evidence: Mapping[str, Any]) -> str:
    metric = str(evidence["metric"]).replace("_", " ")
    value, difference = evidence["value"], evidence["difference"]
    rows = [
        "| | 95 % interval | n |",
        "|---|---|---|",
        f"| {metric} | {_range(value, '.1%')} | {value['n']} |",
        f"| {metric} without seeing a cover | {evidence['floor']:.1%} | |",
    ]
    if difference is not None:
        rows.append(f"| minus the champion's | {_range(difference, '+.1%')} | {difference['n']} |")
    return "\n".join(rows)


def _classes(evidence: Mapping[str, Any]) -> str:
    head = ["| class | candidate | champion |", "|---|---|---|"]
    rows = [
        f"| {escape(score['name'])} | {score['candidate']:.1%} | {_share(score['champion'])} |"
        for score in evidence["classes"]
    ]
    return "\n".join(head + rows)


def _range(found: Mapping[str, float], shape: str) -> str:
    value, low, high = (format(found[name], shape) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


@contextmanager
def _released(run: UUID, study: str, version: int, deadline: float) -> Iterator[None]:
    """Within the block, resume ``run`` in nobody's name once there is nothing to wait for.

    A run that Prefect itself times out is marked as failed, and it would not notice a promotion by
    hand.
    """
    done = threading.Event()

    def watch() -> None:
        with open_stores() as workspace:
            while not done.wait(POLL_SECONDS):
                champion = workspace.models.champion(study)
                is_champion = champion is not None and champion.version == version
                if is_champion or time.monotonic() > deadline:
                    _resume(run)

    thread = threading.Thread(target=copy_context().run, args=(watch,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _resume(run: UUID) -> None:
    # Not paused yet, or any more; its form is being stored; the server is busy: it is tried again.
    with suppress(NotPausedError, RuntimeError, PrefectHTTPStatusError):
        resume_flow_run(run, run_input={"approve": False, "who": NOBODY})

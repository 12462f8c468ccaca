"""The promotion gate, and what comes of a person's answer."""

from typing import Any

from prefect import task

from albumart.promotion import judge_version, settle_approval
from albumart.registry import Answer
from albumart.study import Study
from albumart.verdict import Decision
from tasks.resources import open_stores


@task
def decide(study: Study, version: int) -> dict[str, Any]:
    """Promote or refuse ``version``, or find that it waits for a person; says which, and why."""
    with open_stores() as workspace:
        return _plain(judge_version(study, version, workspace))


@task
def settle(study: Study, version: int, answer: Answer | None, seen: int | None) -> dict[str, Any]:
    """Promote or refuse ``version`` as a person answered, or did not; ``seen`` was champion."""
    with open_stores() as workspace:
        return _plain(settle_approval(study, version, answer, workspace, seen=seen))


def _plain(decision: Decision) -> dict[str, Any]:
    evidence = decision.evidence.to_dict() if decision.evidence else None
    told = {"promoted": decision.promoted, "reason": decision.reason, "evidence": evidence}
    return told | {"waits": decision.waits}

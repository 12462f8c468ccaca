"""The promotion gate."""

from dataclasses import asdict
from typing import Any

from prefect import task

from albumart.promotion import judge_version
from albumart.study import Study
from tasks.resources import open_stores


@task
def decide(study: Study, version: int) -> dict[str, Any]:
    """Promote or refuse ``version``; says which, and why."""
    with open_stores() as workspace:
        return asdict(judge_version(study, version, workspace))

"""Stored covers through a study's champion, in batches of some hundred."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from prefect import task

from albumart import scoring
from albumart.album import Origin
from albumart.scoring import KeyRange, rank_covers
from albumart.serving.predictor import find_champion
from albumart.study import study_name
from tasks.resources import open_stores

logger = logging.getLogger("albumart.tasks")

MOST: Final = 5  # covers of each label that a run shows
LABELS: Final = 20  # and labels, the commonest


@dataclass(frozen=True, slots=True)
class Scorer:
    """Which version scores which covers: those of ``scopes``, or every one of ``origin``."""

    study: str
    version: int
    origin: Origin
    scopes: tuple[str, ...] = ()


@task
def find_scorer(study: str, origin: Origin | None, scope: str | None) -> Scorer:
    """The study's champion as it is now; by default for covers like those that it learnt from."""
    with open_stores() as workspace:
        champion = find_champion(study_name(study), workspace)
        chosen = origin or scoring.origin_of(champion, workspace)
    return Scorer(champion.study, champion.version, chosen, (scope,) if scope else ())


@task
def find_due_scores(scorer: Scorer) -> list[KeyRange]:
    """Ranges of album keys whose covers the version has yet to score."""
    with open_stores(scorer.origin) as workspace:
        version = workspace.models.find_version(scorer.study, scorer.version)
        return scoring.due_ranges(version, workspace, scopes=scorer.scopes)


@task(task_run_name="scores-from-{keys[0]}", retries=2, retry_delay_seconds=10)
def score_range(scorer: Scorer, keys: KeyRange) -> dict[str, int]:
    """Score one range of covers; counts by outcome."""
    with open_stores(scorer.origin) as workspace:
        version = workspace.models.find_version(scorer.study, scorer.version)
        return scoring.score_batch(version, keys, workspace, scopes=scorer.scopes)


@task
def summarize_scores(scorer: Scorer, counts: Sequence[dict[str, int]]) -> dict[str, Any]:
    """What the ranges came to, scored covers by likeliest label, and the first of "most …"."""
    total = {name: sum(each[name] for each in counts) for name in scoring.Outcome}
    with open_stores(scorer.origin) as workspace:
        version = workspace.models.find_version(scorer.study, scorer.version)
        labels = workspace.predictions.top_counts(version)
        common = sorted(labels, key=lambda label: -labels[label])[:LABELS]
        most = rank_covers(version, common, workspace, limit=MOST)
    logger.info("score      %s", ", ".join(f"{n} {name}" for name, n in total.items()))
    told = {"study": scorer.study, "version": scorer.version, "origin": scorer.origin.value}
    return told | {"counts": total, "labels": labels, "most": [asdict(each) for each in most]}

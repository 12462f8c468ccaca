"""Stored covers → what the study's champion says of each, to be asked for "most metal"."""

from typing import Any

from prefect import flow

from albumart.album import Origin
from tasks.artifacts import TrackedProgress, publish_scores
from tasks.forms import StudyName
from tasks.scoring import find_due_scores, find_scorer, score_range, summarize_scores


@flow(name="score-covers", flow_run_name="score-covers-{study}")
def score_covers(
    study: StudyName, origin: Origin | None = None, scope: str | None = None
) -> dict[str, Any]:
    """Let the champion score every stored cover that it has not scored yet.

    Args:
        study: name of a study, or path of its file.
        origin: whose albums; by default as those that the champion learnt from.
        scope: only this part of a source, such as bandcamp.
    """
    scorer = find_scorer(study, origin, scope)
    ranges, counts = find_due_scores(scorer), []
    with TrackedProgress("scores", len(ranges)) as progress:
        for keys in ranges:
            counts.append(score_range(scorer, keys))
            progress.advance()
    found = summarize_scores(scorer, counts)
    publish_scores(found)
    return found

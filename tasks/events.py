"""What happened, as events on the Prefect server: automations wait for them, people read them.

Text from strangers is in none of them, for they end in chats and mails.
"""

import logging
from typing import Final

from prefect import task
from prefect.events import emit_event

from albumart.album import Origin
from albumart.collect.scrape import CollectCounts
from albumart.dataset.version import count_new_covers
from albumart.settings import load_settings
from albumart.study import Study, list_studies, load_study
from albumart.validation.report import ValidationReport
from tasks.resources import open_stores

logger = logging.getLogger("albumart.tasks")

COVERS_STORED: Final = "albumart.covers.stored"
COVERS_ENOUGH: Final = "albumart.covers.enough"
VALIDATION_FAILED: Final = "albumart.validation.failed"
SCRAPE_QUARANTINED: Final = "albumart.scrape.quarantined"
ALERTS: Final = frozenset({VALIDATION_FAILED, SCRAPE_QUARANTINED})

Payload = dict[str, str | int]


@task
def announce_covers(scope: str, origin: Origin) -> dict[str, int]:
    """Tell, of each study that the scope is for, how many covers are new since its dataset.

    Those that have enough for a new training are told of by an event of its own.
    """
    enough = load_settings().retrain_covers
    studies = [study for study in map(load_study, list_studies()) if scope in study.scopes]
    with open_stores(origin) as workspace:
        counts = {study.name: count_new_covers(study, workspace) for study in studies}
    for study, new in counts.items():
        told: Payload = {"study": study, "origin": origin.value, "new": new, "enough": enough}
        _emit(COVERS_STORED, "study", study, told | {"scope": scope})
        if new >= enough:
            logger.info("covers     %d new ones for %s: it is time to train anew", new, study)
            _emit(COVERS_ENOUGH, "study", study, told)
    return counts


def announce_validation(study: Study, station: str, report: ValidationReport) -> None:
    """Tell of the critical expectations that failed, if any did."""
    broken = [f"{each.suite}/{each.expectation}" for each in report.failed("critical")]
    if broken:
        said = f"{study.name}, {station}: {', '.join(broken)} failed; nothing is trained on it"
        _emit(VALIDATION_FAILED, "study", study.name, {"station": station, "message": said})


def announce_quarantine(source: str, counts: CollectCounts) -> None:
    """Tell of a scrape that changed too much, or of pages of another shape, if it is kept aside."""
    if counts.reasons:
        said = f"scrape {counts.run} of {source} waits for a person: albumart data scrapes"
        told: Payload = {"run": str(counts.run), "reasons": len(counts.reasons), "message": said}
        _emit(SCRAPE_QUARANTINED, "source", source, told)


def _emit(event: str, kind: str, name: str, payload: Payload) -> None:
    resource = {"prefect.resource.id": f"albumart.{kind}.{name}", "prefect.resource.name": name}
    emit_event(event, resource, payload=dict(payload))

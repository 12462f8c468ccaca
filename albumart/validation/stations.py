"""Validation as a station of the walk: what is checked when, and where the findings are kept."""

import json
import logging
from typing import Any

from albumart.dataset.manifest import Manifest
from albumart.errors import NotFound
from albumart.sources import SOURCES
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.validation.checkpoint import validate
from albumart.validation.report import ValidationReport
from albumart.validation.suites import Expected

logger = logging.getLogger(__name__)


def validate_stored_rows(
    study: Study, workspace: Workspace, *, limit: int | None = None
) -> ValidationReport:
    """Check the study's albums and stored covers.

    Raises:
        ValidationFailed: a critical expectation does not hold; nothing may be built of these rows.
    """
    source = study.collect.source
    expected = Expected(sources=tuple(SOURCES), classes=study.labels.classes)
    report = validate("albums", workspace.albums.album_rows(source), expected=expected)
    covers = workspace.albums.rows(source, limit=limit)
    report += validate("covers", covers, expected=expected)
    return _conclude(report, workspace.objects, _stored_key(study))


def validate_manifest(manifest: Manifest, workspace: Workspace) -> ValidationReport:
    """Check the split of a dataset version. Raises ValidationFailed before training."""
    expected = Expected(sources=tuple(SOURCES), classes=manifest.classes)
    report = validate("split", manifest.frame, expected=expected)
    return _conclude(report, workspace.objects, _manifest_key(manifest))


def recorded_results(
    objects: ObjectStore, study: Study, manifest: Manifest
) -> list[dict[str, Any]]:
    """What the last checks of the study's rows and of this dataset version found, for a report."""
    found: list[dict[str, Any]] = []
    for key in (_stored_key(study), _manifest_key(manifest)):
        try:
            found += json.loads(objects.get(key))["results"]
        except NotFound:
            continue  # validation was run on its own, or not at all: the report then says less
    return found


def _conclude(report: ValidationReport, objects: ObjectStore, key: str) -> ValidationReport:
    """Keep the findings, also the bad ones, before they stop the run."""
    record = json.dumps(report.to_dict(), default=str).encode()
    objects.put(key, record, content_type="application/json")
    for result in report.failed("warning"):
        logger.warning("  warning: %s/%s: %s", result.suite, result.expectation, result.detail)
    report.raise_if_critical()
    suites = ", ".join(dict.fromkeys(result.suite for result in report.results))
    passed = sum(result.passed for result in report.results)
    told = ", ".join(f"{r.expectation} ({r.severity})" for r in report.results if not r.passed)
    logger.info(
        "validate   %s: %d of %d expectations hold; not: %s",
        suites,
        passed,
        len(report.results),
        told or "none",
    )
    return report


def _stored_key(study: Study) -> str:
    return f"validation/{study.name}.json"


def _manifest_key(manifest: Manifest) -> str:
    return f"validation/{manifest.digest}.json"

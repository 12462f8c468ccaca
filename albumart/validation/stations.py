"""Validation as a station of the walk: what is checked when, and where the findings are kept."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from albumart.collect.scrape import CollectCounts
from albumart.dataset.manifest import Manifest
from albumart.errors import NotFound
from albumart.sources import SOURCES, Source
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.validation.checkpoint import validate
from albumart.validation.data_docs import data_docs_key, publish_data_docs
from albumart.validation.report import ValidationReport
from albumart.validation.scraped import check_freshness
from albumart.validation.suites import Expected

logger = logging.getLogger(__name__)


def validate_stored_rows(
    study: Study, workspace: Workspace, *, limit: int | None = None
) -> ValidationReport:
    """Check the study's albums and stored covers.

    Raises:
        ValidationFailed: a critical expectation does not hold; nothing may be built of these rows.
    """
    scope = study.collect.scope
    expected = Expected(sources=tuple(SOURCES), classes=study.labels.classes)
    report = validate("albums", workspace.albums.album_rows(scope), expected=expected)
    covers = workspace.albums.rows(scope, limit=limit)
    report += validate("covers", covers, expected=expected)
    return _conclude(report, workspace.objects, _stored_key(study))


def conclude_scrape(
    workspace: Workspace, source: Source, counts: CollectCounts, found: ValidationReport
) -> tuple[ValidationReport, str]:
    """What was found in a scrape, its freshness added, as Data Docs; and the key of that page.

    A scrape in which nothing was new leaves the page of the last one alone.
    """
    current = workspace.scrapes.current(counts.scope)
    now = datetime.now(UTC)
    if current is not None and current.finished is not None:
        found += check_freshness(source.name, current.finished, within=source.fresh_within, now=now)
    for result in found.failed("warning"):
        logger.warning("  warning: %s/%s: %s", result.suite, result.expectation, result.detail)
    scope = f"scrape-{counts.scope}"
    if counts.run is None:
        return found, data_docs_key(scope)
    return found, publish_data_docs(workspace.objects, found, scope=scope, at=now)


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

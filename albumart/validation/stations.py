"""Validation as a station of the walk: what is checked when, and where the findings are kept."""

import json
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import pandas as pd

from albumart.collect.scrape import CollectCounts
from albumart.dataset.manifest import Manifest
from albumart.dataset.splits import assign_splits
from albumart.errors import NotFound
from albumart.sources import SOURCES, Source
from albumart.stores.collections import Document
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.validation.checkpoint import validate
from albumart.validation.data_docs import data_docs_key, publish_data_docs
from albumart.validation.drift import SUITE as DRIFT
from albumart.validation.drift import check_drift, fractions_of
from albumart.validation.record import find_acceptance, find_previous, find_record, write_record
from albumart.validation.report import ValidationReport
from albumart.validation.scraped import check_freshness
from albumart.validation.suites import Expected

logger = logging.getLogger(__name__)

BATCH: Final = 10_000  # rows in memory at once; a validation costs a tenth of a second


def validate_stored_rows(
    study: Study, workspace: Workspace, *, limit: int | None = None
) -> ValidationReport:
    """Check the study's albums and stored covers.

    Raises:
        ValidationFailed: a critical expectation does not hold; nothing may be built of these rows.
    """
    report = judge_stored_rows(study, workspace, limit=limit)
    report.raise_if_critical()
    return report


def judge_stored_rows(
    study: Study, workspace: Workspace, *, limit: int | None = None
) -> ValidationReport:
    """What is found in the study's albums and stored covers, good or bad; it is kept."""
    expected = Expected(sources=tuple(SOURCES), classes=study.labels.classes)
    report = _validate_rows("albums", workspace.albums.album_rows(*study.scopes), expected)
    covers = workspace.albums.rows(*study.scopes, limit=limit)
    report += _validate_rows("covers", covers, expected)
    record = json.dumps(report.to_dict(), default=str).encode()
    workspace.objects.put(_stored_key(study), record, content_type="application/json")
    _tell(report)
    return report


def _validate_rows(suite: str, rows: Iterable[Document], expected: Expected) -> ValidationReport:
    """The suite over rows of the store, in batches: each album comes once, and in its order."""
    rest = iter(rows)
    report = validate(suite, list(islice(rest, BATCH)), expected=expected)
    while batch := list(islice(rest, BATCH)):
        report += validate(suite, batch, expected=expected)
    return report


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
    _warn(found)
    scope = f"scrape-{counts.scope}"
    if counts.run is None:
        return found, data_docs_key(scope)
    return found, publish_data_docs(workspace.objects, found, scope=scope, at=now)


def validate_manifest(
    manifest: Manifest, workspace: Workspace, study: Study | None = None
) -> ValidationReport:
    """Check a dataset version: its split, and its drift from the study's previous version.

    Args:
        manifest: the version.
        workspace: where the others are, and where the findings are kept.
        study: whose version it is; by default the one that built it last.

    Raises:
        ValidationFailed: a critical expectation does not hold; nothing may be trained on it.
    """
    report = judge_manifest(manifest, workspace, study)
    report.raise_if_critical()
    return report


def judge_manifest(
    manifest: Manifest, workspace: Workspace, study: Study | None = None
) -> ValidationReport:
    """What is found in a dataset version, good or bad; it is kept, and published as Data Docs."""
    name, objects = study.name if study else manifest.study, workspace.objects
    expected = Expected(classes=manifest.classes, several=manifest.has_several)
    report = validate("split", _with_deal(manifest), expected=expected)
    drift, compared_with = _measure_drift(manifest, name, objects)
    report += drift
    write_record(objects, manifest, name, report, compared_with=compared_with)
    publish_data_docs(objects, report, scope=dataset_scope(name))
    _tell(report)
    return report


def require_validated(manifest: Manifest, workspace: Workspace, study: Study) -> None:
    """Stop unless this version of the study's dataset has passed; it is checked if it has not.

    Raises:
        ValidationFailed: a critical expectation does not hold; nothing may be trained on it.
    """
    record = find_record(workspace.objects, manifest.digest, study.name)
    if record is None or not record.passed:
        validate_manifest(manifest, workspace, study)


def recorded_results(
    objects: ObjectStore, study: Study, manifest: Manifest
) -> list[dict[str, Any]]:
    """What the last checks of the study's rows and of this dataset version found, for a report.

    Where another study built and checked the same version, its split holds for this one, too.
    """
    found: list[dict[str, Any]] = []
    with suppress(NotFound):  # validation was not run: the report then says less
        found += json.loads(objects.get(_stored_key(study)))["results"]
    if own := find_record(objects, manifest.digest, study.name):
        found += own.results
    elif shared := find_record(objects, manifest.digest, manifest.study):
        found += [result for result in shared.results if result["suite"] != DRIFT]
    return found


def dataset_scope(study: str) -> str:
    """Name of the Data Docs of a study's last dataset version."""
    return f"dataset-{study}"


def _with_deal(manifest: Manifest) -> pd.DataFrame:
    """The rows with the splits that they are ``dealt`` anew, where the manifest says how."""
    seed = manifest.parameters.get("seed")
    if not isinstance(seed, int):
        return manifest.frame
    dealt = assign_splits(manifest.frame, fractions=fractions_of(manifest), seed=seed)
    return manifest.frame.assign(dealt=dealt["split"])


def _measure_drift(
    manifest: Manifest, study: str, objects: ObjectStore
) -> tuple[ValidationReport, str | None]:
    """Drift from the previous version, and that version's digest."""
    found = find_previous(objects, manifest, study)
    if found is None:
        reason = f"no other dataset of {study} has passed validation yet"
        return ValidationReport(skipped={DRIFT: reason}), None
    previous, asked = found
    accepted = find_acceptance(objects, manifest.digest, study)
    asked |= {"accepted": f"by {accepted.who}, {accepted.when:%Y-%m-%d}" if accepted else None}
    drift = check_drift(previous, manifest, asked=asked)
    if drift.failed("critical"):
        before, now = previous.digest[:12], manifest.digest[:12]
        advice = (
            f"look: `albumart data datasets diff {before} {now}`; if all of {DRIFT} is meant: "
            f"`albumart data datasets accept {now} --study {study}`"
        )
        drift = replace(drift, advice=advice)
    return drift, previous.digest


def _tell(report: ValidationReport) -> None:
    _warn(report)
    for suite, reason in report.skipped.items():
        logger.info("validate   %s skipped: %s", suite, reason)
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


def _warn(report: ValidationReport) -> None:
    for result in report.failed("warning"):
        logger.warning("  warning: %s/%s: %s", result.suite, result.expectation, result.detail)


def _stored_key(study: Study) -> str:
    return f"validation/{study.name}.json"

from dataclasses import replace

import pytest

from albumart.dataset.build import build_manifest
from albumart.errors import ValidationFailed
from albumart.study import load_study
from albumart.validation.stations import (
    recorded_results,
    validate_manifest,
    validate_stored_rows,
)


@pytest.fixture
def study():
    return load_study("bandcamp-genre")


@pytest.fixture
def manifest(rows):
    return build_manifest(rows, study="s", classes=("jazz", "metal", "folk"), seed=0)


def test_findings_of_rows_and_of_a_version_are_kept_for_the_report(
    workspace, store, study, rows, manifest
):
    assert recorded_results(workspace.objects, study, manifest) == []
    store(rows)
    stored = validate_stored_rows(study, workspace)
    split = validate_manifest(manifest, workspace)
    found = recorded_results(workspace.objects, study, manifest)
    assert found == [*stored.to_dict()["results"], *split.to_dict()["results"]]
    assert {result["suite"] for result in found} == {"albums", "covers", "split"}
    assert all(result["passed"] for result in found)


def test_a_critical_finding_stops_and_is_kept(workspace, store, study, rows, manifest):
    store(rows[:30], width=20)
    with pytest.raises(ValidationFailed, match="covers/side_at_least failed"):
        validate_stored_rows(study, workspace)
    failed = [r for r in recorded_results(workspace.objects, study, manifest) if not r["passed"]]
    assert [r["expectation"] for r in failed] == ["side_at_least", "side_not_small"]


def test_a_planted_leak_stops_before_training(workspace, manifest):
    frame = manifest.frame.copy()
    first = [frame.index[frame["split"] == split][0] for split in ("train", "test")]
    frame.loc[first, "pixel_sha256"] = "0" * 64
    with pytest.raises(ValidationFailed, match="split/pixel_sha256_in_one_split failed"):
        validate_manifest(replace(manifest, frame=frame), workspace)


def test_warnings_are_told(workspace, store, study, rows, caplog):
    caplog.set_level("INFO", logger="albumart")
    store(rows[:30], width=60)
    validate_stored_rows(study, workspace)
    assert "warning: covers/side_not_small" in caplog.text

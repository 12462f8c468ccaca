from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from albumart.album import Origin
from albumart.dataset.build import build_manifest
from albumart.dataset.card import Circumstances, describe_dataset, write_card
from albumart.dataset.manifest import write_manifest
from albumart.errors import NotFound, UnsafeInput, ValidationFailed
from albumart.validation.record import (
    Standing,
    accept_drift,
    find_acceptance,
    find_previous,
    find_record,
    find_standing,
    write_record,
)
from albumart.validation.report import ExpectationResult, ValidationReport
from albumart.validation.suites import NULL, Check

CLASSES = ("jazz", "metal", "folk")
DAY = datetime(2026, 5, 1, tzinfo=UTC)
STUDY = "bandcamp-genre"


@pytest.fixture
def objects(workspace):
    return workspace.objects


@pytest.fixture
def add(objects, make_row, three_genres):
    """day, albums, how it was asked for, what validation said → a version of the study."""

    def put(day, albums, *, passed=True, limit=None, study=three_genres, card=True):
        rows = map(make_row, range(albums))
        seed = study.split.seed
        manifest = build_manifest(rows, study=study.name, classes=CLASSES, seed=seed)
        write_manifest(objects, manifest)
        how = Circumstances(Origin.LIVE, DAY + timedelta(days=day), limit)
        if card:
            write_card(objects, describe_dataset(manifest, study, how))
        if passed is not None:
            broken = () if passed else (broken_check("drift"),)
            write_record(
                objects, manifest, study.name, ValidationReport(broken), compared_with=None
            )
        return manifest

    return put


def broken_check(suite):
    check = Check("frozen", "critical", "stayed", NULL, {"column": "x"})
    return ExpectationResult(suite, check, passed=False)


def previous(objects, manifest):
    found = find_previous(objects, manifest, STUDY)
    assert found is not None
    return found[0].digest, {name: text for name, text in found[1].items() if text}


def test_the_first_version_has_none_before_it(objects, add):
    assert find_previous(objects, add(1, 60), STUDY) is None


def test_it_is_the_last_version_that_passed(objects, add):
    add(1, 60)
    second, last = add(2, 70), add(5, 100)
    add(3, 80, passed=False)
    add(4, 90, passed=None)  # killed before it was validated
    assert previous(objects, last) == (second.digest, {})


def test_other_studies_do_not_count(objects, add, three_genres):
    add(1, 60, study=three_genres.model_copy(update={"name": "other"}))
    assert find_previous(objects, add(2, 70), STUDY) is None


def test_a_sample_in_between_does_not_hide_the_whole(objects, add):
    whole = add(1, 60)
    sample, later = add(2, 30, limit=30), add(3, 70)
    assert previous(objects, later) == (whole.digest, {})
    assert previous(objects, sample) == (later.digest, {"limit": "null → 30"})
    assert previous(objects, add(4, 20, limit=20)) == (later.digest, {"limit": "null → 20"})


def test_what_was_asked_for_differs_by_name(objects, add, three_genres):
    first = add(1, 60)
    split = three_genres.split.model_copy(update={"seed": 7})
    digest, asked = previous(
        objects, add(2, 70, study=three_genres.model_copy(update={"split": split}))
    )
    assert digest == first.digest
    assert asked == {"seed": "0 → 7", "split.seed": "0 → 7"}


def test_corrections_are_no_other_question(objects, add):
    version = add(1, 60)
    corrected = replace(version, parameters={**version.parameters, "corrected": 12})
    assert previous(objects, corrected) == (version.digest, {})


def test_without_a_card_the_manifest_says_what_was_asked_for(objects, add):
    first = add(1, 60)
    bare = add(2, 70, card=False)
    assert previous(objects, bare) == (first.digest, {})
    other = replace(bare, parameters={**bare.parameters, "near_distance": 4})
    assert previous(objects, other) == (first.digest, {"near_distance": "5 → 4"})
    more = replace(bare, parameters={**bare.parameters, "folds": 3})
    assert previous(objects, more) == (first.digest, {"folds": "nothing → 3"})


def test_drift_is_accepted_by_somebody(objects, add):
    manifest = add(1, 60, passed=False)
    assert find_acceptance(objects, manifest.digest, STUDY) is None
    record = accept_drift(objects, manifest.digest, STUDY, who="ann")
    assert record.broken == ("drift/frozen",)
    accepted = find_acceptance(objects, manifest.digest, STUDY)
    assert accepted is not None
    assert accepted.who == "ann"
    assert find_acceptance(objects, manifest.digest, "other") is None


def test_where_a_version_stands(objects, add):
    passed, failed, unknown = add(1, 60), add(2, 70, passed=False), add(3, 80, passed=None)
    standings = [find_standing(objects, m.digest, STUDY) for m in (passed, failed, unknown)]
    assert standings == [Standing.PASSED, Standing.FAILED, Standing.UNCHECKED]
    accept_drift(objects, failed.digest, STUDY, who="ann")
    assert find_standing(objects, failed.digest, STUDY) is Standing.ACCEPTED
    add(2, 70)  # checked again, and let through
    assert find_standing(objects, failed.digest, STUDY) is Standing.ACCEPTED
    assert find_standing(objects, passed.digest, "other") is Standing.UNCHECKED


def test_what_was_accepted_is_drift_and_not_what_a_later_release_finds(objects, add):
    manifest = add(1, 60, passed=False)
    accept_drift(objects, manifest.digest, STUDY, who="ann")
    report = ValidationReport((broken_check("split"),))
    write_record(objects, manifest, STUDY, report, compared_with=None)
    assert find_standing(objects, manifest.digest, STUDY) is Standing.FAILED


def test_there_must_be_something_to_accept(objects, add):
    passed, unknown = add(1, 60), add(2, 70, passed=None)
    for manifest in (passed, unknown):
        with pytest.raises(NotFound, match="expected a dataset of 'bandcamp-genre' that failed"):
            accept_drift(objects, manifest.digest, STUDY, who="ann")


def test_a_leak_is_not_accepted(objects, add):
    manifest = add(1, 60, passed=None)
    report = ValidationReport((broken_check("split"), broken_check("drift")))
    write_record(objects, manifest, STUDY, report, compared_with=None)
    with pytest.raises(ValidationFailed, match=r"expected drift alone .* got split/frozen"):
        accept_drift(objects, manifest.digest, STUDY, who="ann")
    assert find_acceptance(objects, manifest.digest, STUDY) is None


def test_a_record_that_is_none_is_refused(objects, add):
    manifest = add(1, 60)
    objects.put(f"validation/{manifest.digest}/{STUDY}.json", b"{}")
    with pytest.raises(UnsafeInput, match="expected a Record"):
        find_record(objects, manifest.digest, STUDY)


def test_a_card_that_cannot_be_read_is_as_none(objects, add):
    first, second = add(1, 60), add(2, 70)
    objects.put(f"datasets/{second.digest}/{STUDY}.json", b"{}")
    assert previous(objects, second) == (first.digest, {})

"""Leaks and losses, planted into datasets of real stores: named, and nothing comes of them."""

from contextlib import nullcontext

import pytest

from albumart.dataset.manifest import Manifest, write_manifest
from albumart.dataset.version import build_version
from albumart.errors import ValidationFailed
from albumart.stores.labels import LabelField, Wanted
from albumart.training.candidate import Provenance
from albumart.validation.checkpoint import validate
from albumart.validation.data_docs import data_docs_key
from albumart.validation.record import accept_drift, find_record
from albumart.validation.stations import (
    dataset_scope,
    recorded_results,
    require_validated,
    validate_manifest,
)
from albumart.validation.suites import Expected
from tasks import train

COUNT = 240


@pytest.fixture
def rows(make_row):
    """Albums of two by each artist, who has a number."""
    return [make_row(n, artist_id=f"{n % 3}{n // 6:03}", title=f"Opus {n}") for n in range(COUNT)]


@pytest.fixture
def clean(workspace, store, rows, three_genres):
    """A version that passed."""
    store(rows)
    manifest = build_version(three_genres, workspace)
    validate_manifest(manifest, workspace, three_genres)
    return manifest


def first_of(manifest, split):
    return manifest.frame.index[manifest.frame["split"] == split][0]


def plant(manifest, **pair):
    """The manifest with the values of each pair in one album of train and one of test."""
    frame = manifest.frame.copy()
    rows = [first_of(manifest, split) for split in ("train", "test")]
    for column, values in pair.items():
        frame.loc[rows, column] = list(values)
    return rebuilt(manifest, frame), tuple(frame.loc[rows, "album"])


def rebuilt(manifest, frame):
    return Manifest(manifest.study, manifest.classes, frame, {}, manifest.parameters)


def assert_stopped(workspace, study, manifest, *said):
    """Validation stops it and says all of this; nothing came of it."""
    write_manifest(workspace.objects, manifest)
    with pytest.raises(ValidationFailed) as stopped:
        validate_manifest(manifest, workspace, study)
    message = str(stopped.value)
    assert [part for part in said if part not in message] == []
    assert "\n" not in message
    record = find_record(workspace.objects, manifest.digest, study.name)
    assert record is not None
    assert not record.passed
    assert_nothing_came(workspace, study)


def assert_nothing_came(workspace, study):
    """No run, no model, no version, no champion."""
    assert [*workspace.objects.keys("runs/"), *workspace.objects.keys("models/")] == []
    assert list(workspace.models.list_versions()) == []
    assert workspace.models.champion(study.name) is None


LEAKS = {
    "the same pixels": (
        {"pixel_sha256": ["0" * 64] * 2},
        ("split/pixel_sha256_in_one_split failed", "split/duplicate_in_one_split failed"),
    ),
    "nearly the same picture": (
        {"phash": ["00000000000000ff", "00000000000000e0"]},
        ("split/duplicate_in_one_split failed",),
    ),
    "an artist": (
        {"artist": ["Sigur Rós"] * 2},
        ("split/artist_in_one_split failed",),
    ),
    "an artist in another spelling": (
        {"artist": ["The Sigur Rós", "SIGUR ROS"]},
        ("split/artist_in_one_split failed",),
    ),
    "an artist of one number and two names": (
        {"artist": ["A", "A feat. B"], "artist_id": ["17"] * 2},
        ("split/artist_id_in_one_split failed",),
    ),
    "one work told twice": ({"work": ["bandcamp:1"] * 2}, ("split/work_in_one_split failed",)),
    "a group": ({"group": ["bandcamp:1"] * 2}, ("split/group_in_one_split failed",)),
}


@pytest.mark.parametrize(("pair", "said"), LEAKS.values(), ids=LEAKS)
def test_a_planted_leak_is_named_with_its_albums(workspace, three_genres, clean, pair, said):
    leaking, albums = plant(clean, **pair)
    assert_stopped(workspace, three_genres, leaking, *said, albums[0])
    found = recorded_results(workspace.objects, three_genres, leaking)
    rows = {f"{result['suite']}/{result['expectation']} failed": result["rows"] for result in found}
    assert [name for name in said if not set(albums) <= set(rows[name])] == []


NO_LEAKS = {
    "the number of another source's artist": {
        "album": ["bandcamp:x", "itunes:x"],
        "artist_id": ["17", "17"],
    },
    "various artists": {"artist": ["Various Artists"] * 2, "artist_id": ["17"] * 2},
    "two unknown artists": {"artist": [None, None], "artist_id": [None, None]},
}


@pytest.mark.parametrize("pair", NO_LEAKS.values(), ids=NO_LEAKS)
def test_what_only_looks_like_a_leak_passes(workspace, three_genres, clean, pair):
    frame = plant_loose(clean, pair)
    parameters = {name: v for name, v in clean.parameters.items() if name != "seed"}
    loose = Manifest(clean.study, clean.classes, frame, {}, parameters)
    failed = [r.expectation for r in validate_manifest(loose, workspace).failed("critical")]
    assert failed == []


def plant_loose(manifest, pair):
    frame = manifest.frame.copy()
    rows = [first_of(manifest, split) for split in ("train", "test")]
    for column, values in pair.items():
        frame.loc[rows, column] = values
    return frame.sort_values("album", ignore_index=True)


def test_a_changed_test_split_is_named_with_its_albums(workspace, three_genres, clean):
    frame = clean.frame.copy()
    groups = frame.loc[frame["split"] == "test", "group"].unique()[:2]
    moved = frame["group"].isin(groups)
    frame.loc[moved, "split"] = "train"
    assert_stopped(
        workspace,
        three_genres,
        rebuilt(clean, frame),
        "split/split_as_dealt failed",
        "drift/test_frozen failed",
        "'test → train'",
        *frame.loc[moved, "album"],
        "albumart data datasets diff",
    )


def test_a_test_split_from_which_albums_were_taken_is_named(workspace, three_genres, clean):
    """Others would have moved up in their place."""
    test = clean.frame["split"] == "test"
    frame = clean.frame[~test | (test.cumsum() % 2 == 0)].reset_index(drop=True)
    assert_stopped(
        workspace, three_genres, rebuilt(clean, frame), "split/split_as_dealt", "'test → valid"
    )


def correct(workspace, numbers, *words):
    """Say of these albums that their genres are others."""
    wanted = [Wanted(f"bandcamp:{n}", LabelField.GENRES, words) for n in numbers]
    workspace.corrections.append(wanted, who="me")


def build_again(workspace, study):
    return build_version(study, workspace, corrections=workspace.corrections.in_force())


def test_a_shrunken_class_is_named(workspace, three_genres, clean):
    correct(workspace, range(0, 150, 3), "polka")
    shrunken = build_again(workspace, three_genres)
    assert shrunken.label_counts()["jazz"] == 30
    assert_stopped(workspace, three_genres, shrunken, "drift/class_kept failed", "0.375: jazz")


def test_a_lost_class_is_named(workspace, three_genres, clean):
    correct(workspace, range(0, 240, 3), "polka")
    lost = build_again(workspace, three_genres)
    assert lost.classes == ("metal", "folk")
    said = ("drift/class_kept failed", "0.0: jazz", "drift/share_held", "drift/albums_kept")
    assert_stopped(workspace, three_genres, lost, *said)


def test_a_failed_version_is_never_what_the_next_is_compared_with(workspace, three_genres, clean):
    correct(workspace, range(0, 150, 3), "polka")
    shrunken = build_again(workspace, three_genres)
    assert_stopped(workspace, three_genres, shrunken, "drift/class_kept")
    assert build_again(workspace, three_genres).digest == shrunken.digest  # its card is new again
    assert_stopped(workspace, three_genres, shrunken, "drift/class_kept")
    correct(workspace, [1], "jazz")
    nearly = build_again(workspace, three_genres)
    assert_stopped(workspace, three_genres, nearly, "drift/class_kept failed", ": jazz")
    record = find_record(workspace.objects, nearly.digest, three_genres.name)
    assert record is not None
    assert record.compared_with == clean.digest


def test_a_person_may_accept_drift_and_it_is_told(workspace, three_genres, clean):
    correct(workspace, range(0, 150, 3), "polka")
    shrunken = build_again(workspace, three_genres)
    advice = f"albumart data datasets accept {shrunken.digest[:12]} --study bandcamp-genre"
    assert_stopped(workspace, three_genres, shrunken, advice)
    accept_drift(workspace.objects, shrunken.digest, three_genres.name, who="ann")
    require_validated(shrunken, workspace, three_genres)
    found = recorded_results(workspace.objects, three_genres, shrunken)
    (asked,) = (r for r in found if r["expectation"] == "asked_alike")
    assert asked["rows"] == ["accepted"]
    assert "'by ann, 2" in asked["detail"]
    kept = {r["expectation"]: r for r in found}["class_kept"]
    assert (kept["passed"], kept["severity"]) == (False, "warning")
    # What comes next is compared with what was accepted.
    correct(workspace, [150], "polka")
    report = validate_manifest(build_again(workspace, three_genres), workspace, three_genres)
    assert report.failed("critical") == ()


def test_a_leak_is_not_accepted_with_the_drift(workspace, three_genres, clean):
    frame = clean.frame.copy()
    frame.loc[frame["split"] == "test", "split"] = "train"
    changed = rebuilt(clean, frame)
    assert_stopped(workspace, three_genres, changed, "drift/test_frozen")
    with pytest.raises(ValidationFailed, match="expected drift alone to have failed; got split/"):
        accept_drift(workspace.objects, changed.digest, three_genres.name, who="ann")


@pytest.mark.parametrize("change", ["limit", "seed", "classes"])
def test_another_question_is_no_drift(workspace, three_genres, clean, change):
    split = three_genres.split.model_copy(update={"seed": 5})
    labels = three_genres.labels.model_copy(update={"classes": ("metal", "folk")})
    asked = {
        "limit": three_genres,
        "seed": three_genres.model_copy(update={"split": split}),
        "classes": three_genres.model_copy(update={"labels": labels}),
    }[change]
    limit = 90 if change == "limit" else None
    report = validate_manifest(build_version(asked, workspace, limit=limit), workspace, asked)
    (told,) = (r for r in report.results if r.expectation == "asked_alike")
    assert not told.passed
    assert any(change in row for row in told.rows)
    assert report.failed("warning")
    report.raise_if_critical()
    again = validate_manifest(clean, workspace, three_genres)
    assert again.failed("critical") == ()


def test_a_version_that_failed_is_not_trained_on(workspace, three_genres, clean, monkeypatch):
    """Whoever names its digest to the task of training is told again."""
    leaking, albums = plant(clean, artist=["Sigur Rós", "sigur ros"])
    assert_stopped(workspace, three_genres, leaking, "split/artist_in_one_split failed")
    monkeypatch.setattr(train, "find_dataset", lambda _digest: leaking)
    monkeypatch.setattr(train, "open_stores", lambda: nullcontext(workspace))
    with pytest.raises(ValidationFailed, match=f"split/artist_in_one_split failed, .*{albums[0]}"):
        train.train_run.fn(three_genres, leaking.digest, Provenance("test"))
    assert_nothing_came(workspace, three_genres)


def test_a_first_version_says_that_nothing_is_compared(workspace, three_genres, clean, caplog):
    record = find_record(workspace.objects, clean.digest, three_genres.name)
    assert record is not None
    assert record.compared_with is None
    reason = "no other dataset of bandcamp-genre has passed validation yet"
    assert record.skipped == {"drift": reason}
    caplog.set_level("INFO", logger="albumart")
    validate_manifest(clean, workspace, three_genres)
    assert f"drift skipped: {reason}" in caplog.text


def test_the_data_docs_show_split_and_drift(workspace, three_genres, clean, store, make_row):
    store([make_row(n) for n in range(COUNT, COUNT + 9)])
    validate_manifest(build_version(three_genres, workspace), workspace, three_genres)
    key = data_docs_key(dataset_scope(three_genres.name))
    page = workspace.objects.get(key).decode()
    assert "drift/test_frozen (critical)" in page
    assert "split/work_in_one_split (critical)" in page


def test_a_version_that_passed_is_not_checked_again(workspace, three_genres, clean, caplog):
    caplog.set_level("INFO", logger="albumart")
    require_validated(clean, workspace, three_genres)
    assert "validate" not in caplog.text
    other = three_genres.model_copy(update={"name": "other"})
    require_validated(clean, workspace, other)
    assert "validate   split" in caplog.text
    own = recorded_results(workspace.objects, other, clean)
    assert {r["suite"] for r in own} == {"split"}


def test_an_older_manifest_still_passes(clean):
    """Its file has neither works nor artists' numbers nor several labels."""
    frame = clean.frame.drop(columns=["labels", "artist_id", "work"])
    validate("split", frame, expected=Expected(classes=clean.classes)).raise_if_critical()

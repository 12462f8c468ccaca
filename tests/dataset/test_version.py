import dataclasses
import hashlib
from datetime import UTC, datetime

import pytest

from albumart.album import Album, Cover, CoverResult, CoverStatus
from albumart.dataset.card import card_key, read_card, write_card
from albumart.dataset.manifest import read_manifest, write_manifest
from albumart.dataset.version import (
    build_version,
    find_dataset,
    label_and_split,
    list_datasets,
    previous_version,
)
from albumart.errors import BadStudy, NotFound, ValidationFailed
from albumart.stores.labels import Correction, LabelField
from albumart.study import load_study


@pytest.fixture
def study():
    whole = load_study("bandcamp-genre")
    labels = whole.labels.model_copy(
        update={"classes": ("jazz", "metal", "folk"), "min_covers": 10}
    )
    return whole.model_copy(update={"labels": labels})


def store(workspace, genres):
    """One album of each genre word, each with a cover; then one without."""
    albums = [Album("bandcamp", str(n), ("https://x/y",), (word,)) for n, word in enumerate(genres)]
    workspace.albums.upsert_albums([*albums, Album("bandcamp", "absent", ("https://x/z",))])
    workspace.albums.record_covers(
        CoverResult(album.key, CoverStatus.STORED, url="https://x/y", cover=made_cover(album.key))
        for album in albums
    )


def made_cover(key):
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    return Cover(sha256, sha256[::-1], sha256[:16], 350, 350, "JPEG", 1000)


def test_stored_covers_become_a_stored_version(workspace, study):
    store(workspace, ["jazz"] * 20 + ["metal"] * 20 + ["polka"] * 2)
    built = build_version(study, workspace)
    assert built.study == "bandcamp-genre"
    # Of folk there are too few covers: it is no class of this version.
    assert built.classes == ("jazz", "metal")
    assert built.excluded == {"unmapped_label": 2}
    assert built.rare_labels == {"folk": 0}
    assert len(built.frame) == 40
    assert read_manifest(workspace.objects, built.digest).frame.equals(built.frame)
    assert build_version(study, workspace).digest == built.digest


def test_a_limit_takes_fewer_albums(workspace, study):
    store(workspace, ["jazz", "metal"] * 30)
    assert len(build_version(study, workspace, limit=45).frame) in (44, 45)


def test_too_few_classes_stop_with_what_was_found(workspace, study):
    store(workspace, ["jazz"] * 20 + ["metal"] * 9)
    with pytest.raises(ValidationFailed, match="expected two classes or more with 10 covers each"):
        build_version(study, workspace)


def test_albums_of_a_class_that_is_too_small_are_counted(workspace, study):
    store(workspace, ["jazz"] * 20 + ["metal"] * 20 + ["folk"] * 4)
    built = build_version(study, workspace)
    assert built.classes == ("jazz", "metal")
    assert built.rare_labels == {"folk": 4}
    assert built.excluded == {"rare_label": 4}


def correct(album, *genres):
    return Correction(album, LabelField.GENRES, ("x",), genres, "me", datetime.now(UTC))


def test_corrections_are_laid_over_what_was_told(workspace, study):
    store(workspace, ["jazz"] * 20 + ["metal"] * 20 + ["polka"] * 2)
    plain = build_version(study, workspace)
    nothing = [correct("bandcamp:absent", "jazz"), correct("itunes:1", "jazz")]
    assert build_version(study, workspace, corrections=nothing).digest == plain.digest
    corrections = [correct("bandcamp:0", "metal"), correct("bandcamp:40", "doom metal")]
    built = build_version(study, workspace, corrections=corrections)
    assert built.label_counts() == {"jazz": 19, "metal": 22}
    assert built.parameters["corrected"] == 2
    assert built.excluded == {"unmapped_label": 1}
    (told,) = [row for row in workspace.albums.rows("bandcamp") if row["album"] == "bandcamp:0"]
    assert told["genres"] == ("jazz",)
    assert build_version(study, workspace).digest == plain.digest


@pytest.fixture
def moods(study):
    labels = study.labels.model_copy(update={"classes": (), "scheme": "ordered", "min_covers": 10})
    return study.model_copy(update={"labels": labels})


def test_a_study_of_moods_finds_its_classes_and_leaves_out_the_rare(moods, make_row):
    words = [("sad", "Angry")] * 12 + [("ANGRY", "Rousing")] * 9 + [("Rousing",)] * 3
    words += [("Homemade",)] * 2 + [()]
    rows = [make_row(number, moods=told) for number, told in enumerate(words)]
    built = label_and_split(moods, rows)
    assert built.classes == ("Angry", "Rousing", "Sad")
    assert built.label_counts() == {"Angry": 21, "Rousing": 12, "Sad": 12}
    assert built.rare_labels == {"Homemade": 2}
    assert built.excluded == {"rare_label": 2, "unmapped_label": 1}
    assert set(built.frame["labels"]) == {("Sad", "Angry"), ("Angry", "Rousing"), ("Rousing",)}


def test_moods_that_are_listed_are_all_that_count(moods, make_row):
    listed = moods.labels.model_copy(update={"classes": ("Sad", "Angry")})
    rows = [make_row(number, moods=("Rousing", "Sad", "Angry")) for number in range(12)]
    built = label_and_split(moods.model_copy(update={"labels": listed}), rows)
    assert built.classes == ("Sad", "Angry")
    assert set(built.frame["labels"]) == {("Sad", "Angry")}


def test_a_study_must_list_classes_where_words_do_not_give_them(study, make_row):
    labels = study.labels.model_copy(update={"classes": ()})
    with pytest.raises(BadStudy, match="single expects classes; got none"):
        label_and_split(study.model_copy(update={"labels": labels}), [make_row(1)])


def test_a_message_names_the_first_of_many_classes(moods, make_row):
    rows = [make_row(number, moods=(f"Mood {number:02}",)) for number in range(25)]
    with pytest.raises(ValidationFailed, match="got 1 Mood 00, .*1 Mood 19 and 5 more from 25"):
        label_and_split(moods, rows)


def test_each_version_has_a_card(workspace, study):
    store(workspace, ["jazz", "metal"] * 20)
    built = build_version(study, workspace, limit=30)
    card = read_card(workspace.objects, built.digest, "bandcamp-genre")
    assert (card.limit, card.origin, card.albums) == (30, "sandbox", len(built.frame))
    assert workspace.objects.exists(card_key(built.digest, "bandcamp-genre", "md"))


def test_versions_are_listed_found_and_followed(workspace, study, manifest):
    objects = workspace.objects
    assert list_datasets(objects) == []
    store(workspace, ["jazz", "metal"] * 20)
    first = build_version(study, workspace)
    second = build_version(study, workspace, limit=30)
    other = study.model_copy(update={"name": "other"})
    assert build_version(other, workspace, limit=30).digest == second.digest
    write_manifest(objects, manifest)
    found = list_datasets(objects)
    assert [(each.digest, each.study) for each in found] == [
        (second.digest, "other"),
        (second.digest, "bandcamp-genre"),
        (first.digest, "bandcamp-genre"),
        (manifest.digest, "s"),
    ]
    assert (found[-1].built, found[-1].albums, found[-1].classes) == (None, 60, 3)
    assert found[2].by_split == first.split_counts()
    assert find_dataset(objects, first.digest[:20]).digest == first.digest
    previous = previous_version(objects, "bandcamp-genre", second.digest)
    assert previous is not None
    assert previous.digest == first.digest
    assert previous_version(objects, "other", second.digest) is None
    # The first one is built again: what was before it is the second one now.
    build_version(study, workspace)
    third = build_version(study, workspace, limit=35)
    previous = previous_version(objects, "bandcamp-genre", third.digest)
    assert previous is not None
    assert previous.digest == first.digest


@pytest.mark.parametrize("digest", ["", "xyz", "../x", "f" * 64, "F", "datasets"])
def test_a_digest_that_names_nothing_is_not_found(workspace, digest):
    with pytest.raises(NotFound, match="expected the beginning of one dataset's digest"):
        find_dataset(workspace.objects, digest)


def test_a_digest_that_names_two_is_not_enough(workspace, manifest):
    objects = workspace.objects
    write_manifest(objects, manifest)
    objects.put(f"datasets/{manifest.digest[:5]}{'0' * 59}.parquet", b"")
    with pytest.raises(NotFound, match="2 begin so"):
        find_dataset(objects, manifest.digest[:5])


def test_a_card_that_cannot_be_read_is_passed_over(workspace, study, caplog):
    store(workspace, ["jazz", "metal"] * 20)
    built = build_version(study, workspace)
    card = read_card(workspace.objects, built.digest, "bandcamp-genre")
    write_card(workspace.objects, card.model_copy(update={"study": "older"}))
    workspace.objects.put(card_key(built.digest, "bandcamp-genre"), b'{"digest": 1}')
    assert [each.study for each in list_datasets(workspace.objects)] == ["older"]
    assert "expected a dataset card" in caplog.text
    assert previous_version(workspace.objects, "bandcamp-genre", "0" * 64) is None
    assert dataclasses.asdict(list_datasets(workspace.objects)[0])["digest"] == built.digest

import random

import pytest

from albumart.dataset.manifest import COLUMNS
from albumart.errors import BadStudy, ValidationFailed


def test_rows_become_a_sorted_labelled_split_frame(manifest):
    frame = manifest.frame
    assert list(frame.columns) == list(COLUMNS)
    assert frame["album"].is_monotonic_increasing
    assert frame.loc[frame["album"] == "bandcamp:4", "label"].item() == "metal"
    assert manifest.parameters == {
        "scheme": "single",
        "seed": 0,
        "fractions": {"train": 0.7, "validation": 0.15, "test": 0.15},
        "near_distance": 5,
    }


def test_the_order_of_rows_does_not_change_the_digest(make_manifest, make_row):
    rows = [make_row(n, artist=f"artist {n % 7}") for n in range(60)]
    shuffled = random.Random(0).sample(rows, len(rows))
    assert make_manifest(shuffled).digest == make_manifest(rows).digest


def test_the_seed_changes_the_digest(make_manifest, make_row):
    rows = [make_row(n) for n in range(60)]
    assert make_manifest(rows, seed=1).digest != make_manifest(rows).digest


def test_albums_are_excluded_by_counted_reasons(make_manifest, make_row):
    twins = {"pixel_sha256": "0" * 64}
    rows = [
        make_row(1, genres=("polka",)),
        make_row(2, genres=()),
        make_row(3, genres=("jazz",), **twins),
        make_row(4, genres=("metal",), **twins),
        make_row(5, genres=("polka",), **twins),
        make_row(6),
    ]
    found = make_manifest(rows)
    assert found.excluded == {"contradicting_label": 2, "unmapped_label": 3}
    assert found.frame["album"].tolist() == ["bandcamp:6"]


def test_duplicates_of_one_label_stay_and_share_a_split(make_manifest, make_row):
    twins = [make_row(n, pixel_sha256="0" * 64, genres=("jazz",)) for n in (100, 200, 300)]
    frame = make_manifest([*twins, *(make_row(n) for n in range(60))]).frame
    kept = frame[frame["pixel_sha256"] == "0" * 64]
    assert len(kept) == 3
    assert set(kept["group"]) == {"bandcamp:100"}
    assert kept["split"].nunique() == 1


def test_an_artist_is_in_one_split(make_manifest, make_row):
    rows = [make_row(n, artist=f"Artist {n % 20}") for n in range(200)]
    frame = make_manifest(rows).frame
    assert (frame.groupby("artist")["split"].nunique() == 1).all()


def test_rows_may_bring_more_than_is_kept(make_manifest, make_row, manifest):
    rows = [make_row(n, tags=("a",), moods=()) for n in range(60)]
    assert make_manifest(rows).digest == manifest.digest


def test_an_album_that_comes_twice_is_refused(make_manifest, make_row):
    with pytest.raises(ValidationFailed, match="expected each album once; got 'bandcamp:1' again"):
        make_manifest([make_row(1), make_row(2), make_row(1)])


def test_an_unknown_scheme_is_refused_with_the_choices(make_manifest):
    with pytest.raises(BadStudy, match="expected a scheme of single, .*; got 'pick-two'"):
        make_manifest([], scheme="pick-two")


def test_single_labels_are_the_only_labels(manifest):
    assert all(labels == (label,) for label, labels in zip(
        manifest.frame["label"], manifest.frame["labels"], strict=True
    ))  # fmt: skip
    assert not manifest.has_several


@pytest.fixture
def make_moods(make_manifest, make_row):
    """moods of each album → their manifest."""

    def make(*moods, **changes):
        rows = [make_row(number, moods=words) for number, words in enumerate(moods)]
        rows = [row | changes.get(row["album"], {}) for row in rows]
        return make_manifest(rows, classes=("Angry", "Rousing", "Sad"), scheme="ordered")

    return make


def test_albums_may_carry_several_labels_in_their_order(make_moods):
    found = make_moods(("sad", "Angry"), ("Rousing",), (), ("Homemade",))
    assert found.frame["labels"].tolist() == [("Sad", "Angry"), ("Rousing",)]
    assert found.frame["label"].tolist() == ["Sad", "Rousing"]
    assert found.label_counts() == {"Angry": 1, "Rousing": 1, "Sad": 1}
    assert found.excluded == {"unmapped_label": 2}
    assert found.has_several


def test_albums_of_one_cover_contradict_each_other_where_they_share_no_label(make_moods):
    one, two, three = ({"pixel_sha256": digit * 64} for digit in "123")
    twins = {
        **dict.fromkeys(("bandcamp:0", "bandcamp:1", "bandcamp:2"), one),
        **dict.fromkeys(("bandcamp:3", "bandcamp:4"), two),
        **dict.fromkeys(("bandcamp:5", "bandcamp:6", "bandcamp:7"), three),
    }
    found = make_moods(
        ("Sad", "Angry"), ("Angry",), ("Rousing", "Angry"),
        ("Sad",), ("Angry",),
        ("Sad", "Angry"), ("Angry", "Rousing"), ("Rousing", "Sad"),
        **twins,
    )  # fmt: skip
    assert found.frame["album"].tolist() == ["bandcamp:0", "bandcamp:1", "bandcamp:2"]
    assert set(found.frame["group"]) == {"bandcamp:0"}
    assert found.excluded == {"contradicting_label": 5}


def test_albums_that_are_both_of_two_classes_are_counted(make_manifest, make_row):
    words = [("metal",), ("rap",), ("metal", "rap"), ("jazz",)]
    rows = [
        make_row(number, genres=genres, styles=(), tags=()) for number, genres in enumerate(words)
    ]
    found = make_manifest(rows, classes=("metal", "rap"), scheme="pick_two")
    assert found.excluded == {"both_labels": 1, "unmapped_label": 1}
    assert found.frame["label"].tolist() == ["metal", "rap"]


def test_a_row_may_say_why_it_is_left_out(make_manifest, make_row):
    found = make_manifest([make_row(1), make_row(2, left_out="rare_label")])
    assert found.excluded == {"rare_label": 1}
    assert len(found.frame) == 1


def test_corrected_rows_are_counted_where_there_are_any(make_manifest, make_row, manifest):
    rows = [make_row(number) for number in range(60)]
    assert "corrected" not in manifest.parameters
    marked = [rows[0] | {"corrected": True}, rows[1] | {"corrected": True}, *rows[2:]]
    found = make_manifest(marked)
    assert found.parameters == {**manifest.parameters, "corrected": 2}
    assert found.excluded == {}
    assert found.digest != manifest.digest


def test_a_missing_field_is_no_row_of_nothing(make_manifest, make_row):
    row = make_row(1)
    del row["phash"]
    with pytest.raises(KeyError, match="phash"):
        make_manifest([row])

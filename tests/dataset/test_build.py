import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from albumart.dataset.duplicates import count_duplicates
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


def test_genres_are_told_beside_moods_and_not_beside_genres(make_moods, make_manifest, make_row):
    told = {"genres": ("Rap",), "styles": ("Jazz-Rap", "Hardcore Rap")}
    found = make_moods(("Sad",), ("Angry",), **{"bandcamp:0": told, "bandcamp:1": {"genres": ()}})
    assert found.frame["genres"].tolist() == [("Rap", "Jazz-Rap", "Hardcore Rap"), ()]
    assert make_manifest([make_row(1, genres=("jazz",))]).frame["genres"].tolist() == [()]


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


@pytest.fixture
def make_album(make_row):
    """source, number, changes → a row with a cover of its own; one number is one album."""

    def make(source, number, **changes):
        told = {"album": f"{source}:{number}", "artist": f"Artist {number}", "year": 2000}
        told |= {"title": f"Song of {number} moons", "genres": ("jazz",)}
        return make_row(f"{source} {number}", **told | changes)

    return make


def test_an_album_that_two_sources_tell_is_one_work_in_one_group(make_manifest, make_album):
    rows = [make_album(source, n) for source in ("allmusic", "itunes") for n in range(30)]
    found = make_manifest(rows)
    frame = found.frame
    assert frame["work"].tolist() == [f"allmusic:{key.split(':')[1]}" for key in frame["album"]]
    assert (frame.groupby("work")["group"].nunique() == 1).all()
    assert (frame.groupby("work")["split"].nunique() == 1).all()
    copies = count_duplicates(found)
    assert (copies.works, copies.told, copies.clusters, copies.groups) == (30, 60, 0, 30)


def test_a_release_group_joins_albums_that_are_spelled_otherwise(make_manifest, make_album):
    mbid = "12345678-1234-4123-8123-123456789abc"
    rows = [
        make_album("musicbrainz", 1, album=f"musicbrainz:{mbid}", artist="Björk"),
        make_album("itunes", 2, mbid=mbid.upper()),
    ]
    frame = make_manifest(rows).frame
    assert set(frame["work"]) == {"itunes:2"}
    assert "mbid" not in frame


def test_artists_are_kept_together_by_their_id(make_manifest, make_album):
    rows = [make_album("itunes", n, artist_id="7") for n in (1, 2)]
    rows += [make_album("allmusic", 3, artist_id="7")]
    found = make_manifest(rows).frame
    assert found["artist_id"].tolist() == ["7"] * 3
    assert found["group"].tolist() == ["artist:artist 3", "artist:artist 1", "artist:artist 1"]


def test_a_work_of_contradicting_labels_is_set_aside(make_manifest, make_album):
    rows = [
        make_album("allmusic", 1), make_album("itunes", 1, genres=("metal",)),
        make_album("allmusic", 2), make_album("itunes", 2),
        make_album("allmusic", 3), make_album("itunes", 3, genres=("polka",)),
    ]  # fmt: skip
    found = make_manifest(rows)
    assert found.frame["album"].tolist() == ["allmusic:2", "allmusic:3", "itunes:2"]
    assert found.excluded == {"contradicting_work": 2, "unmapped_label": 1}
    assert count_duplicates(found).contradicting_works == 2


def test_a_work_of_several_labels_contradicts_itself_where_none_is_shared(
    make_manifest, make_album
):
    moods = [("Sad", "Angry"), ("Angry",), ("Sad",), ("Rousing",)]
    rows = [
        make_album(source, number, moods=moods[2 * number + place])
        for number in (0, 1)
        for place, source in enumerate(("allmusic", "folder"))
    ]
    found = make_manifest(rows, classes=("Angry", "Rousing", "Sad"), scheme="ordered")
    assert found.frame["album"].tolist() == ["allmusic:0", "folder:0"]
    assert found.excluded == {"contradicting_work": 2}


def test_each_album_is_left_out_for_one_reason(make_manifest, make_album):
    """The same cover twice, as jazz and metal, one of them an album that is jazz elsewhere."""
    same = {"pixel_sha256": "0" * 64}
    rows = [
        make_album("allmusic", 1, **same), make_album("itunes", 2, genres=("metal",), **same),
        make_album("allmusic", 2), make_album("itunes", 4),
    ]  # fmt: skip
    found = make_manifest(rows)
    assert found.frame["album"].tolist() == ["itunes:4"]
    assert found.excluded == {"contradicting_label": 2, "contradicting_work": 1}


def test_placeholders_go_before_they_join_anything(make_manifest, make_album):
    nothing = {"pixel_sha256": "0" * 64, "phash": "00ff00ff00ff00ff"}
    rows = [make_album("itunes", n, **nothing) for n in range(6)]
    rows += [make_album("itunes", 6, genres=("polka",), **nothing)]
    rows += [make_album("itunes", 7, phash="00ff00ff00ff00fe"), make_album("itunes", 8)]
    found = make_manifest(rows)
    assert found.frame["album"].tolist() == ["itunes:8"]
    assert found.excluded == {"placeholder": 7, "unmapped_label": 1}


def test_a_placeholder_is_found_among_albums_that_have_no_label_here(make_manifest, make_album):
    nothing = {"pixel_sha256": "0" * 64}
    rows = [make_album("itunes", n, genres=("polka",), **nothing) for n in range(4)]
    rows += [make_album("itunes", 4, **nothing), make_album("itunes", 5)]
    assert make_manifest(rows).excluded == {"placeholder": 1, "unmapped_label": 4}
    # With one artist less it may be a cover.
    assert make_manifest(rows[1:]).excluded == {"unmapped_label": 3}


def test_a_source_without_a_picture_contradicts_all_the_same(make_manifest, make_album):
    nothing = {"pixel_sha256": "0" * 64}
    rows = [make_album("itunes", n, genres=("metal",), **nothing) for n in range(5)]
    rows += [make_album("allmusic", n) for n in (0, 9)]
    found = make_manifest(rows)
    assert found.frame["album"].tolist() == ["allmusic:9"]
    assert found.excluded == {"contradicting_work": 1, "placeholder": 5}


def test_works_and_clusters_are_named_by_albums_that_are_there(make_manifest, make_album):
    """Of each, the album with the smallest key is left out for something else."""
    same = {"pixel_sha256": "0" * 64}
    rows = [
        make_album("allmusic", 1, genres=("polka",)), make_album("itunes", 1),
        make_album("musicbrainz", 1),
        make_album("allmusic", 2, **same), make_album("folder", 2, genres=("metal",)),
        make_album("itunes", 3, **same),
    ]  # fmt: skip
    frame = make_manifest(rows).frame
    assert frame["work"].tolist() == ["itunes:1", "itunes:3", "itunes:1"]
    assert frame["cluster"].tolist() == ["itunes:1", "itunes:3", "musicbrainz:1"]


made_albums = st.lists(
    st.tuples(
        st.sampled_from(["allmusic", "folder", "itunes"]),
        st.integers(0, 12),
        st.fixed_dictionaries(
            {},
            optional={
                "artist": st.sampled_from(["Ada", "ADA feat. Bo", "Bo", None]),
                "artist_id": st.sampled_from(["1", "2"]),
                "genres": st.sampled_from([("jazz",), ("metal",), ("polka",)]),
                "pixel_sha256": st.sampled_from(["0" * 64, "1" * 64]),
                "phash": st.sampled_from(["0" * 16, "0" * 15 + "1"]),
                "blank": st.booleans(),
            },
        ),
    ),
    max_size=40,
    unique_by=lambda row: row[:2],
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(made_albums, st.randoms())
def test_nothing_that_belongs_together_is_parted_or_lost(make_manifest, make_album, told, random):
    rows = [make_album(*row[:2], **row[2]) for row in told]
    found = make_manifest(rows)
    frame = found.frame
    assert len(frame) + sum(found.excluded.values()) == len(rows)
    for column in ("work", "cluster", "group", "pixel_sha256"):
        assert (frame.groupby(column)["split"].nunique() == 1).all()
    for column in ("work", "cluster"):
        assert (frame.groupby(column)["label"].nunique() == 1).all()
        assert frame[column].isin(frame["album"]).all()
    random.shuffle(rows)
    assert make_manifest(rows).digest == found.digest

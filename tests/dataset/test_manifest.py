import dataclasses
import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from albumart.dataset.manifest import (
    COLUMNS,
    Manifest,
    as_manifest_frame,
    manifest_key,
    read_manifest,
    write_manifest,
)
from albumart.errors import NotFound, UnsafeInput, ValidationFailed

CLASSES = ("jazz", "metal", "folk")


def altered(manifest, **changes):
    return dataclasses.replace(manifest, **changes)


def with_cell(manifest, column, value):
    frame = manifest.frame.copy()
    frame.at[0, column] = value
    return altered(manifest, frame=frame)


def test_parquet_brings_back_every_row_type_and_word(manifest):
    again = Manifest.from_parquet(manifest.to_parquet())
    pd.testing.assert_frame_equal(again.frame, manifest.frame)
    assert again.frame.dtypes.astype(str).to_dict() == COLUMNS
    assert again.digest == manifest.digest
    for name in ("study", "classes", "excluded", "parameters"):
        assert getattr(again, name) == getattr(manifest, name)


def test_a_manifest_without_rows_is_one(make_manifest):
    empty = make_manifest([])
    assert Manifest.from_parquet(empty.to_parquet()).digest == empty.digest
    assert empty.summary()["albums"] == 0


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_is_in_the_digest(manifest, column):
    other = {"year": 1900, "width": 1, "height": 1, "blank": True, "album": "bandcamp:"}
    other |= {"labels": ("jazz", "other"), "genres": ("jazz",), "work": "bandcamp:1"}
    changed = with_cell(manifest, column, other.get(column, "other"))
    assert changed.digest != manifest.digest


@pytest.mark.parametrize(
    "change", [{"classes": ("metal", "jazz", "folk")}, {"parameters": {"seed": 1}}]
)
def test_what_shapes_the_data_is_in_the_digest(manifest, change):
    assert altered(manifest, **change).digest != manifest.digest


@pytest.mark.parametrize("change", [{"study": "other"}, {"excluded": {"unmapped_label": 9}}])
def test_what_does_not_shape_the_data_is_not(manifest, change):
    assert altered(manifest, **change).digest == manifest.digest


def test_the_digest_of_a_known_manifest_never_changes(make_manifest, make_row):
    # A change here orphans every stored dataset, cache and champion: raise FORMAT on purpose.
    known = make_manifest([make_row(n) for n in range(3)])
    assert known.digest == "4b5268449188cbaefc8ea62e011e782722bc47e95c858e5643449348850ddd0d"


def test_the_digests_of_before_there_were_several_labels_hold(manifest, make_manifest, make_row):
    assert manifest.digest == "c93133d5d9df708d61ca4258db2b7981b59668a567273b164af7811c5f5407de"
    words = [("death metal", "jazz") if n % 5 == 0 else (CLASSES[n % 3],) for n in range(90)]
    rows = [make_row(n, artist=f"artist {n % 7}", genres=words[n]) for n in range(90)]
    # As it is since a group is called by its artist, and no more by its first album.
    known = "6319c02afc85cb7ad3fe97ed68c214fc5771797761a7441ab610e14303e5102b"
    assert make_manifest(rows, seed=7).digest == known


def test_a_file_of_before_there_were_several_labels_is_read(manifest):
    def as_before(table):
        about = json.loads(table.schema.metadata[b"albumart"])
        del about["rare_labels"]
        words = {b"albumart": json.dumps(about).encode()}
        return table.drop_columns(["labels"]).replace_schema_metadata(words)

    again = Manifest.from_parquet(rewritten(manifest.to_parquet(), as_before))
    pd.testing.assert_frame_equal(again.frame, manifest.frame)
    assert again.digest == manifest.digest


@pytest.fixture
def several(make_manifest, make_row):
    """Ten albums with one to three moods each."""
    moods = ("Angry", "Rousing", "Sad")
    rows = [make_row(n, moods=moods[n % 3 :] + moods[: n % 2]) for n in range(10)]
    return make_manifest(rows, classes=moods, scheme="ordered")


def test_several_labels_come_back_in_their_order(several):
    assert several.has_several
    again = Manifest.from_parquet(several.to_parquet())
    assert again.frame["labels"].tolist() == several.frame["labels"].tolist()
    assert again.digest == several.digest
    assert set(map(type, again.frame["labels"])) == {tuple}


def test_several_labels_are_in_the_digest_with_their_order(several):
    turned = with_cell(several, "labels", several.frame["labels"][0][::-1])
    assert turned.digest != several.digest
    swapped = rewritten(several.to_parquet(), with_labels_turned)
    with pytest.raises(UnsafeInput, match="it was altered"):
        Manifest.from_parquet(swapped)


def with_labels_turned(table):
    turned = pa.array([labels[::-1] for labels in table["labels"].to_pylist()])
    return table.set_column(table.column_names.index("labels"), "labels", turned)


def test_a_label_of_single_ones_that_was_altered_is_found(manifest):
    def turn(table):
        labels = pa.array([["jazz"]] * len(table))
        return table.set_column(table.column_names.index("labels"), "labels", labels)

    with pytest.raises(UnsafeInput, match="it was altered"):
        Manifest.from_parquet(rewritten(manifest.to_parquet(), turn))


def test_each_album_counts_for_each_of_its_labels(several):
    counts = several.label_counts()
    assert list(counts) == ["Angry", "Rousing", "Sad"]
    for name, count in counts.items():
        assert count == sum(name in labels for labels in several.frame["labels"])
    assert several.summary()["by_class"] == counts
    assert sum(several.split_counts().values()) == 10


def test_rare_labels_are_kept_beside_the_digest(manifest):
    changed = altered(manifest, rare_labels={"polka": 3})
    assert changed.digest == manifest.digest
    assert Manifest.from_parquet(changed.to_parquet()).rare_labels == {"polka": 3}


def test_columns_that_tell_nothing_are_not_in_the_digest(manifest, make_manifest, make_row):
    untold = [name for name in COLUMNS if name not in ("genres", "artist_id", "work")]
    older = altered(manifest, frame=as_manifest_frame(manifest.frame[untold]))
    assert older.digest == manifest.digest
    numbered = make_manifest([make_row(n, artist_id=str(n)) for n in range(60)])
    assert numbered.digest != manifest.digest
    assert numbered.frame["artist_id"].tolist() != manifest.frame["artist_id"].tolist()


def without_columns(*names):
    return lambda table: table.drop_columns(list(names))


def test_a_file_of_before_there_were_such_columns_is_read(manifest):
    data = rewritten(
        manifest.to_parquet(), without_columns("labels", "genres", "artist_id", "work")
    )
    again = Manifest.from_parquet(data)
    assert again.digest == manifest.digest
    pd.testing.assert_frame_equal(again.frame, manifest.frame)


def test_a_column_that_told_something_is_missed(make_manifest, make_row):
    twice = {"artist": "Ada Quill", "title": "The Long Way Home", "year": 2001}
    rows = [make_row(n, **twice, genres=("jazz",)) for n in (1, 2)]
    rows += [make_row(n, artist=f"A {n}", artist_id="7") for n in range(3, 60)]
    told = make_manifest(rows)
    assert told.frame["work"].duplicated().sum() == 1
    for column in ("artist_id", "work"):
        with pytest.raises(UnsafeInput) as caught:
            Manifest.from_parquet(rewritten(told.to_parquet(), without_columns(column)))
        assert caught.value.code == "digest"


def test_missing_words_and_empty_words_are_told_apart(manifest):
    missing, empty = with_cell(manifest, "title", None), with_cell(manifest, "title", "")
    assert missing.digest != empty.digest


def test_the_summary_counts_rows(manifest):
    assert manifest.summary() == {
        "digest": manifest.digest,
        "albums": 60,
        "covers": 60,
        "by_split": {"train": 42, "validation": 9, "test": 9},
        "by_class": {"jazz": 20, "metal": 20, "folk": 20},
        "excluded": {},
    }


def rewritten(data, change):
    table = pq.read_table(io.BytesIO(data))
    buffer = io.BytesIO()
    pq.write_table(change(table), buffer)
    return buffer.getvalue()


def with_split_swapped(table):
    splits = pa.array(["train"] * len(table))
    return table.set_column(table.column_names.index("split"), "split", splits)


def with_word_replaced(old, new):
    def change(table):
        words = table.schema.metadata[b"albumart"].replace(old, new)
        return table.replace_schema_metadata({b"albumart": words})

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (with_split_swapped, "digest"),
        (lambda table: table.slice(1), "digest"),
        (with_word_replaced(b'"seed":0', b'"seed":1'), "digest"),
        (lambda table: table.drop_columns(["split"]), "manifest"),
        (lambda table: table.replace_schema_metadata({}), "manifest"),
        (with_word_replaced(b'"format":1', b'"format":2'), "manifest"),
        (with_word_replaced(b'"study":', b'"steady":'), "manifest"),
        (lambda table: pa.concat_tables([table, table]), "manifest"),
    ],
)
def test_an_altered_file_is_refused(manifest, change, code):
    with pytest.raises(UnsafeInput) as caught:
        Manifest.from_parquet(rewritten(manifest.to_parquet(), change))
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"", b"PAR1", b"<html>", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_refused(data):
    with pytest.raises(UnsafeInput, match="expected a manifest in Parquet"):
        Manifest.from_parquet(data)


def test_rows_out_of_order_or_twice_are_no_manifest(manifest):
    for frame in (manifest.frame.iloc[::-1], pd.concat([manifest.frame] * 2)):
        with pytest.raises(ValidationFailed, match="each album once, in order"):
            altered(manifest, frame=frame)


def test_other_columns_are_no_manifest(manifest):
    with pytest.raises(ValidationFailed, match="expected columns"):
        altered(manifest, frame=manifest.frame.drop(columns="url"))


def test_a_frame_is_brought_into_form(manifest):
    loose = manifest.frame.astype({"year": "object", "width": "float64"}).iloc[::-1]
    loose = loose.assign(extra=1)[["extra", *reversed(COLUMNS)]]
    pd.testing.assert_frame_equal(as_manifest_frame(loose), manifest.frame)


def test_a_stored_manifest_is_read_by_its_digest(objects, manifest):
    assert write_manifest(objects, manifest) == manifest.digest
    assert write_manifest(objects, manifest) == manifest.digest
    again = read_manifest(objects, manifest.digest)
    pd.testing.assert_frame_equal(again.frame, manifest.frame)
    assert manifest.key == f"datasets/{manifest.digest}.parquet"


def test_an_unknown_digest_is_not_found(objects):
    with pytest.raises(NotFound):
        read_manifest(objects, "0" * 64)


def test_a_whole_manifest_under_another_name_is_refused(objects, manifest):
    objects.put(manifest_key("1" * 64), manifest.to_parquet())
    with pytest.raises(UnsafeInput, match="it was altered") as caught:
        read_manifest(objects, "1" * 64)
    assert caught.value.code == "digest"

import dataclasses
import io

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


def altered(manifest, **changes):
    return dataclasses.replace(manifest, **changes)


def with_cell(manifest, column, value):
    frame = manifest.frame.copy()
    frame.loc[0, column] = value
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

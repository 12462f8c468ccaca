import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from albumart.dataset.diff import DRIFT_COLUMNS, diff_manifests, label_drift


@pytest.fixture
def of_rows(make_manifest, make_row):
    """numbers, changes by number → a manifest of those rows."""

    def make(numbers, changes=None, **options):
        changes = changes or {}
        rows = [make_row(number, **changes.get(number, {})) for number in numbers]
        return make_manifest(rows, **options)

    return make


def test_a_version_does_not_differ_from_itself(manifest):
    found = diff_manifests(manifest, manifest)
    for name in ("added", "removed", "moved", "relabelled", "recovered", "parameters", "crossed"):
        assert not getattr(found, name)
    assert found.by_class == {"jazz": (20, 20), "metal": (20, 20), "folk": (20, 20)}
    assert found.by_split == {"train": (42, 42), "validation": (9, 9), "test": (9, 9)}


def test_what_came_went_and_changed_is_named(of_rows):
    old = of_rows(range(60), {0: {"genres": ("polka",)}})
    changes = {7: {"genres": ("jazz", "metal")}, 9: {"cover_sha256": "f" * 64}}
    new = of_rows(range(1, 63), changes | {62: {"genres": ("polka",)}, 8: {"genres": ("polka",)}})
    found = diff_manifests(old, new)
    assert found.added == ("bandcamp:60", "bandcamp:61")
    assert found.removed == ("bandcamp:8",)
    assert found.relabelled == {"bandcamp:7": (("metal",), ("jazz",))}
    assert found.recovered == ("bandcamp:9",)
    assert found.excluded == {"unmapped_label": (1, 2)}
    assert found.by_class["metal"] == (20, 20)
    assert (found.before, found.after) == (old.digest, new.digest)
    json.dumps(dataclasses.asdict(found))


def test_albums_that_changed_their_split_are_named_with_both(manifest):
    frame = manifest.frame.copy()
    other = {"train": "test", "test": "validation", "validation": "train"}
    frame["split"] = frame["split"].map(other)
    found = diff_manifests(manifest, dataclasses.replace(manifest, frame=frame))
    assert len(found.moved) == 60
    assert all(pair[1] == other[pair[0]] for pair in found.moved.values())
    assert len(found.crossed) == 42
    assert found.by_split == {"train": (42, 9), "validation": (9, 9), "test": (9, 42)}


def test_parameters_classes_and_rare_labels_that_differ_are_told(of_rows):
    old = of_rows(range(30), seed=1)
    new = of_rows(range(30), classes=("jazz", "metal"), seed=2)
    new = dataclasses.replace(new, rare_labels={"folk": 3})
    found = diff_manifests(old, new)
    assert found.parameters == {"seed": (1, 2)}
    assert found.by_class == {"jazz": (10, 10), "metal": (10, 10), "folk": (10, 0)}
    assert found.rare_labels == {"folk": (0, 3)}
    assert len(found.removed) == 10


numbers = st.sets(st.integers(0, 40))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(old=numbers, new=numbers)
def test_a_difference_read_backwards_is_the_difference_backwards(of_rows, old, new):
    one, two = of_rows(old), of_rows(new)
    there, back = diff_manifests(one, two), diff_manifests(two, one)
    assert there.added == back.removed
    assert set(there.added) == {f"bandcamp:{n}" for n in new - old}
    assert there.moved == {album: pair[::-1] for album, pair in back.moved.items()}
    assert there.by_class == {name: pair[::-1] for name, pair in back.by_class.items()}
    assert len(one.frame) + len(there.added) - len(there.removed) == len(two.frame)
    gaps = [label_drift(*pair).set_index("label")["share_gap"] for pair in ((one, two), (two, one))]
    assert gaps[0].to_dict() == gaps[1].to_dict()


def test_shares_of_labels_are_compared_over_both_versions_classes(of_rows):
    old = of_rows(range(30))
    new = of_rows(range(20), {n: {"genres": ("jazz",)} for n in range(10)}, classes=("jazz", "ska"))
    found = label_drift(old, new)
    assert found.dtypes.astype(str).to_dict() == DRIFT_COLUMNS
    assert found["label"].tolist() == ["jazz", "ska", "metal", "folk"]
    rows = found.set_index("label")
    jazz = len(new.frame)
    assert rows.loc["jazz"].tolist() == pytest.approx([10, jazz, 1 / 3, 1, 2 / 3])
    assert rows.loc["metal"].tolist() == pytest.approx([10, 0, 1 / 3, 0, 1 / 3])
    assert rows.loc["ska"].tolist() == [0, 0, 0, 0, 0]


def test_shares_of_several_labels_are_of_albums(make_manifest, make_row):
    def of_moods(*moods):
        rows = [make_row(number, moods=words) for number, words in enumerate(moods)]
        return make_manifest(rows, classes=("Angry", "Sad"), scheme="ordered")

    found = label_drift(of_moods(("Sad", "Angry"), ("Sad",)), of_moods(("Sad", "Angry")))
    assert found["share_before"].tolist() == [0.5, 1.0]
    assert found["share_gap"].tolist() == [0.5, 0.0]


def test_nothing_can_be_compared_with_an_empty_version(make_manifest, manifest):
    found = label_drift(make_manifest([]), manifest)
    assert found["share_before"].tolist() == [0, 0, 0]
    assert found["share_gap"].tolist() == pytest.approx([1 / 3] * 3)

import hashlib
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from albumart.dataset.build import build_manifest
from albumart.dataset.splits import FRACTIONS, stability_bound
from albumart.errors import ValidationFailed
from albumart.validation.drift import SUITE, Bounds, check_drift, drift_suite, fractions_of

CLASSES = ("jazz", "metal", "folk")


@pytest.fixture
def build(make_row):
    """numbers, changes of each row → a manifest."""
    return lambda numbers, **changes: built(make_row(n, **changes) for n in numbers)


def built(rows, **changes):
    return build_manifest(rows, **{"study": "s", "classes": CLASSES, "seed": 0} | changes)


def failures(report):
    return {r.expectation: r.severity for r in report.results if not r.passed}


def rows_of(report, name):
    return next(r.rows for r in report.results if r.expectation == name)


def moved(manifest, albums, split):
    frame = manifest.frame.copy()
    frame.loc[frame["album"].isin(albums), "split"] = split
    return replace(manifest, frame=frame)


def albums_in(manifest, split, count):
    frame = manifest.frame
    return tuple(frame.loc[frame["split"] == split, "album"][:count])


def test_the_same_rows_have_not_drifted(build):
    version = build(range(240))
    report = check_drift(version, version)
    assert failures(report) == {}
    assert {r.suite for r in report.results} == {SUITE}
    assert [r.expectation for r in report.results] == [c.name for c in drift_suite(Bounds())]


def test_a_dataset_may_grow(build):
    assert failures(check_drift(build(range(240)), build(range(280)))) == {}


def test_a_class_that_shrank_by_more_than_half_is_named(build):
    report = check_drift(build(range(240)), build(n for n in range(240) if n % 3 or n < 111))
    assert failures(report)["class_kept"] == "critical"
    assert rows_of(report, "class_kept") == ("jazz",)
    with pytest.raises(ValidationFailed, match=r"drift/class_kept failed, .*0\.4625: jazz"):
        report.raise_if_critical()


def test_a_class_that_is_none_any_more_is_named(make_row):
    before = built(make_row(n) for n in range(240))
    after = built((make_row(n) for n in range(240) if n % 3 != 2), classes=("jazz", "metal"))
    assert rows_of(check_drift(before, after), "class_kept") == ("folk",)


def test_a_class_may_lose_half_and_a_small_one_all_but_one(build):
    half = check_drift(build(range(240)), build(n for n in range(240) if n % 3 or n < 120))
    assert failures(half) == {"share_near": "warning"}
    few = [n for n in range(240) if n % 3 or n < 57]
    left = [n for n in range(240) if n % 3 or n < 3]
    assert "class_kept" not in failures(check_drift(build(few), build(left)))
    enough = check_drift(build(few), build(left), bounds=Bounds(large=19))
    assert rows_of(enough, "class_kept") == ("jazz",)


def test_shares_that_jump_are_critical(build, make_row):
    before = build(range(120))
    more = [*map(make_row, range(120)), *(make_row(n) for n in range(120, 500) if n % 3 == 0)]
    report = check_drift(before, built(more))
    assert failures(report)["share_near"] == "warning"
    assert failures(report)["share_held"] == "critical"
    assert rows_of(report, "share_held") == ("jazz",)


def test_albums_that_are_gone_are_counted_and_named(build):
    before = build(range(240))
    assert "albums_kept" not in failures(check_drift(before, build(range(192))))
    report = check_drift(before, build(range(191)))
    assert failures(report)["albums_kept"] == "critical"
    assert "bandcamp:191" in rows_of(report, "albums_kept")
    (gone,) = (r for r in report.results if r.expectation == "albums_kept")
    assert "49 of 240 unexpected (20.4%)" in gone.detail


@pytest.mark.parametrize(("before", "after"), [("test", "train"), ("train", "test")])
def test_a_changed_test_split_is_named_with_its_albums(build, before, after):
    version = build(range(240))
    albums = albums_in(version, before, 3)
    report = check_drift(version, moved(version, albums, after))
    assert failures(report) == {"split_kept": "warning", "test_frozen": "critical"}
    assert rows_of(report, "test_frozen") == albums
    with pytest.raises(ValidationFailed, match=f"'{before} → {after}': {albums[0]}"):
        report.raise_if_critical()


def test_what_goes_to_validation_and_back_is_no_leak(build):
    version = build(range(240))
    albums = albums_in(version, "test", 3)
    assert failures(check_drift(version, moved(version, albums, "validation"))) == {}


def test_a_group_that_was_joined_to_another_may_move(build, make_row):
    """Its place follows from its name: nothing is wrong with that."""
    version = build(range(240))
    albums = albums_in(version, "test", 2)
    frame = moved(version, albums, "train").frame.copy()
    frame.loc[frame["album"].isin(albums), "group"] = "bandcamp:0"
    assert failures(check_drift(version, replace(version, frame=frame))) == {}


def test_a_stratum_that_doubled_explains_what_crossed(build):
    """Elsewhere in the same version a row that crosses is still one too many."""
    numbers = range(240)
    before, later = build(numbers), build([*numbers, *range(240, 600, 3)])
    jazz = before.frame[(before.frame["label"] == "jazz") & (before.frame["split"] == "test")]
    crossed = moved(later, list(jazz["album"][:1]), "train")
    assert "test_frozen" not in failures(check_drift(before, crossed))
    metal = before.frame[(before.frame["label"] == "metal") & (before.frame["split"] == "test")]
    report = check_drift(before, moved(later, list(metal["album"][:1]), "train"))
    assert rows_of(report, "test_frozen") == tuple(metal["album"][:1])


def test_another_question_makes_drift_a_warning_and_says_which(make_row):
    before = built(make_row(n) for n in range(240))
    after = built((make_row(n) for n in range(240) if n % 3 or n < 90), seed=1)
    told = {"seed": "0 → 1", "labels.classes": "a → b", "limit": None}
    report = check_drift(before, after, asked=told)
    assert set(failures(report).values()) == {"warning", "info"}
    assert {"class_kept", "albums_kept", "test_frozen"} <= set(failures(report))
    assert rows_of(report, "asked_alike") == ("seed", "labels.classes")
    (asked,) = (r for r in report.results if r.expectation == "asked_alike")
    assert "2 of 3 unexpected" in asked.detail
    report.raise_if_critical()


def test_several_labels_are_counted_each(make_row):
    def version(sad):
        moods = (("Angry", "Sad") if n < sad else ("Angry",) for n in range(120))
        rows = [make_row(n, moods=words) for n, words in enumerate(moods)]
        return built(rows, scheme="ordered", classes=("Angry", "Sad"))

    report = check_drift(version(60), version(29))
    assert rows_of(report, "class_kept") == ("Sad",)
    assert rows_of(report, "share_held") == ("Sad",)


def test_nothing_is_left(build):
    version = build(range(240))
    empty = replace(version, frame=version.frame.iloc[:0])
    assert {"albums_kept", "class_kept"} <= set(failures(check_drift(version, empty)))
    assert failures(check_drift(empty, version)) == {}


@pytest.mark.parametrize("told", [None, "half", {"train": 1.0}, {"train": "x"}])
def test_a_manifest_that_does_not_tell_its_shares_has_the_usual_ones(build, told):
    version = replace(build(range(30)), parameters={"fractions": told})
    assert fractions_of(version) == FRACTIONS


def test_a_manifest_tells_its_shares(make_row):
    shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
    assert fractions_of(built(map(make_row, range(30)), fractions=shares)) == shares


def plain_row(make_row, number):
    name = hashlib.sha256(f"plain {number}".encode()).hexdigest()
    return make_row(number, artist=f"Artist {number // 2}", phash=name[:16])


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_growth_within_the_bound_is_taken_for_a_changed_split(make_row, data):
    kept = data.draw(st.sets(st.integers(0, 400), min_size=60))
    sizes = {label: sum(n % 3 == label for n in kept) for label in range(3)}
    bound = stability_bound()
    came = data.draw(st.sets(st.integers(500, 800)))
    some = [n for label in range(3) for n in sorted(n for n in came if n % 3 == label)]
    allowed = [
        n
        for label in range(3)
        for n in [n for n in some if n % 3 == label][: int(bound * sizes[label])]
    ]
    before = built(plain_row(make_row, n) for n in kept)
    after = built(plain_row(make_row, n) for n in [*kept, *allowed])
    report = check_drift(before, after)
    assert "test_frozen" not in failures(report)
    assert not set(rows_of(report, "test_frozen"))


def halved(make_row, **changes):
    """A version, and one that lost half of it, two thirds of one class among them."""
    before = built(make_row(n) for n in range(240))
    after = built((make_row(n) for n in range(240) if n % 2 and (n % 3 or n < 80)), **changes)
    return before, after


CONTENT = {"share_held", "class_kept", "albums_kept"}


@pytest.mark.parametrize(
    ("asked", "excused"),
    [
        ({"labels.min_covers": "20 → 21"}, set()),
        ({"seed": "0 → 1", "split.seed": "0 → 1"}, {"test_frozen"}),
        ({"fractions.test": "0.15 → 0.2"}, {"test_frozen"}),
        ({"near_distance": "5 → 4"}, set()),
        ({"model.image_size": "224 → 320"}, set()),
        ({"limit": "null → 230"}, set()),
        ({"limit": "100 → 5000"}, set()),
        ({"limit": "100 → null"}, set()),
        ({"limit": "null → 110"}, CONTENT),
        ({"origin": '"live" → "recorded"'}, CONTENT),
        ({"collect.genres": "[] → [2]"}, CONTENT),
        ({"collect 2.country": "us → gb"}, CONTENT),
        ({"collection": "a → b"}, set()),
        ({"labels.classes": "a → b"}, CONTENT),
        ({"labels.scheme": "a → b", "scheme": "a → b"}, CONTENT),
        ({"labels.classes": None, "limit": None}, set()),
        ({"accepted": "by ann"}, {*CONTENT, "test_frozen"}),
    ],
)
def test_only_what_follows_from_a_change_is_excused_by_it(make_row, asked, excused):
    before, after = halved(make_row)
    report = check_drift(before, after, asked=asked)
    found = failures(report)
    assert {"class_kept", "albums_kept"} <= set(found)
    lost = {"class_kept", "albums_kept"}
    assert {name for name in lost if found[name] == "warning"} == lost & excused
    crossed = check_drift(before, moved(before, albums_in(before, "test", 3), "train"), asked=asked)
    frozen = "warning" if "test_frozen" in excused else "critical"
    assert failures(crossed)["test_frozen"] == frozen


def test_a_class_that_must_be_larger_is_left_out_with_its_albums(make_row):
    before = built(make_row(n) for n in range(240) if n % 3 or n < 90)  # 30 jazz
    after = replace(
        built((make_row(n) for n in range(240) if n % 3), classes=("metal", "folk")),
        rare_labels={"jazz": 30},
    )
    told = {"labels.min_covers": "20 → 40"}
    assert set(failures(check_drift(before, after, asked=told))) == {"asked_alike"}
    assert rows_of(check_drift(before, after), "class_kept") == ("jazz",)
    # It is no excuse for a class that has lost its albums, nor for what others have lost.
    lost = replace(after, rare_labels={"jazz": 14})
    assert rows_of(check_drift(before, lost, asked=told), "class_kept") == ("jazz",)
    fewer = built((make_row(n) for n in range(100) if n % 3), classes=("metal", "folk"))
    report = check_drift(before, replace(fewer, rare_labels={"jazz": 30}), asked=told)
    assert rows_of(report, "class_kept") == ("metal", "folk")
    assert failures(report)["albums_kept"] == "critical"


def test_a_rare_label_of_several_is_left_out_of_its_albums(make_row):
    def version(classes, rare):
        words = [("Angry", "Sad") if n < 30 else ("Angry", "Calm") for n in range(120)]
        rows = [make_row(n, moods=moods) for n, moods in enumerate(words)]
        made = built(rows, scheme="ordered", classes=classes)
        return replace(made, rare_labels=rare)

    before = version(("Angry", "Calm", "Sad"), {})
    after = version(("Angry", "Calm"), {"Sad": 30})
    told = {"labels.min_covers": "20 → 40"}
    assert set(failures(check_drift(before, after, asked=told))) == {"asked_alike"}
    assert rows_of(check_drift(before, after), "class_kept") == ("Sad",)

import hashlib
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.dataset.splits import FRACTIONS, assign_groups, assign_splits, stability_bound
from albumart.errors import BadStudy

fractions_of_percent = st.tuples(st.integers(1, 60), st.integers(1, 39)).map(
    lambda cut: {
        "test": cut[0] / 100,
        "validation": cut[1] / 100,
        "train": (100 - cut[0] - cut[1]) / 100,
    }
)
# (label, group) of each row
row_lists = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30)), max_size=80)


def frame_of(rows, start=0):
    rows = list(rows)
    return pd.DataFrame(
        {
            "album": [f"s:{start + number:04}" for number in range(len(rows))],
            "label": pd.Series([label for label, _ in rows], dtype="str"),
            "group": pd.Series([f"g{group}" for _, group in rows], dtype="str"),
        }
    )


def placed(frame, **options):
    found = assign_splits(frame, **{"seed": 0} | options)
    return dict(zip(found["album"], found["split"], strict=True))


@settings(deadline=None, max_examples=40)
@given(row_lists, fractions_of_percent, st.integers(0, 5))
def test_groups_are_whole_and_every_row_is_in_one_split(rows, fractions, seed):
    found = assign_splits(frame_of(rows), fractions=fractions, seed=seed)
    assert len(found) == len(rows)
    assert found["split"].isin(["train", "validation", "test"]).all()
    assert (found.groupby("group")["split"].nunique() == 1).all()


@settings(deadline=None, max_examples=40)
@given(row_lists, st.randoms())
def test_the_order_of_rows_changes_nothing(rows, random):
    frame = frame_of(rows)
    order = list(range(len(frame)))
    random.shuffle(order)
    assert placed(frame.iloc[order]) == placed(frame)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 400), fractions_of_percent)
def test_shares_of_single_rows_are_exact_to_one_row(count, fractions):
    splits = pd.Series(placed(frame_of(("a", n) for n in range(count)), fractions=fractions))
    for name, share in fractions.items():
        assert abs((splits == name).sum() - share * count) <= 1


def test_each_label_is_shared_out_by_itself():
    rows = [("a", n) for n in range(200)] + [("b", 1000 + n) for n in range(40)]
    found = assign_splits(frame_of(rows), seed=3)
    counts = pd.crosstab(found["label"], found["split"])
    assert counts.loc["a"].to_dict() == {"train": 140, "validation": 30, "test": 30}
    assert counts.loc["b"].to_dict() == {"train": 28, "validation": 6, "test": 6}


def test_another_seed_shares_out_otherwise():
    frame = frame_of(("a", n) for n in range(100))
    assert placed(frame, seed=0) != placed(frame, seed=1)


def moved(before, after):
    """Old rows that went from train to test or back."""
    return {
        album
        for album, split in before.items()
        if {split, after.get(album, split)} == {"train", "test"}
    }


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 150), st.integers(0, 100), fractions_of_percent, st.integers(0, 9))
def test_within_the_bound_no_single_row_moves_between_train_and_test(old, percent, fractions, seed):
    new = math.floor(stability_bound(fractions) * old * percent / 100 + 1e-9)
    rows = [("a", n) for n in range(old + new)]
    options = {"fractions": fractions, "seed": seed}
    before, after = placed(frame_of(rows[:old]), **options), placed(frame_of(rows), **options)
    assert moved(before, after) == set()
    # Taking the same rows away again is the same, read backwards.
    assert moved(after, before) == set()


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_within_the_bound_no_group_moves_whether_it_grows_or_others_come(data):
    old = [("a", n) for n in data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=80))]
    room = math.floor(stability_bound() * len(old))
    new = [("a", n) for n in data.draw(st.lists(st.integers(0, 40), max_size=room))]
    assert moved(placed(frame_of(old)), placed(frame_of(old + new))) == set()


def test_the_bound_is_no_larger_than_said():
    def place(n):
        return hashlib.sha256(f"0:g{n}".encode()).hexdigest()

    ordered = sorted(range(1000), key=place)
    early, old = ordered[:40], ordered[-100:]
    before = placed(frame_of(("a", n) for n in old))
    for count, stays in [(21, True), (40, False)]:
        after = placed(frame_of([("a", n) for n in [*old, *early[:count]]]))
        assert (moved(before, after) == set()) is stays
    assert stability_bound(FRACTIONS) == pytest.approx(0.15 / 0.7)


@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_more_rows_move_no_old_row_between_train_and_test(seed):
    rows = [("abc"[n % 3], n) for n in range(3300)]
    before, after = placed(frame_of(rows[:3000]), seed=seed), placed(frame_of(rows), seed=seed)
    assert moved(before, after) == set()
    assert sum(before[album] != after[album] for album in before) < 300


def test_a_group_stands_with_its_most_common_label():
    rows = [("b", 0), ("b", 0), ("a", 0)] + [("a", n) for n in range(1, 101)]
    found = assign_splits(frame_of(rows), seed=0)
    # Alone in stratum b, its middle is at one half: train.
    assert set(found["split"][found["group"] == "g0"]) == {"train"}


@pytest.mark.parametrize(
    "fractions",
    [
        {"train": 0.7, "validation": 0.3},
        {"train": 0.7, "validation": 0.2, "test": 0.2},
        {"train": 1.2, "validation": -0.1, "test": -0.1},
        {"train": 0.7, "valid": 0.15, "test": 0.15},
    ],
)
def test_impossible_fractions_are_refused(fractions):
    with pytest.raises(BadStudy, match="split: expected shares"):
        assign_splits(frame_of([("a", 1)]), fractions=fractions, seed=0)


def groups_of(*rows):
    """(artist, cluster) of albums s:0, s:1, … → their groups."""
    frame = pd.DataFrame(rows, columns=["artist", "cluster"])
    frame = frame.assign(album=[f"s:{number}" for number in range(len(frame))])
    return assign_groups(frame)["group"].tolist()


def test_an_artist_and_a_duplicate_hold_a_group_together():
    found = groups_of(
        ("Björk", "s:0"),
        (None, "s:1"),
        ("bjork", "s:2"),
        ("Other", "s:2"),
        (None, "s:1"),
        (float("nan"), "s:5"),
    )
    assert found == ["s:0", "s:1", "s:0", "s:0", "s:1", "s:5"]


def test_various_artists_are_no_artist():
    assert groups_of(("Various Artists", "s:0"), ("Various Artists", "s:1")) == ["s:0", "s:1"]


def test_unknown_artists_share_nothing():
    assert groups_of((None, "s:0"), (None, "s:1")) == ["s:0", "s:1"]

import hashlib
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.dataset.splits import (
    FRACTIONS,
    assign_groups,
    assign_random_splits,
    assign_splits,
    stability_bound,
)
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


def rows_of(groups):
    """Numbers of groups → rows; a group has one of three labels, as most artists have."""
    return [("abc"[group % 3], group) for group in groups]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 3) | st.integers(1, 40), min_size=9, max_size=60), st.data())
def test_a_tenth_more_rows_move_no_group_whatever_its_size(sizes, data):
    old = [group for group, size in enumerate(sizes) for _ in range(size)]
    new = []
    for label in range(3):
        room = sum(group % 3 == label for group in old) // 10
        # Some old groups grow, and others come.
        places = st.integers(0, len(sizes) // 3 + 5).map(lambda n, label=label: 3 * n + label)
        new += data.draw(st.lists(places, min_size=room, max_size=room))
    seed = data.draw(st.integers(0, 9))
    before = placed(frame_of(rows_of(old)), seed=seed)
    assert moved(before, placed(frame_of(rows_of(old + new)), seed=seed)) == set()


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
    assert found == ["artist:bjork", "s:1", "artist:bjork", "artist:bjork", "s:1", "s:5"]


def test_various_artists_are_no_artist():
    assert groups_of(("Various Artists", "s:0"), ("Various Artists", "s:1")) == ["s:0", "s:1"]


def test_unknown_artists_share_nothing():
    assert groups_of((None, "s:0"), (None, "s:1")) == ["s:0", "s:1"]


def columns_of(*rows, albums=None):
    """(artist, artist_id, work) of albums → their groups; no covers are alike."""
    frame = pd.DataFrame(rows, columns=["artist", "artist_id", "work"], dtype="str")
    albums = albums or [f"s:{number}" for number in range(len(frame))]
    frame = frame.assign(album=albums, cluster=albums)
    return assign_groups(frame)["group"].tolist()


def test_a_work_holds_a_group_together():
    found = columns_of((None, None, "s:0"), (None, None, "s:0"), (None, None, None))
    assert found == ["s:0", "s:0", "s:2"]


def test_an_artists_id_holds_a_group_together_whatever_the_spelling():
    found = columns_of(
        ("Prince", "1", "s:0"),
        ("Prince & The Revolution", "1", "s:1"),
        ("PRINCE", None, "s:2"),
        (None, "1", "s:3"),
        ("Other", "2", "s:4"),
    )
    assert found == ["artist:prince"] * 4 + ["artist:other"]


def test_an_artists_id_is_that_of_one_source():
    rows = [("Prince", "1", "a"), ("Somebody", "1", "b")]
    found = columns_of(*rows, albums=["s:0", "t:0"])
    assert found == ["artist:prince", "artist:somebody"]


def test_the_id_of_various_artists_is_nobodys():
    found = columns_of(
        ("Various Artists", "89ad", "s:0"),
        ("Various Artists", "89ad", "s:1"),
        ("Various Artists feat. Prince", "89ad", "s:2"),
        (None, "89ad", "s:3"),
        ("Various Artists", None, "s:4"),
    )
    assert found == [f"s:{number}" for number in range(5)]


def test_all_that_holds_together_joins():
    found = columns_of(("A", None, "w"), ("B", "1", "w"), ("C", "1", "x"), ("c", None, "y"))
    assert found == ["artist:a"] * 4


group_rows = st.lists(
    st.tuples(st.sampled_from(["Air", "AIR", "Björk", None, "VA"]), st.integers(0, 9)), max_size=20
)


@settings(deadline=None, max_examples=30)
@given(group_rows)
def test_columns_that_say_nothing_change_no_group(rows):
    frame = pd.DataFrame(rows, columns=["artist", "cluster"]).astype({"cluster": "str"})
    frame = frame.assign(album=[f"s:{number:02}" for number in range(len(frame))])
    nothing = pd.Series([None] * len(frame), dtype="str")
    found = assign_groups(frame.assign(work=nothing, artist_id=nothing))["group"]
    assert found.tolist() == assign_groups(frame)["group"].tolist()


def test_grouping_keeps_the_index_and_the_other_columns():
    frame = pd.DataFrame(
        {"album": ["s:0", "s:1"], "artist": ["A", "a"], "cluster": ["x", "y"], "work": ["p", "q"]}
    ).assign(artist_id=["1", None])
    frame.index = [5, 2]
    found = assign_groups(frame)
    assert found.index.tolist() == [5, 2]
    assert found["group"].tolist() == ["artist:a", "artist:a"]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 40), min_size=30, max_size=90), st.randoms(), st.data())
def test_a_tenth_more_albums_move_no_old_one_whatever_their_keys(artists, random, data):
    """Artists who are known bring more albums, and keys come in no order: MusicBrainz's do not."""
    room = [sum(artist % 3 == label for artist in artists) // 10 for label in range(3)]
    more = [3 * data.draw(st.integers(0, 20)) + n for n in range(3) for _ in range(room[n])]
    keys = random.sample(range(1000), len(artists) + len(more))
    pairs = zip(keys, artists + more, strict=True)
    rows = [(f"mb:{key:03}", f"No {n}", "abc"[n % 3]) for key, n in pairs]
    frame = pd.DataFrame(rows, columns=["album", "artist", "label"], dtype="str")
    frame["cluster"] = frame["album"]
    before, after = (placed(assign_groups(part)) for part in (frame[: len(artists)], frame))
    assert moved(before, after) == set()


def counts(frame):
    return frame.groupby(["label", "split"]).size().to_dict()


@settings(deadline=None, max_examples=20)
@given(row_lists, st.integers(0, 5), st.randoms())
def test_a_random_split_has_each_labels_sizes_of_the_grouped_one(rows, seed, random):
    grouped = assign_splits(frame_of(rows), seed=0)
    found = assign_random_splits(grouped, seed=seed)
    assert counts(found) == counts(grouped)
    assert found.drop(columns="split").equals(grouped.drop(columns="split"))
    order = list(range(len(rows)))
    random.shuffle(order)
    again = assign_random_splits(grouped.iloc[order], seed=seed)
    assert again.sort_values("album").equals(found)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 300), fractions_of_percent)
def test_a_random_split_by_fractions_is_exact_to_one_row(count, fractions):
    frame = frame_of(("ab"[n % 2], n // 5) for n in range(count))
    found = assign_random_splits(frame, fractions=fractions, seed=0)
    for _, rows in found.groupby("label"):
        for name, share in fractions.items():
            assert abs((rows["split"] == name).sum() - share * len(rows)) <= 1


def test_a_random_split_parts_groups_and_differs_by_seed():
    frame = assign_splits(frame_of(("a", n // 10) for n in range(300)), seed=0)
    first, second = (assign_random_splits(frame, seed=seed)["split"] for seed in (0, 1))
    assert first.groupby(frame["group"]).nunique().mean() > 2
    # By lot, 0.7² + 2 · 0.15² = 53.5 % are where they were.
    assert 0.4 < (first == second).mean() < 0.67
    assert 0.4 < (first == frame["split"]).mean() < 0.67


def test_a_lone_rows_random_split_says_nothing_of_its_grouped_one():
    frame = assign_splits(frame_of(("a", n) for n in range(1000)), seed=0)
    assert 0.45 < (assign_random_splits(frame, seed=0)["split"] == frame["split"]).mean() < 0.62

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.dataset.folds import LARGE, assign_folds, split_by_fold
from albumart.errors import BadStudy

# (label, rows) of each group
group_lists = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 3) | st.integers(1, 25)), max_size=50
)
folds_wanted = st.integers(2, 10)


def frame_of(groups):
    """One label per group, as most artists have."""
    rows = [(label, f"g{n}") for n, (label, size) in enumerate(groups) for _ in range(size)]
    frame = pd.DataFrame(rows, columns=["label", "group"], dtype="str")
    return frame.assign(album=[f"s:{number:04}" for number in range(len(frame))])


def singles(count, label="a", start=0):
    rows = [(label, f"{label}{start + n}") for n in range(count)]
    frame = pd.DataFrame(rows, columns=["label", "group"], dtype="str")
    return frame.assign(album="s:" + frame["group"])


def sizes(frame, k):
    """Rows of each fold."""
    return frame["fold"].value_counts().reindex(range(k), fill_value=0).tolist()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 20)), max_size=60),
    folds_wanted,
    st.integers(0, 5),
)
def test_groups_are_whole_and_every_row_is_in_one_fold(rows, k, seed):
    frame = pd.DataFrame(rows, columns=["label", "group"]).astype("str")
    frame = frame.assign(album=[f"s:{number:02}" for number in range(len(frame))])
    found = assign_folds(frame, k, seed=seed)
    assert found.drop(columns="fold").equals(frame)
    assert found["fold"].between(0, k - 1).all()
    assert (found.groupby("group")["fold"].nunique() == 1).all()


@settings(deadline=None, max_examples=40)
@given(group_lists, folds_wanted, st.randoms())
def test_the_order_of_rows_changes_nothing(groups, k, random):
    frame = frame_of(groups)
    order = list(range(len(frame)))
    random.shuffle(order)
    again = assign_folds(frame.iloc[order], k, seed=0).sort_values("album")
    assert again.equals(assign_folds(frame, k, seed=0))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 200), folds_wanted, st.integers(0, 5))
def test_single_rows_are_shared_out_to_one_row(count, k, seed):
    found = sizes(assign_folds(singles(count), k, seed=seed), k)
    assert max(found) - min(found) <= 1


@settings(deadline=None, max_examples=100)
@given(group_lists, folds_wanted, st.integers(0, 5))
def test_a_class_is_in_every_fold_and_as_even_as_its_groups_allow(groups, k, seed):
    found = assign_folds(frame_of(groups), k, seed=seed)
    for label, rows in found.groupby("label"):
        share, largest = len(rows) / k, max(size for name, size in groups if name == label)
        counts = sizes(rows, k)
        # Never more than one group above an even share: that one may be what cannot be parted.
        assert max(counts) <= share + max(largest, LARGE * share)
        if rows["group"].nunique() >= k:
            assert min(counts) > 0
        if largest <= LARGE * share:
            assert max(abs(count - share) for count in counts) <= LARGE * share + 1e-9


def test_one_artist_who_made_half_of_a_class_leaves_no_fold_without_it():
    groups = [("a", 100), *[("a", 1)] * 100]
    for seed in range(20):
        assert sorted(sizes(assign_folds(frame_of(groups), 5, seed=seed), 5)) == [25] * 4 + [100]


def test_small_classes_do_not_all_fall_to_the_same_fold():
    frame = pd.concat([singles(1, label=f"class{n}") for n in range(60)], ignore_index=True)
    assert min(sizes(assign_folds(frame, 5, seed=0), 5)) > 3


def test_a_group_of_many_labels_stands_with_its_most_common_one():
    frame = pd.concat([singles(40), singles(41, label="b")], ignore_index=True)
    mixed = pd.DataFrame({"label": ["b", "a", "a"], "group": "mixed", "album": ["x", "y", "z"]})
    found = assign_folds(pd.concat([frame, mixed], ignore_index=True), 7, seed=0)
    as_b = sizes(found[found["label"].eq("b") & found["group"].ne("mixed")], 7)
    assert max(as_b) - min(as_b) == 1


def test_another_seed_shares_out_otherwise():
    first, second = (assign_folds(singles(100), 5, seed=seed)["fold"] for seed in (0, 1))
    assert (first != second).any()


@settings(deadline=None, max_examples=40)
@given(st.integers(60, 300), st.integers(0, 100), st.integers(2, 8), st.integers(0, 9))
def test_added_rows_move_none_further_than_to_a_neighbouring_fold(old, percent, k, seed):
    new = old * percent // (100 * k)
    before = assign_folds(singles(old), k, seed=seed).set_index("album")["fold"]
    after = assign_folds(singles(old + new), k, seed=seed).set_index("album")["fold"]
    steps = (after.reindex(before.index) - before) % k
    assert steps.isin([0, 1, k - 1]).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_more_rows_move_few(seed):
    before = assign_folds(singles(3000), 5, seed=seed).set_index("album")["fold"]
    after = assign_folds(singles(3300), 5, seed=seed).set_index("album")["fold"]
    assert (after.reindex(before.index) != before).mean() < 0.05


@settings(deadline=None, max_examples=30)
@given(group_lists, st.integers(3, 8))
def test_each_row_is_tested_in_one_round_and_judged_in_another(groups, k):
    frame = assign_folds(frame_of(groups), k, seed=0)
    rounds = pd.DataFrame({fold: split_by_fold(frame, fold, k=k)["split"] for fold in range(k)})
    for split, times in [("test", 1), ("validation", 1), ("train", k - 2)]:
        assert ((rounds == split).sum(axis=1) == times).all()
    for fold in range(k):
        parted = rounds[fold].groupby(frame["group"]).nunique()
        assert (parted == 1).all()


@pytest.mark.parametrize("k", [1, 0, -3])
def test_fewer_than_two_folds_are_refused(k):
    with pytest.raises(BadStudy, match=f"folds: expected two or more; got {k}"):
        assign_folds(singles(10), k, seed=0)


@pytest.mark.parametrize(("fold", "k"), [(0, 2), (3, 3), (-1, 3)])
def test_a_round_that_there_is_not_is_refused(fold, k):
    with pytest.raises(BadStudy, match=f"got fold {fold} of {k}"):
        split_by_fold(assign_folds(singles(10), 3, seed=0), fold, k=k)

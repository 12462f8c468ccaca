import pandas as pd

from albumart.validation.views import build_view

CLASSES = ("jazz", "metal", "folk")


def test_classes_are_counted_by_split_with_those_that_have_none():
    frame = pd.DataFrame(
        {
            "label": ["jazz"] * 6 + ["metal"] * 2,
            "split": ["train"] * 4 + ["validation", "test"] + ["train", "test"],
        }
    )
    view = build_view("classes", frame, CLASSES).set_index("label")
    assert view[["train", "validation", "test"]].to_numpy().tolist() == [
        [4, 1, 1],
        [1, 0, 1],
        [0, 0, 0],
    ]
    assert view["times_smaller"].tolist() == [1, 3, 6]
    assert view["test_share_gap"].tolist() == [0.25, 0.25, 0]


def test_no_rows_give_a_view_of_every_class():
    view = build_view("classes", pd.DataFrame(), CLASSES)
    assert view["label"].tolist() == list(CLASSES)
    assert view["train"].sum() == 0


def test_an_unknown_artist_is_in_one_split(frame):
    frame["artist"] = None
    view = build_view("rows", frame, CLASSES)
    assert set(view["artist_splits"]) == {1}
    assert view["artist"].isna().all()

"""The suite ``split`` beyond leaks: several labels, what is not known, how large covers are."""

from dataclasses import replace

import pytest

from albumart.dataset.build import build_manifest
from albumart.validation.checkpoint import validate
from albumart.validation.report import ValidationReport
from albumart.validation.suites import Expected
from albumart.validation.views import UNPARTED, build_view

MOODS = ("Angry", "Sad", "Rousing")


def failures(report):
    return {r.expectation: r.severity for r in report.results if not r.passed}


def one(report, name):
    return next(result for result in report.results if result.expectation == name)


@pytest.fixture
def mooded(make_row):
    """Each album has two moods of three; ``Rousing`` is never the first."""
    words = (("Sad", "Angry"), ("Angry", "Rousing"), ("Angry", "Sad"))
    rows = [make_row(n, moods=words[n % 3]) for n in range(240)]
    return build_manifest(rows, study="s", classes=MOODS, seed=0, scheme="ordered").frame


@pytest.fixture
def several():
    return Expected(classes=MOODS, several=True)


def test_an_album_counts_under_each_of_its_labels(mooded, several):
    classes = build_view("classes", mooded, MOODS).set_index("label")
    counts = classes[["train", "validation", "test"]].sum(axis=1)
    assert counts.to_dict() == {"Angry": 240, "Sad": 160, "Rousing": 80}
    assert classes["times_smaller"].tolist() == [1, 1.5, 3]
    test = classes["test"] / (mooded["split"] == "test").sum()
    gap = (test - [1, 2 / 3, 1 / 3]).abs()
    assert classes["test_share_gap"].tolist() == pytest.approx(gap.tolist())
    loose = replace(several, imbalance=2, test_floor=1, share_tolerance=1.0)
    report = validate("split", mooded, expected=loose)
    assert failures(report) == {"class_balance": "warning"}
    assert one(report, "class_balance").rows == ("Rousing",)


@pytest.mark.parametrize(
    ("labels", "name", "value"),
    [
        ((), "has_label", "0"),
        (("Angry", "Sad", "Sad"), "labels_unique", "'Sad'"),
        (("Angry", "Polka", "Blues"), "labels_known", "'Polka, Blues'"),
        (("Sad", "Angry"), "label_first", "False"),
    ],
)
def test_a_fault_in_the_labels_is_critical(mooded, several, labels, name, value):
    row = mooded.index[mooded["label"] == "Angry"][3]
    mooded.at[row, "labels"] = labels
    report = validate("split", mooded, expected=several)
    assert failures(report)[name] == "critical"
    assert one(report, name).rows == (mooded.at[row, "album"],)
    assert one(report, name).values == (value,)


def test_a_rare_label_may_lack_rows_in_test_but_not_in_train(mooded, several):
    for split, severity in (("test", "warning"), ("train", "critical")):
        rows = mooded["split"] == split
        lacking = mooded.assign(labels=mooded["labels"].where(~rows, mooded["label"].map(only)))
        report = validate("split", lacking, expected=several)
        assert failures(report)[f"class_in_{split}"] == severity
        assert one(report, f"class_in_{split}").rows == ("Rousing",)
    single = validate("split", lacking, expected=replace(several, several=False))
    assert {r.severity for r in single.results if r.expectation.startswith("class_in")} == {
        "critical"
    }


def only(label):
    return (label,)


@pytest.mark.parametrize("column", ["labels", "artist_id", "work"])
def test_columns_of_later_releases_may_be_missing(frame, expected, column):
    without = frame.drop(columns=column)
    assert failures(validate("split", without, expected=expected)) == {}
    view = build_view("rows", without, expected.classes)
    assert {f"{name}_splits" for name in UNPARTED} <= set(view.columns)


@pytest.mark.parametrize(
    ("column", "known", "severity"),
    [("title", 228, "info"), ("year", 120, "info"), ("url", 238, "warning")],
)
def test_too_much_that_is_not_known_is_told_with_its_share(
    frame, expected, column, known, severity
):
    frame[column] = frame[column].bfill().ffill()
    frame.loc[frame.index[known:], column] = None
    report = validate("split", frame, expected=expected)
    assert failures(report) == {}
    share = f"{240 - known} of 240 unexpected ({(240 - known) / 240:.1%})"
    assert share in one(report, f"{column}_known").detail
    frame.loc[frame.index[known - 1], column] = None
    assert failures(validate("split", frame, expected=expected)) == {f"{column}_known": severity}


@pytest.mark.parametrize(
    ("side", "name", "severity"),
    [
        (31, "side_at_least", "critical"),
        (10_001, "side_at_most", "critical"),
        (63, "side_not_small", "warning"),
    ],
)
@pytest.mark.parametrize("column", ["width", "height"])
def test_a_cover_of_an_odd_size_is_found(frame, expected, column, side, name, severity):
    frame.loc[7, column] = side
    report = validate("split", frame, expected=expected)
    assert failures(report)[name] == severity
    assert one(report, name).rows == (frame.loc[7, "album"],)


def test_what_was_dealt_is_compared_where_it_is_told(frame, expected):
    assert failures(validate("split", frame.assign(dealt=frame["split"]), expected=expected)) == {}
    dealt = frame["split"].copy()
    row = frame.index[frame["split"] == "train"][0]
    dealt[row] = "test"
    report = validate("split", frame.assign(dealt=dealt), expected=expected)
    assert failures(report) == {"split_as_dealt": "critical"}
    assert one(report, "split_as_dealt").rows == (frame.loc[row, "album"],)
    assert one(report, "split_as_dealt").values == ("'test → train'",)


def test_what_mostly_holds_of_two_batches_is_a_share_of_both(frame, expected):
    some, none = frame.copy(), frame.copy()
    some.loc[:11, "title"] = None
    none.loc[:20, "title"] = None
    reports = [validate("split", each, expected=expected) for each in (some, none)]
    assert [one(report, "title_known").passed for report in reports] == [True, False]
    both = reports[0] + reports[1]
    assert not one(both, "title_known").passed
    clean = validate("split", frame, expected=expected)
    assert one(clean + reports[1], "title_known").passed
    assert one(clean + reports[1], "title_known").detail.endswith(
        "21 of 480 unexpected (4.4%), such as None"
    )


def test_reports_add_up_with_what_was_skipped_and_advised():
    first = ValidationReport(skipped={"drift": "nothing yet"})
    both = first + ValidationReport(advice="look")
    assert (both.skipped, both.advice) == ({"drift": "nothing yet"}, "look")
    assert (both + first).advice == "look"
    assert both.to_dict() == {"passed": True, "results": [], "skipped": {"drift": "nothing yet"}}

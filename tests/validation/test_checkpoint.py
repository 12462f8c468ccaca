import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pandas as pd
import pytest

from albumart.errors import NotFound, ValidationFailed
from albumart.validation.checkpoint import run_checks, validate
from albumart.validation.report import FIRST_ROWS
from albumart.validation.suites import REGEX, SUITES, Check, Expected


def failures(report):
    """Names of the checks that did not hold, by severity."""
    severities = ("critical", "warning", "info")
    found = {s: [r.expectation for r in report.failed(s)] for s in severities}
    return {severity: names for severity, names in found.items() if names}


def one(report, name):
    return next(result for result in report.results if result.expectation == name)


def given(suite, rows, frame):
    return frame if suite == "split" else rows


@pytest.mark.parametrize("suite", SUITES)
def test_clean_rows_pass_every_check_in_the_order_of_the_table(suite, rows, frame, expected):
    report = validate(suite, given(suite, rows, frame), expected=expected)
    assert failures(report) == {}
    assert [r.expectation for r in report.results] == [c.name for c in SUITES[suite](expected)]
    assert {r.suite for r in report.results} == {suite}
    report.raise_if_critical()


@pytest.mark.parametrize("suite", SUITES)
def test_nothing_at_all_fails_by_name(suite, frame, expected):
    empty = frame.iloc[:0] if suite == "split" else []
    assert "has_rows" in failures(validate(suite, empty, expected=expected))["critical"]


@pytest.mark.parametrize(
    ("suite", "change", "severity", "name"),
    [
        ("albums", {"album": "bandcamp:1"}, "critical", "key_unique"),
        ("albums", {"album": None}, "critical", "key_shape"),
        ("albums", {"album": "../../x"}, "critical", "key_shape"),
        ("albums", {"source": "napster"}, "critical", "source_known"),
        ("albums", {"source": None}, "critical", "source_known"),
        ("albums", {"genres": ()}, "warning", "has_genre"),
        ("albums", {"cover_urls": ("ftp://x/y.jpg",)}, "warning", "cover_url_shape"),
        ("albums", {"cover_urls": ("https://user@host/y.jpg",)}, "warning", "cover_url_shape"),
        ("albums", {"year": 19}, "warning", "year_possible"),
        ("covers", {"album": "bandcamp:1"}, "critical", "key_unique"),
        ("covers", {"cover_sha256": "A" * 64}, "critical", "cover_sha256_shape"),
        ("covers", {"cover_sha256": None}, "critical", "cover_sha256_shape"),
        ("covers", {"pixel_sha256": "0" * 63}, "critical", "pixel_sha256_shape"),
        ("covers", {"phash": None}, "critical", "phash_shape"),
        ("covers", {"width": 31}, "critical", "side_at_least"),
        ("covers", {"height": None}, "critical", "side_at_least"),
        ("covers", {"height": 10_001}, "critical", "side_at_most"),
        ("covers", {"format": "TIFF"}, "critical", "format_known"),
        ("covers", {"height": 63}, "warning", "side_not_small"),
        ("covers", {"blank": True}, "info", "not_blank"),
    ],
)
def test_a_fault_in_one_row_is_found_by_name(
    suite, change, severity, name, make_row, rows, expected
):
    rows[7] = make_row(7, **change)
    report = validate(suite, rows, expected=expected)
    assert name in failures(report)[severity]
    result = one(report, name)
    assert result.unexpected_count == (2 if name == "key_unique" else 1)
    assert (change["album"] or "" if "album" in change else "bandcamp:7") in result.rows


def test_albums_may_lack_a_year_and_a_cover(make_row, rows, expected):
    rows[7] = make_row(7, year=None, cover_urls=())
    assert failures(validate("albums", rows, expected=expected)) == {}


def leak(frame, column, value):
    """One row of train and one of test that share ``value``."""
    first = frame.index[frame["split"] == "train"][0]
    second = frame.index[frame["split"] == "test"][0]
    frame.loc[[first, second], column] = value
    return frame, list(frame.loc[[first, second], "album"])


@pytest.mark.parametrize(
    ("column", "value", "names"),
    [
        ("group", "bandcamp:x", ["group_in_one_split"]),
        ("pixel_sha256", "0" * 64, ["duplicate_in_one_split", "pixel_sha256_in_one_split"]),
        ("phash", "0" * 16, ["duplicate_in_one_split"]),
        ("artist", "Björk", ["artist_in_one_split"]),
    ],
)
def test_a_planted_leak_is_caught_by_name_with_its_rows(frame, expected, column, value, names):
    frame, leaked = leak(frame, column, value)
    report = validate("split", frame, expected=expected)
    assert failures(report) == {"critical": names}
    for name in names:
        assert set(leaked) <= set(one(report, name).rows)
    with pytest.raises(ValidationFailed) as caught:
        report.raise_if_critical()
    assert f"split/{names[0]} failed" in str(caught.value)
    assert leaked[0] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_artist_in_another_spelling_is_the_same_artist(frame, expected):
    _, (first, second) = leak(frame, "artist", "Sigur Rós")
    frame.loc[frame["album"] == second, "artist"] = "sigur ros"
    report = validate("split", frame, expected=expected)
    assert set(one(report, "artist_in_one_split").rows) == {first, second}


def test_a_near_duplicate_across_splits_is_found_without_its_cluster(frame, expected):
    _, (first, second) = leak(frame, "phash", "00000000000000ff")
    frame.loc[frame["album"] == second, "phash"] = "00000000000000e0"
    report = validate("split", frame, expected=expected)
    assert set(one(report, "duplicate_in_one_split").rows) == {first, second}


def without(frame, label, split):
    return frame[(frame["label"] != label) | (frame["split"] != split)].reset_index(drop=True)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_class_without_rows_in_a_split_is_critical(frame, expected, split):
    report = validate("split", without(frame, "jazz", split), expected=expected)
    assert failures(report)["critical"] == [f"class_in_{split}"]
    assert one(report, f"class_in_{split}").rows == ("jazz",)


def test_a_class_without_any_row_is_critical(frame, expected):
    report = validate("split", frame[frame["label"] != "jazz"], expected=expected)
    names = ["class_in_train", "class_in_validation", "class_in_test"]
    assert failures(report)["critical"] == names


def test_the_floor_can_be_raised(frame, expected):
    report = validate("split", frame, expected=replace(expected, class_floor=13))
    assert failures(report)["critical"] == ["class_in_validation", "class_in_test"]


def test_a_small_class_is_a_warning(frame, expected):
    few = frame[(frame["label"] != "jazz") | (frame.groupby("label").cumcount() < 30)]
    report = validate("split", few, expected=replace(expected, imbalance=2.5))
    assert {"class_measurable", "class_balance"} <= set(failures(report)["warning"])
    assert one(report, "class_balance").rows == ("jazz",)
    assert "critical" not in failures(report)


def test_a_test_split_of_other_shares_is_a_warning(frame, expected):
    jazz = (frame["label"] == "jazz") & (frame["split"] == "train")
    frame.loc[jazz, "split"] = ["test", *["train"] * (jazz.sum() - 1)]
    tight = replace(expected, share_tolerance=0.01)
    assert failures(validate("split", frame, expected=expected)).get("warning") is None
    assert "test_share_near" in failures(validate("split", frame, expected=tight))["warning"]


@pytest.mark.parametrize(
    ("column", "value", "name"),
    [
        ("split", "dev", "split_known"),
        ("split", None, "split_known"),
        ("label", "polka", "label_known"),
        ("album", "bandcamp:1", "key_unique"),
    ],
)
def test_a_fault_in_a_manifest_is_critical(frame, expected, column, value, name):
    frame.loc[7, column] = value
    assert name in failures(validate("split", frame, expected=expected))["critical"]


def test_unknown_artists_and_blank_covers_are_counted(frame, expected):
    frame.loc[:29, "artist"] = None
    frame.loc[:4, "blank"] = True
    report = validate("split", frame, expected=expected)
    assert failures(report) == {"info": ["not_blank", "artist_known"]}
    assert one(report, "not_blank").unexpected_count == 5
    unknown = one(report, "artist_known")
    assert unknown.unexpected_count == 30
    assert unknown.rows == tuple(frame["album"][:FIRST_ROWS])
    report.raise_if_critical()


def test_a_missing_column_is_said(rows, expected):
    frame = pd.DataFrame(rows).drop(columns="phash")
    with pytest.raises(ValidationFailed, match=r"covers: expected columns .*\['phash'\] missing"):
        validate("covers", frame, expected=expected)


def test_an_unknown_suite_is_refused_with_the_choices():
    with pytest.raises(NotFound, match="no validation suite 'splits'; there are albums, covers"):
        validate("splits", [])


def test_a_report_is_json_with_the_count_and_the_rows(rows, make_row, expected):
    rows[7] = make_row(7, source="napster")
    said = json.loads(json.dumps(validate("albums", rows, expected=expected).to_dict()))
    assert said["passed"] is False
    result = next(r for r in said["results"] if not r["passed"])
    assert result == {
        "suite": "albums",
        "expectation": "source_known",
        "severity": "critical",
        "passed": False,
        "unexpected_count": 1,
        "detail": "ExpectColumnValuesToBeInSet(column='source', value_set=['bandcamp', 'itunes']): "
        "1 of 240 unexpected, such as 'napster'",
        "rows": ["bandcamp:7"],
    }


def test_reports_add_up(rows, frame, expected):
    both = validate("covers", rows, expected=expected) + validate("split", frame, expected=expected)
    assert [r.suite for r in both.results].count("covers") == len(SUITES["covers"](expected))
    assert len(both.results) == sum(len(SUITES[name](expected)) for name in ("covers", "split"))


def test_validations_may_run_in_two_threads(rows, expected):
    with ThreadPoolExecutor(2) as pool:
        reports = pool.map(
            lambda suite: validate(suite, rows, expected=expected), ["albums", "covers"] * 3
        )
    assert all(failures(report) == {} for report in reports)


def test_without_expectations_of_its_own_a_suite_knows_no_source(rows):
    assert failures(validate("albums", rows)) == {"critical": ["source_known"]}
    assert Expected().sources == ()


SILENT = """
import logging, os, sys
from datetime import UTC, datetime
asked = []
sys.addaudithook(lambda event, _: asked.append(event) if event.startswith("socket.") else None)
logging.basicConfig(level="DEBUG", stream=sys.stdout)
from albumart.album import Album
from albumart.validation.checkpoint import validate
from albumart.validation.data_docs import render_data_docs
from albumart.validation.scraped import check_scraped
assert "great_expectations" not in sys.modules
validate("albums", [{"album": "a:1", "source": "a", "genres": (), "cover_urls": (), "year": None}])
assert "great_expectations" in sys.modules
report = check_scraped("a", [Album("a", "1", ())]).report
render_data_docs(report, scope="a", at=datetime.now(UTC))
assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
assert {"socket.connect", "socket.getaddrinfo", "socket.sendto"}.isdisjoint(asked), asked
assert os.listdir() == []
"""


def test_it_imports_late_writes_no_file_says_nothing_and_asks_nobody(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", SILENT], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "great_expectations" not in ran.stdout
    assert ran.stderr == ""


def test_columns_that_no_check_asks_for_do_no_harm(rows, expected):
    more = [row | {"votes": (1,), "listings": [{"chart": "us"}], "review": None} for row in rows]
    assert failures(validate("albums", more, expected=expected)) == {}
    assert failures(validate("covers", more, expected=expected)) == {}


def test_a_check_that_cannot_be_made_says_so():
    wrong = Check("odd", "critical", "albums", REGEX, {"column": "title", "regex": "("})
    frame = pd.DataFrame({"title": ["x"]})
    with pytest.raises(ValidationFailed, match=r"s/odd: .*regex='\('\): .*missing \)"):
        run_checks("s", frame, [wrong], keys=["x"])


def test_the_same_check_of_two_batches_is_summed_up(make_row, rows, expected):
    rows[7] = make_row(7, source="napster")
    report = validate("albums", rows, expected=expected)
    both = report + report
    assert [r.expectation for r in both.results] == [r.expectation for r in report.results]
    known = one(both, "source_known")
    assert (known.checked, known.unexpected_count) == (480, 2)
    assert known.rows == ("bandcamp:7", "bandcamp:7")
    assert one(both, "has_rows").passed
    nothing = validate("albums", [], expected=expected)
    assert not one(report + nothing, "has_rows").passed
    assert one(nothing + report, "has_rows").detail.endswith(": got 0")
    assert one(report + nothing, "has_rows").detail.endswith(": got 0")


@pytest.mark.parametrize("name", ["album", "cover_sha256"])
def test_a_line_break_at_the_end_is_seen(make_row, rows, expected, name):
    rows[7] = make_row(7)
    rows[7][name] += "\n"
    assert "critical" in failures(
        validate("covers" if "sha" in name else "albums", rows, expected=expected)
    )

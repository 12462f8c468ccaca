"""Each row of SECTIONS has something to say, says why not, or is left out; never blank."""

import re

import pytest

from albumart.reports.sections import SECTIONS


def words(body):
    return re.sub(r"<[^>]+>", " ", str(body)).split()


@pytest.mark.parametrize("name", SECTIONS)
def test_full(name, full_report):
    body = SECTIONS[name].body(full_report)
    assert body is not None
    assert len(words(body)) > 10
    assert 'class="missing"' not in body


@pytest.mark.parametrize("name", SECTIONS)
def test_minimal(name, minimal_report):
    body = SECTIONS[name].body(minimal_report)
    assert body is None or len(words(body)) >= 5


def test_covers_are_left_out_where_there_are_none(minimal_report):
    assert SECTIONS["covers"].body(minimal_report) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("comparison", "No baseline was run"),
        ("mistakes", "No mistake was kept"),
        ("validation", "No expectation was checked"),
        ("training", "was not trained in epochs"),
        ("training", "parameters were not recorded"),
        ("dataset", "No stored cover was left out"),
        ("confusion", "No cover was called wrongly"),
    ],
)
def test_what_is_missing_is_said(name, said, minimal_report):
    assert said in SECTIONS[name].body(minimal_report)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("comparison", "colour histogram and Annoy (albumNet)"),
        ("comparison", "31.3–34.7"),
        ("classes", "Easiest here:"),
        ("confusion", "per cent of the row"),
        ("mistakes", "Night | `drive` by Ghost"),
        ("mistakes", "bandcamp:2"),
        ("calibration", "softened by a temperature of 1.40"),
        ("metrics", "Balanced accuracy"),
        ("dataset", "10,000"),
        ("dataset", "contradicting labels"),
        ("validation", "1 of 3 expectations"),
        ("training", "64, 64"),
        ("training", "flip yes, crop 0.1"),
        ("training", "next stage of training"),
        ("reproduce", "albumart run sandbox-genre --sandbox"),
        ("reproduce", "1\u00a0min 59\u00a0s"),
    ],
)
def test_what_is_known_is_said(name, said, full_report):
    assert said in SECTIONS[name].body(full_report)


def test_failures_come_first(full_report):
    body = str(SECTIONS["validation"].body(full_report))
    places = [body.index(text) for text in ("no class below", "is a rumour", "ids are unique")]
    assert places == sorted(places)

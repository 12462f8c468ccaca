import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.dataset.names import normalize_artist


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sigur Rós", "sigur ros"),
        ("SIGUR  RÓS ", "sigur ros"),
        ("Sigur Ro\u0301s", "sigur ros"),
        ("The Beatles", "beatles"),
        ("Simon & Garfunkel", "simon and garfunkel"),
        ("AC/DC", "ac dc"),
        ("The The", "the"),
        ("The", "the"),
        ("!!!", "!!!"),
        ("†††", "†††"),
        ("がらん", "がらん"),
        ("Молчат Дома", "молчат дома"),
        ("방탄소년단", "방탄소년단"),
    ],
)
def test_spellings_of_one_artist_agree(name, expected):
    assert normalize_artist(name) == expected


@pytest.mark.parametrize(
    "name", [None, "", "  ", "-", "?", "n/a", "V.A.", "Various Artists", "VARIOUS", "[unknown]"]
)
def test_no_artist_is_none(name):
    assert normalize_artist(name) is None


def test_marks_that_tell_japanese_names_apart_are_kept():
    assert normalize_artist("か") != normalize_artist("が")


@settings(deadline=None)
@given(st.text())
def test_a_normalized_name_stays_as_it_is(name):
    once = normalize_artist(name)
    assert once is None or normalize_artist(once) in (once, once.removeprefix("the "), None)

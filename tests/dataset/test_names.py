import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.dataset.names import (
    BESIDE_EDITION,
    EDITION_WORDS,
    is_various,
    normalize_artist,
    normalize_title,
    normalize_words,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sigur Rós", "sigur ros"),
        ("SIGUR  RÓS ", "sigur ros"),
        ("Sigur Ro\u0301s", "sigur ros"),
        ("The Beatles", "beatles"),
        ("Simon & Garfunkel", "simon and garfunkel"),
        ("AC/DC", "ac dc"),
        ("AC/DC feat. Prince", "ac dc"),
        ("AC/DC (FT. Prince & The Who)", "ac dc"),
        ("AC/DC Featuring\nPrince", "ac dc"),
        ("Featuring Prince", "featuring prince"),
        ("Little Feat & Friends", "little feat and friends"),
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


@pytest.mark.parametrize(("one", "other"), [("か", "が"), ("कि", "कु"), ("กิ", "กุ")])
def test_marks_that_tell_names_apart_are_kept(one, other):
    assert normalize_artist(one) != normalize_artist(other)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("محـــمد", "محمد"),
        ("\u200fשלום\u200e", "שלום"),
        ("\u202bשלום\u202c", "שלום"),
        ("co\u00adoperation", "cooperation"),
        ("❤️", "❤"),
        ("\u200f!!!", "!!!"),
    ],
)
def test_points_directions_and_styles_tell_nothing_apart(written, plain):
    assert normalize_artist(written) == normalize_artist(plain) == plain


@pytest.mark.parametrize(
    ("name", "various"),
    [("Various Artists", True), ("V.A.", True), ("Unknown Artist", False), (None, False)],
)
def test_many_artists_are_told_from_an_unknown_one(name, various):
    assert is_various(name) is various


@settings(deadline=None)
@given(st.text())
def test_a_normalized_name_stays_as_it_is(name):
    once = normalize_artist(name)
    assert once is None or normalize_artist(once) in (once, once.removeprefix("the "), None)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("OK Computer", "ok computer"),
        ("OK Computer (Deluxe Edition)", "ok computer"),
        ("OK Computer [Remastered 2011]", "ok computer"),
        ("OK Computer (2011 - Remaster)", "ok computer"),
        ("OK Computer (25th Anniversary Edition) [Remastered]", "ok computer"),
        ("OK Computer (Super Deluxe)", "ok computer"),
        ("OK Computer (Collector’s Edition)", "ok computer"),
        ("OK Computer: Expanded Edition", "ok computer"),
        ("OK Computer - Single", "ok computer"),
        ("OK Computer – EP", "ok computer"),
        ("OK Computer EP", "ok computer"),
        ("OK Computer (Edición Deluxe)", "ok computer"),
        ("ＯＫ　Computer（Deluxe）", "ok computer"),
        ("光【初回限定盤】", "光"),
        ("Ágætis byrjun", "agætis byrjun"),
        ("אלבום (Deluxe Edition)", "אלבום"),
        ("( )", "()"),
        ("÷ (Deluxe)", "÷"),
        ("?", "?"),
    ],
)
def test_editions_of_one_album_agree(title, expected):
    assert normalize_title(title) == expected


@pytest.mark.parametrize(
    "title",
    [
        "Red (Taylor's Version)",
        "Red (Live)",
        "Red (Acoustic)",
        "Red (Live Deluxe Edition)",
        "Red - Live",
        "Red (Remixes)",
        "Red, Vol. 2",
        "Red (Original Motion Picture Soundtrack)",
        "Red (2011)",
    ],
)
def test_other_recordings_are_other_albums(title):
    assert normalize_title(title) != "red"


@pytest.mark.parametrize("title", ["Deluxe", "(Deluxe Edition)", "EP", "The EP", "Single", "The"])
def test_a_title_is_never_folded_away(title):
    assert normalize_title(title) == normalize_words(title)


@pytest.mark.parametrize("title", [None, "", " ", "\u200f"])
def test_no_title_is_none(title):
    assert normalize_title(title) is None


def test_a_long_title_of_many_brackets_is_read_at_once():
    assert normalize_title("a (b - " * 3000 + "(Deluxe)" * 500)


@settings(deadline=None)
@given(st.text())
def test_a_normalized_title_stays_as_it_is_however_it_was_composed(title):
    once = normalize_title(title)
    assert once is None or normalize_title(once) == once
    assert normalize_title(unicodedata.normalize("NFD", title)) == once
    assert normalize_title(unicodedata.normalize("NFC", title)) == once


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(EDITION_WORDS)), min_size=1, max_size=3), st.data())
def test_any_note_of_the_tables_words_is_folded(words, data):
    beside = data.draw(st.lists(st.sampled_from(sorted(BESIDE_EDITION)), max_size=3))
    note = " ".join(data.draw(st.permutations([*words, *beside])))
    assert normalize_title(f"Red ({note.title()})") == "red"

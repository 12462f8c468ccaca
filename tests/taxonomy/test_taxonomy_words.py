"""Spellings that are one word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.taxonomy.words import normal_form, read_table, split_cell, word_parts


@pytest.mark.parametrize(
    ("form", "spellings"),
    [
        ("hiphop", ("hip hop", "Hip-Hop", "HIPHOP", " hip–hop ", "hip_hop", "ｈｉｐ　ｈｏｐ")),
        ("randb", ("R&B", "r & b", "R and B", "r'n'b", "R’n’B", "R n B", "r + b")),
        (
            "drumandbass",
            ("Drum & Bass", "drum n bass", "Drum'n'bass", "DRUM-N-BASS", "Drum’n’bass"),
        ),
        ("norteno", ("norteño", "norten\u0303o", "Norteño")),
        ("childrens", ("Children’s", "children's", "Childrens")),
        ("strasse", ("Straße", "STRASSE")),
        ("か\u3099く", ("がく", "か\u3099く")),
        ("24", ("2/4",)),
        ("lgbtq", ("LGBTQ+",)),
        ("niceandnasty", ("nice 'n' nasty",)),
        ("", ("", "???", "♥", "_")),
    ],
)
def test_spellings_of_a_word_share_their_form(form: str, spellings: tuple[str, ...]) -> None:
    assert {normal_form(spelling) for spelling in spellings} == {form}


def test_a_syllable_keeps_the_mark_that_makes_it_another() -> None:
    assert normal_form("が") != normal_form("か")


@given(st.text())
def test_folding_twice_changes_nothing(word: str) -> None:
    once = normal_form(word)
    assert normal_form(once) == once
    assert once == "".join(word_parts(word))


@given(st.text(alphabet="aBnN &+-'’/.é", max_size=12))
def test_the_short_cut_gives_what_the_long_way_gives(word: str) -> None:
    assert normal_form(word) == "".join(word_parts(word))


def test_a_word_is_cut_into_its_parts() -> None:
    assert word_parts("Post-Punk / R&B (80s)") == ("post", "punk", "r", "and", "b", "80s")


def test_lines_of_a_table_have_a_cell_for_each_heading() -> None:
    rows = list(read_table("genres.tsv"))
    assert {len(row) for row in rows} == {3}
    assert ["acid rock", "psychedelic rock", ""] in rows
    assert split_cell("") == []
    assert split_cell("a; b, c") == ["a", "b, c"]

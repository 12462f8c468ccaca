"""iTunes's tree of genres, and what people may call its parts."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.errors import BadStudy
from albumart.sources.itunes_genres import (
    GENRES,
    UMBRELLAS,
    find_genre_ids,
    genre_name,
    umbrella_of,
)


def test_every_genre_lies_under_an_umbrella() -> None:
    assert len(GENRES) == 253
    assert len(UMBRELLAS) == 38
    for genre_id, genre in GENRES.items():
        assert re.fullmatch("[0-9]+", genre_id)
        assert genre.id == genre_id
        assert genre.umbrella in UMBRELLAS
        assert genre.name == genre.name.strip() != ""
        assert umbrella_of(genre_id) == genre.umbrella
        assert genre_name(genre_id) == genre.name


@pytest.mark.parametrize(
    ("genre_id", "name", "umbrella"),
    [
        ("1153", "Metal", "21"),
        ("21", "Rock", "21"),
        ("1122", "Brazilian", "1122"),
        ("1028", "Opera", "5"),
        ("34", None, None),
        ("", None, None),
    ],
)
def test_a_genre_by_its_number(genre_id: str, name: str | None, umbrella: str | None) -> None:
    assert genre_name(genre_id) == name
    assert umbrella_of(genre_id) == umbrella


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ((), tuple(GENRES)),
        (("1153",), ("1153",)),
        (("Metal", " rock "), ("1153", "21")),
        (("children's  music",), ("4",)),
        (("Jungle/Drum’n’bass",), ("1049",)),
        (("Opera",), ("9",)),
        (("Latin Jazz",), ("1111", "1115")),
        (("Rock", "21", "ROCK"), ("21",)),
    ],
)
def test_genres_by_name_or_number(words: tuple[str, ...], ids: tuple[str, ...]) -> None:
    assert find_genre_ids(words) == ids


@pytest.mark.parametrize(
    ("word", "closest"), [("Rok", "Rock"), ("hip hop", "Hip-Hop"), ("jazzz", "Jazz")]
)
def test_an_unknown_genre_is_told_the_closest(word: str, closest: str) -> None:
    with pytest.raises(BadStudy, match=f"got {word!r}; the closest is {closest!r}"):
        find_genre_ids(("Rock", word))


@settings(deadline=None)
@given(st.text())
def test_any_word_is_a_genre_or_a_bad_study(word: str) -> None:
    try:
        ids = find_genre_ids((word,))
    except BadStudy:
        return
    assert GENRES.keys() >= set(ids) != set()


def test_the_tree_is_the_recorded_one() -> None:
    path = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"), "itunes/genres.tsv")
    if not path.is_file():
        pytest.skip(f"the recorded tree is not here: {path}")
    umbrella = ""
    recorded = {}
    for row in path.read_text(encoding="utf-8").splitlines():
        genre_id, _, name = row.strip().partition(" ")
        umbrella = umbrella if row.startswith("\t") else genre_id
        recorded[genre_id] = (umbrella, name.removesuffix("-1"))  # a slip of those who kept it
    assert recorded == {genre.id: (genre.umbrella, genre.name) for genre in GENRES.values()}

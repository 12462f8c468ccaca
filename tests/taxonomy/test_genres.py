"""Genre words → genres, ancestors, columns."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.errors import NotFound
from albumart.taxonomy import genres as module
from albumart.taxonomy.genres import (
    GENRE_COLUMNS,
    ancestors,
    canonical_genre,
    distances,
    genre_columns,
    not_a_genre,
    sum_genres,
)


@pytest.mark.parametrize(
    ("genre", "words"),
    [
        ("hip hop", ("hip hop", "hiphop", "Hip-Hop/Rap", "hiphop_rap", "rap", "Rap", "Hip Hop")),
        ("pop", ("pop", "pop_music", "Pop Music", "POP")),
        ("r&b", ("R&B", "R&B/Soul", "rnb", "Rnb_Soul", "Funk / Soul", "rhythm and blues")),
        ("drum and bass", ("drum & bass", "Drum'n'Bass", "DnB", "Jungle/Drum’n’bass")),
        ("children's", ("Children’s Music", "children's", "Children's_Music", "kids")),
        ("alternative rock", ("Alternative", "Alternative/Indie Rock", "alt-rock")),
        ("country", ("country music", "Country & Western")),
        ("soundtrack", ("Stage & Screen", "OST", "soundtracks")),
        ("norteño", ("norteno", "Norteño")),
        ("folk, world, & country", ("folk, world, & country",)),
    ],
)
def test_spellings_and_names_of_a_genre(genre: str, words: tuple[str, ...]) -> None:
    assert {canonical_genre(word) for word in words} == {genre}


@pytest.mark.parametrize(
    ("word", "genre"),
    [
        ("polkas", "polka"),
        ("norwegian black metal", "black metal"),
        ("New Zealand Rock", "rock"),
        ("80s pop", "pop"),
        ("1990s German hip-hop", "german hip hop"),
        ("modern metal", "metal"),
        ("música criolla", "vals criollo"),
        # Where the whole is a genre of its own, nothing is left out.
        ("modern jazz", "contemporary jazz"),
        ("british invasion", "british invasion"),
        ("german pop", "german pop"),
    ],
)
def test_what_is_left_out_of_a_word(word: str, genre: str) -> None:
    assert canonical_genre(word) == genre


@pytest.mark.parametrize(
    "word",
    [
        "",
        "???",
        "music",
        "s",
        "seattle",
        "french",
        "vinyl",
        "seen live",
        "1994",
        "rock ambient jazz",
        "kid rock",
        "black hip hop rock",
        "pop " * 9,
        "old " * 5_000 + "rock",
    ],
)
def test_what_is_no_genre(word: str) -> None:
    assert canonical_genre(word) is None


@pytest.mark.parametrize(
    ("word", "source", "genre"),
    [
        ("Hardcore", None, "hardcore punk"),
        ("Hardcore", "bandcamp", "hardcore punk"),
        ("Hardcore", "itunes", "hardcore techno"),
        ("Garage", "musicbrainz", "garage rock"),
        ("Garage", "allmusic", "garage house"),
        ("Japan", None, None),
        ("Japan", "itunes", "japanese music"),
        ("Pop/Rock", "itunes", "pop rock"),
        ("Pop/Rock", "allmusic", "pop and rock"),
    ],
)
def test_some_words_mean_something_else_in_one_source(
    word: str, source: str | None, genre: str | None
) -> None:
    assert canonical_genre(word, source) == genre


def test_ancestors_are_named_once_the_nearest_first() -> None:
    assert ancestors("rock") == ()
    assert ancestors("melodic death metal") == ("death metal", "metal")
    assert ancestors("metalcore") == ("metal", "hardcore punk", "punk", "rock")
    assert dict(distances("metalcore")) == {
        "metalcore": 0,
        "metal": 1,
        "hardcore punk": 1,
        "punk": 2,
        "rock": 3,
    }


def test_ancestors_are_of_genres_only() -> None:
    with pytest.raises(NotFound, match="expected a canonical genre; got 'Rap'"):
        ancestors("Rap")


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        ((), set()),
        (("seattle", "seen live"), set()),
        (("hiphop", "rap", "Hip-Hop/Rap"), {"rap"}),
        (("death metal",), {"metal"}),
        (("death metal", "jazz"), {"metal", "jazz"}),
        (("country rock",), {"country", "rock"}),
        (("jazz rap",), {"jazz", "rap"}),
        (("pop punk",), {"pop_music", "rock"}),
        (("folk metal",), {"folk", "metal"}),
        (("free jazz", "noise", "string quartet"), {"jazz", "experimental", "classical"}),
        (("drum & bass", "bluegrass"), {"electronic", "country", "folk"}),
        (("soul", "reggae", "Folk, World, & Country"), set()),
    ],
)
def test_columns_are_hot_through_ancestors(words: tuple[str, ...], columns: set[str]) -> None:
    found = genre_columns(words)
    assert list(found) == [
        "classical", "country", "electronic", "experimental", "folk", "jazz", "metal",
        "pop_music", "rap", "rock",
    ]  # fmt: skip
    assert {name for name, is_hot in found.items() if is_hot} == columns
    assert sum_genres(found) == len(columns)


def test_columns_know_their_source() -> None:
    assert not genre_columns(["Hardcore"], "itunes")["rock"]
    assert genre_columns(["Hardcore"])["rock"]


@given(st.lists(st.sampled_from(module.all_genres()), max_size=6))
def test_more_words_never_cool_a_column(words: list[str]) -> None:
    fewer, more = genre_columns(words[1:]), genre_columns(words)
    assert all(more[name] for name, is_hot in fewer.items() if is_hot)
    assert set(more) == set(GENRE_COLUMNS)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Iceland", "place"),
        ("Portland, Oregon", "place"),
        ("Washington, D.C., USA", None),
        ("1994", "period"),
        ("90s", "period"),
        ("vinyl", "format"),
        ("seen live", "listener"),
        ("female vocalists", "performer"),
        ("guitar", "instrument"),
        ("rock", None),
        ("", None),
        ("live " * 9, None),
    ],
)
def test_words_about_something_else_are_told_apart(word: str, kind: str | None) -> None:
    assert not_a_genre(word) == kind


@given(st.text(max_size=60))
def test_any_text_has_an_answer(word: str) -> None:
    found = canonical_genre(word)
    assert found is None or found in module.all_genres()
    assert not_a_genre(word) is None or isinstance(not_a_genre(word), str)


def test_the_tables_are_read_once_and_in_a_moment() -> None:
    module._tables.cache_clear()
    canonical_genre.cache_clear()
    start = time.process_time()
    canonical_genre("rock")
    assert time.process_time() - start < 0.1  # ten times what it takes
    assert module._tables.cache_info().misses == 1

"""Words of albums, counted by what they mean."""

import tracemalloc
from collections.abc import Iterator

import pytest

from albumart.album import Album
from albumart.taxonomy.counting import (
    FIELDS,
    FieldCounts,
    Meaning,
    WordCount,
    count_words,
    meaning_of,
    unmapped_genres,
)


def album(number: int, source: str = "bandcamp", **words: tuple[str, ...]) -> Album:
    return Album(source, str(number), (), **words)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("hip-hop", Meaning.GENRE),
        ("melancholic", Meaning.MOOD),
        ("Reykjavík", Meaning.OTHER),
        ("zxqj", Meaning.UNMAPPED),
        ("", Meaning.UNMAPPED),
        ("♥", Meaning.UNMAPPED),
        # What is both: a genre first, then a mood.
        ("traditional", Meaning.GENRE),
        ("dark", Meaning.MOOD),
    ],
)
def test_a_word_has_one_meaning(word: str, meaning: Meaning) -> None:
    assert meaning_of(word) is meaning


def test_words_of_a_mood_field_are_moods_or_nothing() -> None:
    assert meaning_of("rock", is_mood=True) is Meaning.UNMAPPED
    assert meaning_of("Fierce", is_mood=True) is Meaning.MOOD


def test_unmapped_genres_keep_their_order() -> None:
    words = ("zz", "rock", "Berlin", "dark", "aaqq")
    assert unmapped_genres(words) == ("zz", "aaqq")
    assert unmapped_genres(("Nature", "Travel")) == ("Travel",)
    assert unmapped_genres(("Nature", "Travel"), "itunes") == ()


def test_albums_are_counted_by_what_their_words_say() -> None:
    counts = count_words(
        [
            album(1, genres=("rock",), tags=("Zxqj", "seen live", "dark")),
            album(2, genres=("zxqj",), tags=("ZXQJ", "zxqj")),
            album(3, tags=("zxqj", "Berlin")),
            album(4),
            album(5, "itunes", genres=("Japan",)),
            album(6, "allmusic", styles=("Garage",), moods=("Jittery", "Rock")),
        ]
    )
    assert (counts.albums, counts.wordless, counts.unplaced) == (6, 1, 2)
    # Three albums carry it, one of them three times and in two fields.
    assert counts.unmapped == (
        WordCount("zxqj", 3, ("genres", "tags")),
        WordCount("Rock", 1, ("moods",)),
    )
    assert counts.others == (
        WordCount("Berlin", 1, ("tags",)),
        WordCount("seen live", 1, ("tags",)),
    )
    assert list(counts.fields) == list(FIELDS)
    tags = counts.fields["tags"]
    assert tags.met == {"genre": 0, "mood": 1, "other": 2, "unmapped": 4}
    assert tags.different == {"genre": 0, "mood": 1, "other": 2, "unmapped": 1}
    assert tags.share_met == 1 / 7
    assert tags.share_different == 1 / 4
    assert counts.fields["genres"].share_met == 2 / 3
    assert counts.fields["styles"] == FieldCounts(
        {"genre": 1, "mood": 0, "other": 0, "unmapped": 0},
        {"genre": 1, "mood": 0, "other": 0, "unmapped": 0},
    )


def test_nothing_is_wholly_mapped() -> None:
    counts = count_words([])
    assert (counts.albums, counts.unmapped, counts.fields["tags"].share_met) == (0, (), 1.0)


def test_words_without_a_letter_are_told_apart() -> None:
    counts = count_words([album(1, tags=("♥", "???")), album(2, tags=("♥",))])
    assert [(word.word, word.albums) for word in counts.unmapped] == [("♥", 2), ("???", 1)]


def test_equal_counts_are_in_alphabetical_order_whatever_came_first() -> None:
    albums = [album(1, tags=("zb", "Zb", "za")), album(2, tags=("Zb", "zb"))]
    forward, backward = count_words(albums), count_words(albums[::-1])
    assert [word.word for word in forward.unmapped] == ["Zb", "za"]
    assert forward == backward


def test_memory_is_that_of_the_words() -> None:
    def albums(number: int) -> Iterator[Album]:
        for index in range(number):
            yield album(index, tags=(f"zz {index % 100}",))

    def peak(number: int) -> int:
        tracemalloc.start()
        count_words(albums(number))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(200)
    assert peak(5_000) < 1.5 * peak(500)

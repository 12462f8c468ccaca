"""Mood words → AllMusic's moods."""

import pytest

from albumart.taxonomy.moods import all_moods, canonical_mood


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("Nervous/Jittery", ("Nervous/Jittery", "nervous / jittery", "jittery", "Nervous")),
        ("Amiable/Good-Natured", ("amiable", "good natured", "Good-Natured")),
        ("Street-Smart", ("Street-Smart", "street smart", "streetwise")),
        ("Child-like", ("childlike", "child-like")),
        ("Naive", ("naïve", "Naive")),
        ("Somber", ("sombre", "somber")),
        # A half that is a mood of its own stays one.
        ("Sarcastic", ("sarcastic",)),
        ("Cynical/Sarcastic", ("cynical", "Cynical/Sarcastic")),
        ("Thuggish", ("thuggish",)),
    ],
)
def test_spellings_of_a_mood_are_one(mood: str, words: tuple[str, ...]) -> None:
    assert {canonical_mood(word) for word in words} == {mood}


@pytest.mark.parametrize("word", ["", "???", "rock", "moody blues"])
def test_other_words_are_no_mood(word: str) -> None:
    assert canonical_mood(word) is None


def test_the_vocabulary_is_allmusics() -> None:
    assert len(all_moods()) == 308
    assert set(all_moods()) >= {"Acerbic", "Laid-Back/Mellow", "Yearning"}

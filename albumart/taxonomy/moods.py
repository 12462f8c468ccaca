"""Mood words → AllMusic's moods, in AllMusic's spelling."""

from collections.abc import Mapping
from functools import lru_cache

from albumart.taxonomy.words import normal_form, read_table, split_cell


def canonical_mood(word: str) -> str | None:
    """The mood that a word means: ``Nervous/Jittery`` for ``jittery``; None for an unknown word."""
    return _moods().get(normal_form(word))


def all_moods() -> tuple[str, ...]:
    """Every mood of the vocabulary."""
    return tuple(dict.fromkeys(_moods().values()))


@lru_cache(maxsize=1)
def _moods() -> Mapping[str, str]:
    return {
        normal_form(word): mood
        for mood, aliases in read_table("moods.tsv")
        for word in (mood, *split_cell(aliases))
    }

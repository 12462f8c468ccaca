"""The tables themselves: every word once, every parent there, no circles."""

from collections import Counter
from pathlib import Path

import pytest

import albumart.taxonomy
from albumart.sources import SOURCES
from albumart.taxonomy.genres import (
    GENRE_COLUMNS,
    all_genres,
    ancestors,
    canonical_genre,
    distances,
    not_a_genre,
)
from albumart.taxonomy.moods import all_moods, canonical_mood
from albumart.taxonomy.words import normal_form, read_table, split_cell

DATA = Path(albumart.taxonomy.__file__).parent / "data"
ROWS = [
    (split_cell(genres), split_cell(parents), split_cell(aliases))
    for genres, parents, aliases in read_table("genres.tsv")
]
# A word of one source only: its row in SOURCES (or one that is to come), a colon, no space.
SCOPES = {*SOURCES, "allmusic"}
KINDS = {
    "place", "period", "quality", "format", "instrument", "performer", "listener", "subject",
    "occasion", "catalogue", "other",
}  # fmt: skip


def scope_of(alias: str) -> str | None:
    scope, colon, word = alias.partition(":")
    return scope if colon and not word.startswith(" ") else None


def twice(forms: list[str]) -> list[str]:
    return [form for form, times in Counter(forms).items() if times > 1]


def test_no_word_means_two_genres() -> None:
    words = [word for genres, _, aliases in ROWS for word in (*genres, *aliases)]
    assert twice([normal_form(word) for word in words if not scope_of(word)]) == []
    assert twice([word.casefold() for word in words if scope_of(word)]) == []
    assert all(normal_form(word) for word in words)


def test_words_of_one_source_name_a_source() -> None:
    aliases = [alias for _, _, aliases in ROWS for alias in aliases]
    assert {scope_of(alias) for alias in aliases} - {None} <= SCOPES


def test_aliases_stand_beside_one_genre() -> None:
    assert [genres for genres, _, aliases in ROWS if aliases and len(genres) != 1] == []


def test_every_parent_is_a_genre_and_none_is_its_own_ancestor() -> None:
    genres = set(all_genres())
    assert {parent for _, parents, _ in ROWS for parent in parents} <= genres
    for genre in genres:
        assert genre not in ancestors(genre)
        assert len(set(ancestors(genre))) == len(ancestors(genre))


def test_ancestors_come_nearest_first() -> None:
    for genre in all_genres():
        assert list(distances(genre).values()) == sorted(distances(genre).values())


def test_every_genre_means_itself() -> None:
    assert [genre for genre in all_genres() if canonical_genre(genre) != genre] == []


def test_every_alias_means_its_genre() -> None:
    for genres, _, aliases in ROWS:
        for alias in aliases:
            scope = scope_of(alias)
            word = alias.partition(":")[2] if scope else alias
            assert canonical_genre(word, scope) == genres[0], alias


def test_every_column_stands_for_a_genre_without_parents() -> None:
    assert len(GENRE_COLUMNS) == 10
    for genre in GENRE_COLUMNS.values():
        assert ancestors(genre) == ()


def test_what_is_no_genre_is_no_genre() -> None:
    rows = [
        (kind, word) for kind, words in read_table("not_genres.tsv") for word in words.split("; ")
    ]
    assert {kind for kind, _ in rows} == KINDS
    assert twice([normal_form(word) for _, word in rows]) == []
    for kind, word in rows:
        assert not_a_genre(word) == kind
        # A quality may be a genre where it stands alone: traditional is folk.
        assert kind == "quality" or canonical_genre(word) is None, word


def test_every_mood_means_itself_and_no_word_two() -> None:
    rows = [(mood, split_cell(aliases)) for mood, aliases in read_table("moods.tsv")]
    assert twice([normal_form(word) for mood, words in rows for word in (mood, *words)]) == []
    for mood, aliases in rows:
        assert {canonical_mood(word) for word in (mood, *aliases)} == {mood}
    assert all_moods() == tuple(mood for mood, _ in rows)


@pytest.mark.parametrize("table", sorted(path.name for path in DATA.iterdir()))
def test_tables_are_tidy(table: str) -> None:
    text = (DATA / table).read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert "\n\n" not in text
    assert "\r" not in text
    for line in text.splitlines():
        assert line == line.strip()
        for cell in line.split("\t"):
            assert cell == "; ".join(word.strip() for word in cell.split(";"))

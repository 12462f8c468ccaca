"""Genre words → canonical genres, their ancestors and the ten columns of metal-vs-rap.

Two tables. ``data/genres.tsv`` is a tree whose branches may join (folk metal is metal and folk):
genres, their parents, and other words for them. ``data/not_genres.tsv`` lists words that say
something else, a place or a format.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from albumart.errors import NotFound
from albumart.taxonomy.words import normal_form, read_table, split_cell, word_parts

# The columns of the metal-vs-rap study and the genre that each stands for.
GENRE_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "classical": "classical",
        "country": "country",
        "electronic": "electronic",
        "experimental": "experimental",
        "folk": "folk",
        "jazz": "jazz",
        "metal": "metal",
        "pop_music": "pop",
        "rap": "hip hop",
        "rock": "rock",
    }
)
# These may stand before a genre and leave it what it is: German hip hop, 80s pop, modern metal.
_BEFORE: Final = frozenset({"place", "period", "quality"})
_YEAR: Final = re.compile(r"(1[5-9]|20)\d\ds?|\d0s")
_MOST_PARTS: Final = 8  # a longer text is no genre's name
_REMEMBERED: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class _Tables:
    """The two tables, by normal form.

    Attributes:
        genres: normal form → genre; ``itunes:`` and a normal form where only one source means it.
        parents: genre → its parents, the nearest relative first.
        others: normal form → kind, of the words that are no genre.
    """

    genres: Mapping[str, str]
    parents: Mapping[str, tuple[str, ...]]
    others: Mapping[str, str]


@lru_cache(maxsize=_REMEMBERED)
def canonical_genre(word: str, source: str | None = None) -> str | None:
    """The genre that a word means; None for a word that the tables do not know as a genre.

    Spellings are folded (``normal_form``); a plural's s and ``music`` at the end are not needed;
    a place, a period or a quality before a genre is left out. ``source`` names a row of SOURCES:
    some words mean something else there (iTunes's Hardcore is techno).
    """
    parts = word_parts(word)
    return _find(parts, f"{source}:") if len(parts) <= _MOST_PARTS else None


def ancestors(genre: str) -> tuple[str, ...]:
    """Every genre that a canonical genre is a kind of, the nearest first, without itself.

    Raises:
        NotFound: it is no canonical genre.
    """
    return tuple(distances(genre))[1:]


@lru_cache(maxsize=_REMEMBERED)
def distances(genre: str) -> Mapping[str, int]:
    """A canonical genre (0) and its ancestors, each with its steps up the tree, nearest first.

    Raises:
        NotFound: it is no canonical genre.
    """
    parents = _tables().parents
    if genre not in parents:
        raise NotFound(f"expected a canonical genre; got {genre!r}")
    steps = {genre: 0}
    queue = [genre]
    for near in queue:
        new = [parent for parent in parents[near] if parent not in steps]
        steps.update(dict.fromkeys(new, steps[near] + 1))
        queue += new
    return MappingProxyType(steps)


def all_genres() -> tuple[str, ...]:
    """Every canonical genre."""
    return tuple(_tables().parents)


def genre_columns(words: Iterable[str], source: str | None = None) -> dict[str, bool]:
    """The ten multi-hot columns of an album with these genre words; several may be true."""
    genres = {genre for word in words if (genre := canonical_genre(word, source))}
    families = {ancestor for genre in genres for ancestor in distances(genre)}
    return {column: genre in families for column, genre in GENRE_COLUMNS.items()}


def sum_genres(columns: Mapping[str, bool]) -> int:
    """How many of the columns of ``genre_columns`` are true."""
    return sum(columns.values())


def not_a_genre(word: str) -> str | None:
    """What a word says that is about something else, ``place`` or ``format``; None otherwise.

    Several such words in a row (``Portland, Oregon``) are of the first one's kind.
    """
    parts = word_parts(word)
    return _other(parts) if 0 < len(parts) <= _MOST_PARTS else None


def _find(parts: tuple[str, ...], scope: str) -> str | None:
    names, form = _tables().genres, "".join(parts)
    if found := names.get(scope + form) or names.get(form):
        return found
    if form in _tables().others:
        return None
    # country music, polkas
    for shorter in (form.removesuffix("music"), form.removesuffix("s")):
        if found := names.get(shorter):
            return found
    after = (
        _find(parts[cut:], scope)
        for cut in range(1, len(parts))
        if _kind("".join(parts[:cut])) in _BEFORE
    )
    return next(filter(None, after), None)


def _other(parts: tuple[str, ...]) -> str | None:
    for cut in range(len(parts), 0, -1):
        kind = _kind("".join(parts[:cut]))
        if kind and (cut == len(parts) or _other(parts[cut:])):
            return kind
    return None


def _kind(form: str) -> str | None:
    return "period" if _YEAR.fullmatch(form) else _tables().others.get(form)


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    genres: dict[str, str] = {}
    parents: dict[str, tuple[str, ...]] = {}
    for names, above, aliases in read_table("genres.tsv"):
        for name in split_cell(names):
            genres[normal_form(name)] = name
            parents[name] = tuple(split_cell(above))
        for alias in split_cell(aliases):
            genres[_scoped_form(alias)] = names
    others = {
        normal_form(word): kind
        for kind, words in read_table("not_genres.tsv")
        for word in split_cell(words)
    }
    return _Tables(genres, parents, others)


def _scoped_form(alias: str) -> str:
    """Normal form of an alias; ``itunes:Garage`` keeps its source, ``Holiday: Other`` has none."""
    if ":" not in alias or ": " in alias:
        return normal_form(alias)
    scope, _, word = alias.partition(":")
    return f"{scope}:{normal_form(word)}"

"""iTunes's genres of music: umbrellas and what lies under each, by the store's own numbers.

The tree is a table, ``data/itunes_genres.tsv``: id, id of the umbrella (its own for an umbrella),
name. Names are not unique: an Opera stands alone and one under Classical.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from albumart.errors import BadStudy

ALL_MUSIC: Final = "34"  # the store's number of music as a whole; no chart is asked of it


@dataclass(frozen=True, slots=True)
class Genre:
    """One genre; ``umbrella`` is the id of the genre it lies under, its own for an umbrella."""

    id: str
    umbrella: str
    name: str


def _read_tree() -> Iterator[Genre]:
    table = files("albumart").joinpath("sources", "data", "itunes_genres.tsv")
    for row in table.read_text(encoding="utf-8").splitlines():
        yield Genre(*row.split("\t"))


GENRES: Final[Mapping[str, Genre]] = MappingProxyType({genre.id: genre for genre in _read_tree()})
UMBRELLAS: Final = tuple(genre.id for genre in GENRES.values() if genre.id == genre.umbrella)


def umbrella_of(genre_id: str) -> str | None:
    """Id of the umbrella that a genre lies under; None for an id that the tree does not know."""
    return GENRES[genre_id].umbrella if genre_id in GENRES else None


def genre_name(genre_id: str) -> str | None:
    """The genre's name; None for an id that the tree does not know."""
    return GENRES[genre_id].name if genre_id in GENRES else None


def find_genre_ids(words: Iterable[str]) -> tuple[str, ...]:
    """Ids of genres named by id or by name, each once; of every genre where nothing is named.

    A name means an umbrella where one is called so, else every genre of that name.

    Raises:
        BadStudy: no genre is called so.
    """
    named = [genre_id for word in words for genre_id in _ids_called(word)]
    return tuple(dict.fromkeys(named)) or tuple(GENRES)


def _ids_called(word: str) -> tuple[str, ...]:
    if word.strip() in GENRES:
        return (word.strip(),)
    called = _BY_NAME.get(_fold(word), ())
    if not called:
        close = get_close_matches(_fold(word), _BY_NAME, n=1, cutoff=0.0)
        raise BadStudy(
            f"genres: expected ids or names of iTunes's genres; got {word!r}; "
            f"the closest is {GENRES[_BY_NAME[close[0]][0]].name!r}"
        )
    return called


def _fold(name: str) -> str:
    """A name as people type it: the tree has typographic apostrophes, keyboards have not."""
    return " ".join(name.replace("’", "'").casefold().split())


def _by_name() -> dict[str, tuple[str, ...]]:
    called: dict[str, tuple[str, ...]] = {}
    for genre in GENRES.values():
        called[_fold(genre.name)] = (*called.get(_fold(genre.name), ()), genre.id)
    return called | {_fold(GENRES[genre_id].name): (genre_id,) for genre_id in UMBRELLAS}


_BY_NAME: Final = _by_name()

"""Albums as a source just told them → a frame in which each rule is a rule about one column."""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeAlias

import pandas as pd

from albumart.album import Album

LARGEST: Final = 2**62

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

Knows: TypeAlias = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which words a source is known to use, as a test of one word; where None, any.

    Attributes:
        genres: names of genres.
        genre_ids: the source's own ids of genres.
        moods: names of moods.
    """

    genres: Knows | None = None
    genre_ids: Knows | None = None
    moods: Knows | None = None

    def given(self) -> dict[str, Knows]:
        """The tests that there are, by the field of an Album whose words they know."""
        tests = {"genres": self.genres, "genre_ids": self.genre_ids, "moods": self.moods}
        return {field: knows for field, knows in tests.items() if knows}


def build_scraped_frame(
    albums: Sequence[Album], columns: Iterable[str], vocabulary: Vocabulary
) -> pd.DataFrame:
    """The named columns, with one row per album."""
    return pd.DataFrame({name: _column(name, albums, vocabulary) for name in columns})


def _column(
    name: str, albums: Sequence[Album], vocabulary: Vocabulary
) -> "pd.Series[str] | pd.Series[int]":
    if name in NUMBERS:
        return _whole_numbers(NUMBERS[name](album) for album in albums)
    if name in SPREADS:
        return _whole_numbers(_spread(albums, *SPREADS[name]))
    if name in TEXTS:
        return _texts(TEXTS[name](album) for album in albums)
    field = name.removeprefix(UNKNOWN)
    knows = vocabulary.given()[field]
    unknown = ([word for word in getattr(album, field) if not knows(word)] for album in albums)
    return _texts(_joined(words) for words in unknown)


def _texts(values: Iterable[str | None]) -> "pd.Series[str]":
    """What no text can hold becomes a line break, which no rule about a text lets pass."""
    return pd.Series([value and _LONE_SURROGATE.sub("\n", value) for value in values], dtype="str")


def _whole_numbers(values: Iterable[int | None]) -> "pd.Series[int]":
    """Numbers as large as the column takes: a source may tell any."""
    limited = [None if value is None else max(-LARGEST, min(value, LARGEST)) for value in values]
    return pd.Series(limited, dtype="Int64")


def _joined(words: Iterable[str]) -> str | None:
    """Words in one cell; nothing at all, which most expectations pass over, for no words."""
    listed = [*words]
    return "\n".join(listed) if listed else None


def _label_words(album: Album) -> tuple[str, ...]:
    return album.genres + album.tags + album.styles + album.moods + album.themes


def _word_lengths(album: Album) -> tuple[int, ...]:
    return tuple(len(word.strip()) for word in _label_words(album) + album.genre_ids)


def _votes(album: Album) -> tuple[int, ...]:
    return album.genre_votes + album.tag_votes


def _votes_apart(album: Album) -> int:
    """By how many the votes are not one for each word; where nobody votes, none are missing."""
    pairs = ((album.genres, album.genre_votes), (album.tags, album.tag_votes))
    return sum(abs(len(words) - len(votes)) for words, votes in pairs if votes)


def _ids_apart(album: Album) -> int:
    return abs(len(album.genres) - len(album.genre_ids)) if album.genre_ids else 0


def _release_year(album: Album) -> int | None:
    year = (album.released or "")[:4]
    return int(year) if len(year) == 4 and year.isdecimal() else None


def _years_apart(album: Album) -> int | None:
    released = _release_year(album)
    return None if released is None or album.year is None else abs(album.year - released)


def _positions(album: Album) -> tuple[int, ...]:
    return tuple(listing.position for listing in album.listings)


def _spread(
    albums: Sequence[Album],
    group: Callable[[Album], Hashable | None],
    member: Callable[[Album], Hashable],
) -> list[int | None]:
    """Of each album: how many different members its group has in this batch."""
    groups = [group(album) for album in albums]
    members: dict[Hashable, set[Hashable]] = defaultdict(set)
    for name, album in zip(groups, albums, strict=True):
        members[name].add(member(album))
    return [None if name is None else len(members[name]) for name in groups]


def _told(album: Album) -> Album:
    """What must be equal wherever a source tells the album: all but places and addresses."""
    return replace(album, listings=(), cover_urls=(), page_url=None)


def _name(album: Album) -> tuple[str, str] | None:
    named = album.artist and album.title
    return (str(album.artist).casefold(), str(album.title).casefold()) if named else None


TEXTS: Final[Mapping[str, Callable[[Album], str | None]]] = MappingProxyType(
    {
        "album": lambda album: album.key,
        "source": lambda album: album.source,
        "source_id": lambda album: album.source_id,
        "title": lambda album: album.title,
        "artist": lambda album: album.artist,
        "artist_id": lambda album: album.artist_id,
        "page_url": lambda album: album.page_url,
        "released": lambda album: album.released,
        "cover_urls": lambda album: _joined(album.cover_urls),
        "genre_ids": lambda album: _joined(album.genre_ids),
        "listing_days": lambda album: _joined(listing.day for listing in album.listings),
    }
)

NUMBERS: Final[Mapping[str, Callable[[Album], int | None]]] = MappingProxyType(
    {
        "year": lambda album: album.year,
        "release_year": _release_year,
        "years_apart": _years_apart,
        "rating": lambda album: album.rating,
        "genres": lambda album: len(album.genres),
        "label_words": lambda album: len(_label_words(album)),
        "shortest_word": lambda album: min(_word_lengths(album), default=None),
        "longest_word": lambda album: max(_word_lengths(album), default=None),
        "longest_text": lambda album: len(album.review or ""),
        "ids_apart": _ids_apart,
        "votes_apart": _votes_apart,
        "unvoted_words": lambda album: len(album.genres + album.tags) - len(_votes(album)),
        "fewest_votes": lambda album: min(_votes(album), default=None),
        "listings": lambda album: len(album.listings),
        "best_position": lambda album: min(_positions(album), default=None),
        "last_position": lambda album: max(_positions(album), default=None),
        "unsigned_review": lambda album: int(bool(album.review) and not album.reviewer),
    }
)

# Columns about many rows: how many different … each group of rows has.
SPREADS: Final[
    Mapping[str, tuple[Callable[[Album], Hashable | None], Callable[[Album], Hashable]]]
] = MappingProxyType(
    {
        "tellings": (lambda album: album.key, _told),
        "keys_of_name": (_name, lambda album: album.key),
    }
)

# What the vocabulary does not know of a field of an Album: ``unknown_moods``.
UNKNOWN: Final = "unknown_"

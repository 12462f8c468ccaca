"""What is known of an album besides its cover: genres, and the year it came out → numbers."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter

from albumart.dataset.labels import LABEL_SCHEMES
from albumart.taxonomy.genres import GENRE_COLUMNS, canonical_genre, distances

Row = Mapping[str, object]

# The genres of the metal-vs-rap study's ten columns.
GENRES: Final = tuple(GENRE_COLUMNS.values())
GENRE_FIELDS: Final = ("genres", "styles")
YEAR: Final = "year"
KNOWN: Final = "year known"
# A year that is further out than this many deviations is as far as these.
_FURTHEST_YEAR: Final = 3.0


@dataclass(frozen=True, slots=True)
class MetadataSpec:
    """How metadata becomes numbers. It is kept beside the model that learnt from them.

    Attributes:
        genres: canonical genres, one column each: whether a word of the album is it or a kind of
            it. Several may be true; none is where nothing is known.
        year_mean: of the training split.
        year_scale: standard deviation there.
    """

    genres: tuple[str, ...]
    year_mean: float
    year_scale: float

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return (*self.genres, YEAR, KNOWN)

    @property
    def width(self) -> int:
        """How many numbers."""
        return len(self.columns)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return cast("dict[str, object]", _ADAPTER.dump_python(self, mode="json"))

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> "MetadataSpec":
        """The spec that ``to_dict`` wrote. Raises ValueError on another shape."""
        return _ADAPTER.validate_python(fields)


_ADAPTER: Final = TypeAdapter(MetadataSpec)


def fit_metadata(rows: Iterable[Row], *, genres: Sequence[str] = GENRES) -> MetadataSpec:
    """The spec by the rows of the training split, whose years give the scale.

    Raises:
        NotFound: one of ``genres`` is no canonical genre.
    """
    for genre in genres:
        distances(genre)
    years = [year for row in rows if (year := year_of(row)) is not None]
    mean, scale = (float(np.mean(years)), float(np.std(years))) if years else (0.0, 1.0)
    return MetadataSpec(tuple(genres), mean, scale or 1.0)


def common_genres(rows: Iterable[Row], at_least: int) -> tuple[str, ...]:
    """Canonical genres that so many of the training split's albums are or are a kind of; sorted.

    For more columns than the ten.
    """
    counts = Counter(genre for row in rows for genre in _families(*_words_of(row)))
    return tuple(sorted(genre for genre, count in counts.items() if count >= at_least))


def build_metadata(rows: Iterable[Row], spec: MetadataSpec) -> NDArray[np.float32]:
    """``(n, m)`` numbers of the rows, in the order of ``spec.columns``.

    The year is in deviations from the mean, 0 where it is not known, which the last column says
    (1 known, 0 not). An album of which nothing is known is zeros.

    Args:
        rows: each with ``album``, ``genres`` (words as the source tells them) and ``year``, which
            may be None; ``styles`` may be there.
        spec: from ``fit_metadata``.
    """
    found = [_numbers(row, spec) for row in rows]
    return np.array(found, dtype=np.float32).reshape(len(found), spec.width)


def unknown_metadata(n: int, spec: MetadataSpec) -> NDArray[np.float32]:
    """``(n, m)`` numbers of albums of which nothing is known: a cover that is sent alone."""
    return np.zeros((n, spec.width), dtype=np.float32)


def words_beside(row: Row, scheme: str) -> tuple[str, ...]:
    """The row's genre words, where labels of this scheme are not made of such; else none.

    So a dataset whose labels are genres neither holds them twice nor gets another digest.
    """
    holds_the_answer = not set(GENRE_FIELDS).isdisjoint(LABEL_SCHEMES[scheme].fields)
    return () if holds_the_answer else _words_of(row)[0]


def year_of(row: Row) -> int | None:
    """The row's year; None where it is not known."""
    year = row["year"]
    return None if year is None or pd.isna(cast("float", year)) else int(cast("int", year))


def _numbers(row: Row, spec: MetadataSpec) -> list[float]:
    families = _families(*_words_of(row))
    year = year_of(row)
    away = 0.0 if year is None else (year - spec.year_mean) / spec.year_scale
    away = math.copysign(min(abs(away), _FURTHEST_YEAR), away)
    return [*(float(genre in families) for genre in spec.genres), away, float(year is not None)]


def _words_of(row: Row) -> tuple[tuple[str, ...], str]:
    words = (*cast("Sequence[str]", row["genres"]), *cast("Sequence[str]", row.get("styles", ())))
    source, _, _ = str(row["album"]).partition(":")
    return words, source


@lru_cache(maxsize=1 << 14)
def _families(words: tuple[str, ...], source: str) -> frozenset[str]:
    """The genres that the words are, and all above them."""
    genres = {genre for word in words if (genre := canonical_genre(word, source))}
    return frozenset(above for genre in genres for above in distances(genre))

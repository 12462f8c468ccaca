"""How many of the albums' words the taxonomy knows, and which it does not.

Every word is one of four: a genre, a mood, something else that is listed as such (a place, a
format), or unmapped. Unmapped words are never dropped in silence: they are counted by album.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from albumart.taxonomy.genres import canonical_genre, not_a_genre
from albumart.taxonomy.moods import canonical_mood
from albumart.taxonomy.words import normal_form

FIELDS: Final = ("genres", "styles", "tags", "moods")


class Meaning(StrEnum):
    """What a word turned out to be."""

    GENRE = "genre"
    MOOD = "mood"
    OTHER = "other"  # a place, a period, a format: ``not_a_genre`` says which
    UNMAPPED = "unmapped"


MAPPED: Final = frozenset({Meaning.GENRE, Meaning.MOOD})


class Worded(Protocol):
    """What is counted of an album: its words, and the source that they come from."""

    @property
    def source(self) -> str:
        """Name of a row of SOURCES."""
        ...

    @property
    def genres(self) -> tuple[str, ...]:
        """The source's genre words."""
        ...

    @property
    def styles(self) -> tuple[str, ...]:
        """The source's finer genre words."""
        ...

    @property
    def tags(self) -> tuple[str, ...]:
        """Free words."""
        ...

    @property
    def moods(self) -> tuple[str, ...]:
        """Mood words, which are looked up among the moods only."""
        ...


@dataclass(frozen=True, slots=True)
class WordCount:
    """A word in its commonest spelling, how many albums carry it, and in which fields."""

    word: str
    albums: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """The words of one field: how many were met, and how many different ones, by meaning."""

    met: Mapping[Meaning, int]
    different: Mapping[Meaning, int]

    @property
    def share_met(self) -> float:
        """Share of the words met that are mapped; 1 where there are none."""
        return _mapped_share(self.met)

    @property
    def share_different(self) -> float:
        """Share of the different words that are mapped; 1 where there are none."""
        return _mapped_share(self.different)


@dataclass(frozen=True, slots=True)
class WordCounts:
    """What ``count_words`` found.

    Attributes:
        albums: how many were read.
        wordless: those that have no word in any of FIELDS.
        unplaced: those that have words, but none that is mapped.
        fields: the counts of each of FIELDS.
        unmapped: words that mean nothing to the taxonomy, those of most albums first.
        others: words that are listed as no genre, in the same order.
    """

    albums: int
    wordless: int
    unplaced: int
    fields: Mapping[str, FieldCounts]
    unmapped: tuple[WordCount, ...]
    others: tuple[WordCount, ...]


def meaning_of(word: str, source: str | None = None, *, is_mood: bool = False) -> Meaning:
    """What a word is; ``is_mood`` for a field that tells moods and nothing else."""
    if not is_mood and canonical_genre(word, source):
        return Meaning.GENRE
    if canonical_mood(word):
        return Meaning.MOOD
    if not is_mood and not_a_genre(word):
        return Meaning.OTHER
    return Meaning.UNMAPPED


def unmapped_genres(words: Iterable[str], source: str | None = None) -> tuple[str, ...]:
    """Those genre words and tags that mean nothing to the taxonomy, in their order."""
    return tuple(word for word in words if meaning_of(word, source) is Meaning.UNMAPPED)


def count_words(albums: Iterable[Worded]) -> WordCounts:
    """Count what the albums' words mean. Reads album by album; keeps nothing but the words."""
    tally = _Tally()
    for album in albums:
        tally.add(album)
    return WordCounts(
        tally.albums,
        tally.wordless,
        tally.unplaced,
        fields={name: tally.field_counts(name) for name in FIELDS},
        unmapped=tally.ranked(Meaning.UNMAPPED),
        others=tally.ranked(Meaning.OTHER),
    )


@dataclass(slots=True)
class _Word:
    albums: int = 0
    spellings: Counter[str] = field(default_factory=Counter)
    fields: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Tally:
    """The running counts; ``words`` is by meaning, field-blind, and by what spellings share."""

    albums: int = 0
    wordless: int = 0
    unplaced: int = 0
    met: Counter[tuple[str, Meaning]] = field(default_factory=Counter)
    words: dict[tuple[Meaning, str], _Word] = field(default_factory=dict)

    def add(self, album: Worded) -> None:
        told = {
            "genres": album.genres,
            "styles": album.styles,
            "tags": album.tags,
            "moods": album.moods,
        }
        met = [
            (name, word, meaning_of(word, album.source, is_mood=name == "moods"))
            for name in FIELDS
            for word in told[name]
        ]
        self.albums += 1
        self.wordless += not met
        self.unplaced += bool(met) and not any(meaning in MAPPED for *_, meaning in met)
        self.met.update((name, meaning) for name, _, meaning in met)
        found = [self._count(*each) for each in met]
        for word in {id(word): word for word in found}.values():
            word.albums += 1

    def _count(self, name: str, word: str, meaning: Meaning) -> _Word:
        counted = self.words.setdefault((meaning, normal_form(word) or word), _Word())
        counted.spellings[word] += 1
        counted.fields.add(name)
        return counted

    def field_counts(self, name: str) -> FieldCounts:
        different = Counter(
            meaning for (meaning, _), word in self.words.items() if name in word.fields
        )
        return FieldCounts(
            {meaning: self.met[name, meaning] for meaning in Meaning},
            {meaning: different[meaning] for meaning in Meaning},
        )

    def ranked(self, meaning: Meaning) -> tuple[WordCount, ...]:
        counts = [
            WordCount(_commonest(word.spellings), word.albums, tuple(sorted(word.fields)))
            for (meant, _), word in self.words.items()
            if meant is meaning
        ]
        return tuple(sorted(counts, key=lambda count: (-count.albums, count.word)))


def _commonest(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling))


def _mapped_share(counts: Mapping[Meaning, int]) -> float:
    total = sum(counts.values())
    return sum(counts[meaning] for meaning in MAPPED) / total if total else 1.0

"""Label schemes: an album's words → its labels, or the reason why it has none."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias, cast

from albumart.errors import BadStudy
from albumart.taxonomy.genres import canonical_genre, distances
from albumart.taxonomy.moods import canonical_mood

RARE: Final = "rare_label"  # an album's every label is carried by too few albums
_REMEMBERED: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels, or none of them and the reason under which the album is counted as excluded."""

    labels: tuple[str, ...] = ()
    reason: str = ""

    @property
    def label(self) -> str | None:
        """The first of the labels: the only one where a scheme gives one."""
        return next(iter(self.labels), None)


UNMAPPED: Final = Labelled(reason="unmapped_label")
AMBIGUOUS: Final = Labelled(reason="ambiguous_label")
BOTH: Final = Labelled(reason="both_labels")

LabelWords: TypeAlias = Callable[[Sequence[str], Collection[str], str | None], Labelled]


@dataclass(frozen=True, slots=True)
class LabelScheme:
    """One way to make labels of words.

    Attributes:
        fields: of a row, whose words are read, in this order.
        label: words, classes and source → Labelled.
        several: whether an album may carry more than one label.
        spell: a word → the label that it is by itself, where classes need not be listed.
        exactly: how many classes there must be, where the scheme asks for a number.
    """

    fields: tuple[str, ...]
    label: LabelWords
    several: bool = False
    spell: Callable[[str], str] | None = None
    exactly: int | None = None


def label_single(
    genres: Sequence[str], classes: Collection[str], source: str | None = None
) -> Labelled:
    """The first of the album's genre words that is a class, else the first that is a kind of one.

    A word is a kind of the class that is nearest above it in the taxonomy's tree (death metal of
    ``metal``, Rap of ``hiphop_rap``). A word as near to two classes says neither; an album of
    which no word says more is ``ambiguous_label``.
    """
    verbatim = next((word for word in genres if word in classes), None)
    if verbatim is not None:
        return Labelled((verbatim,))
    meant = [_nearest_classes(word, frozenset(classes), source) for word in genres]
    label = next((nearest[0] for nearest in meant if len(nearest) == 1), None)
    if label is not None:
        return Labelled((label,))
    return AMBIGUOUS if any(meant) else UNMAPPED


def label_umbrella(
    genres: Sequence[str], classes: Collection[str], source: str | None = None
) -> Labelled:
    """The class of the album's last genre word, whatever the others say.

    For sources that tell an album's own genre and then the umbrella it lies under (iTunes):
    its Opera under Classical is Classical, although Opera is an umbrella, too.
    """
    return label_single(genres[-1:], classes, source)


def label_pick_two(
    words: Sequence[str], classes: Collection[str], source: str | None = None
) -> Labelled:
    """The one of two classes that a word is or is a kind of; ``both_labels`` if both are met."""
    found = _classes_met(words, frozenset(classes), source)
    return BOTH if len(found) > 1 else _labelled(found)


def label_multi_hot(
    words: Sequence[str], classes: Collection[str], source: str | None = None
) -> Labelled:
    """Every class that a word is or is a kind of, by the first word that says so."""
    return _labelled(_classes_met(words, frozenset(classes), source))


def label_ordered(
    moods: Sequence[str], classes: Collection[str], source: str | None = None
) -> Labelled:
    """The album's moods that are classes, in the source's order."""
    del source  # moods mean the same wherever they are told
    spelled = dict.fromkeys(map(spell_mood, moods))
    return _labelled(tuple(mood for mood in spelled if mood in classes))


@lru_cache(maxsize=_REMEMBERED)
def spell_mood(word: str) -> str:
    """The mood that a word means in the taxonomy's spelling; a word that it does not know stays."""
    return canonical_mood(word) or word


_EVERY_GENRE_WORD: Final = ("genres", "styles", "tags")

LABEL_SCHEMES: Final[dict[str, LabelScheme]] = {
    "single": LabelScheme(("genres",), label_single),
    "umbrella": LabelScheme(("genres",), label_umbrella),
    "pick_two": LabelScheme(_EVERY_GENRE_WORD, label_pick_two, exactly=2),
    "multi_hot": LabelScheme(_EVERY_GENRE_WORD, label_multi_hot, several=True),
    "ordered": LabelScheme(("moods",), label_ordered, several=True, spell=spell_mood),
}


def find_scheme(name: str, classes: Collection[str]) -> LabelScheme:
    """The scheme called ``name``, if it can tell ``classes`` apart.

    Raises:
        BadStudy: there is no such scheme, or it asks for another number of classes.
    """
    if name not in LABEL_SCHEMES:
        raise BadStudy(f"labels: expected a scheme of {', '.join(LABEL_SCHEMES)}; got {name!r}")
    scheme = LABEL_SCHEMES[name]
    if scheme.exactly not in (None, len(classes)):
        raise BadStudy(
            f"labels: {name} expects {scheme.exactly} classes; got {', '.join(classes) or 'none'}"
        )
    return scheme


def label_row(row: Mapping[str, object], scheme: str, classes: Collection[str]) -> Labelled:
    """The labels of a row of the stores, by a scheme of LABEL_SCHEMES."""
    source, _, _ = str(row["album"]).partition(":")
    return LABEL_SCHEMES[scheme].label(_words(row, scheme), classes, source)


def find_classes(rows: Iterable[Mapping[str, object]], scheme: str) -> tuple[str, ...]:
    """Every label that the rows' words spell, sorted: the classes of a study that lists none.

    Raises:
        BadStudy: the scheme cannot do without a list.
    """
    spell = find_scheme(scheme, ()).spell
    if spell is None:
        raise BadStudy(f"labels: {scheme} expects classes; got none")
    return tuple(sorted({spell(word) for row in rows for word in _words(row, scheme)}))


def without_small_classes(
    rows: Iterable[Mapping[str, object]],
    scheme: str,
    classes: Collection[str],
    small: Collection[str],
) -> Iterator[Mapping[str, object]]:
    """The rows; those whose labels among ``classes`` are all ``small`` are marked as left out.

    So an album of a class that is left out of a dataset is left out as well, and does not become
    one of the class above it: punk is no rock where the study tells them apart.
    """
    known, rare = frozenset(classes), frozenset(small)
    for row in rows:
        labels = label_row(row, scheme, known).labels
        yield {**row, "left_out": RARE} if labels and rare.issuperset(labels) else row


def _words(row: Mapping[str, object], scheme: str) -> tuple[str, ...]:
    fields = LABEL_SCHEMES[scheme].fields
    return tuple(word for name in fields for word in cast("Sequence[str]", row[name]))


def _labelled(labels: tuple[str, ...]) -> Labelled:
    return Labelled(labels) if labels else UNMAPPED


def _nearest_classes(word: str, classes: frozenset[str], source: str | None) -> tuple[str, ...]:
    genre = canonical_genre(word, source)
    by_genre = _classes_by_genre(classes)
    steps = distances(genre) if genre else {}
    near = min((steps[above] for above in steps if above in by_genre), default=None)
    return tuple(
        name for above in steps if steps[above] == near for name in by_genre.get(above, ())
    )


def _classes_met(
    words: Sequence[str], classes: frozenset[str], source: str | None
) -> tuple[str, ...]:
    met = (name for word in words for name in _classes_above(word, classes, source))
    return tuple(dict.fromkeys(met))


@lru_cache(maxsize=_REMEMBERED)
def _classes_above(word: str, classes: frozenset[str], source: str | None) -> tuple[str, ...]:
    """The classes that a word is, verbatim or as a genre, or is a kind of; the nearest first.

    The columns of ``taxonomy.genres.genre_columns`` are such classes.
    """
    genre = canonical_genre(word, source)
    by_genre = _classes_by_genre(classes)
    above = [
        name for each in (distances(genre) if genre else ()) for name in by_genre.get(each, ())
    ]
    return (word, *above) if word in classes else tuple(above)


@lru_cache(maxsize=16)
def _classes_by_genre(classes: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """The classes that are genres, by canonical genre; two may be spellings of one."""
    genres = {name: canonical_genre(name) for name in sorted(classes)}
    return {
        genre: tuple(name for name in genres if genres[name] == genre)
        for genre in genres.values()
        if genre
    }

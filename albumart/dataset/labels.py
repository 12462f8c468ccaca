"""Label schemes: an album's genre words → its label, or the reason why it has none."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias, cast

from albumart.taxonomy.genres import canonical_genre, distances


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label, or None and the reason under which the album is counted as excluded."""

    label: str | None
    reason: str = ""


LabelScheme: TypeAlias = Callable[[Sequence[str], Collection[str], str | None], Labelled]


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
        return Labelled(verbatim)
    meant = [_nearest_classes(word, frozenset(classes), source) for word in genres]
    label = next((nearest[0] for nearest in meant if len(nearest) == 1), None)
    if label is not None:
        return Labelled(label)
    return Labelled(None, "ambiguous_label" if any(meant) else "unmapped_label")


def _nearest_classes(word: str, classes: frozenset[str], source: str | None) -> tuple[str, ...]:
    genre = canonical_genre(word, source)
    by_genre = _classes_by_genre(classes)
    steps = distances(genre) if genre else {}
    near = min((steps[above] for above in steps if above in by_genre), default=None)
    return tuple(
        name for above in steps if steps[above] == near for name in by_genre.get(above, ())
    )


@lru_cache(maxsize=16)
def _classes_by_genre(classes: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """The classes that are genres, by canonical genre; two may be spellings of one."""
    genres = {name: canonical_genre(name) for name in sorted(classes)}
    return {
        genre: tuple(name for name in genres if genres[name] == genre)
        for genre in genres.values()
        if genre
    }


LABEL_SCHEMES: Final[dict[str, LabelScheme]] = {"single": label_single}


def label_row(row: Mapping[str, object], scheme: str, classes: Collection[str]) -> Labelled:
    """The label of a row of the stores, by a scheme of LABEL_SCHEMES."""
    source, _, _ = str(row["album"]).partition(":")
    return LABEL_SCHEMES[scheme](cast("Sequence[str]", row["genres"]), classes, source)


def without_small_classes(
    rows: Iterable[Mapping[str, object]],
    scheme: str,
    classes: Collection[str],
    small: Collection[str],
) -> Iterator[Mapping[str, object]]:
    """The rows; those whose label among ``classes`` is a ``small`` one lose their genre words.

    So an album of a class that is left out of a dataset is left out as well, and does not become
    one of the class above it: punk is no rock where the study tells them apart.
    """
    for row in rows:
        label = label_row(row, scheme, classes).label
        yield {**row, "genres": ()} if label in small else row

"""Corrections: what people say an album's words should be, laid over what its source told."""

import csv
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from albumart.errors import ParseError
from albumart.sources.text import clean_text, clean_words
from albumart.stores.labels import Correction, LabelField, Wanted, latest_corrections
from albumart.taxonomy.genres import all_genres, canonical_genre
from albumart.taxonomy.moods import all_moods, canonical_mood

COLUMNS: Final = ("album", "field", "words", "why")
SEPARATOR: Final = ";"
NEAR: Final = 3

# Who says what an album's genre is says it of all that a scheme might read the genre from.
_SILENCED: Final[Mapping[LabelField, tuple[str, ...]]] = {
    LabelField.GENRES: ("styles", "tags"),
    LabelField.MOODS: (),
}
_GUARD: Final = re.compile(r"^'(?=[=+\-@])")  # what keeps a spreadsheet from running a cell


def apply_corrections(
    rows: Iterable[Mapping[str, object]], corrections: Iterable[Correction]
) -> Iterator[Mapping[str, object]]:
    """The rows with the words that people gave them; a row that changed is marked ``corrected``.

    Args:
        rows: as the stores give them; none is written to.
        corrections: in the order in which they were made: the latest of a field wins, and one
            without new words gives back what the source tells.
    """
    changes: dict[str, dict[LabelField, tuple[str, ...]]] = {}
    for (album, field), correction in latest_corrections(corrections).items():
        if correction.new is not None:
            changes.setdefault(album, {})[field] = correction.new
    for row in rows:
        corrected = _corrected(row, changes.get(str(row["album"]), {}))
        yield {**corrected, "corrected": True} if corrected != row else row


def _corrected(
    row: Mapping[str, object], changes: Mapping[LabelField, tuple[str, ...]]
) -> Mapping[str, object]:
    corrected = dict(row)
    for field, words in changes.items():
        corrected |= {name: () for name in _SILENCED[field] if name in row}
        corrected[field.value] = words
    return corrected


def clean_correction(words: Iterable[str]) -> tuple[str, ...]:
    """Words that a person typed, as scraped ones are cleaned; some may hold several, after ;."""
    return clean_words([part for word in words for part in word.split(SEPARATOR)])


def unknown_words(wanted: Iterable[Wanted]) -> dict[str, tuple[str, ...]]:
    """Words that the taxonomy does not know, each with the nearest that it knows."""
    return {
        word: _near(word, each.field)
        for each in wanted
        for word in each.words or ()
        if not _is_known(word, each.field, each.album.partition(":")[0])
    }


def read_corrections(lines: Iterable[str], where: str) -> Iterator[Wanted]:
    """The rows of a CSV file with the columns album, field and words, and why if it likes.

    Words are parted by semicolons. Further columns are passed over, so that what was exported can
    be read.

    Raises:
        ParseError: the file is no such CSV; it names the line.
    """
    reader = csv.DictReader(lines, strict=True)
    try:
        missing = [name for name in COLUMNS[:-1] if name not in (reader.fieldnames or ())]
        if missing:
            raise ParseError(
                expected=f"a first line with {', '.join(COLUMNS[:-1])}",
                got=", ".join(reader.fieldnames or ()) or "nothing",
                where=f"{where}, line 1",
            )
        for row in reader:
            yield _wanted(row, f"{where}, line {reader.line_num}")
    except csv.Error as error:
        got = str(error)
        raise ParseError(
            expected="CSV", got=got, where=f"{where}, line {reader.line_num}"
        ) from error


def _wanted(row: Mapping[str, str | None], where: str) -> Wanted:
    said = {name: _GUARD.sub("", (row.get(name) or "").strip()) for name in COLUMNS}
    if said["field"] not in [*LabelField]:
        expected = f"a field of {', '.join(LabelField)}"
        raise ParseError(expected=expected, got=repr(said["field"]), where=where)
    words = clean_correction([said["words"]])
    if not said["album"] or not words:
        raise ParseError(expected="an album and its words", got=str(said), where=where)
    return Wanted(said["album"], LabelField(said["field"]), words, clean_text(said["why"]) or "")


def _is_known(word: str, field: LabelField, source: str) -> bool:
    if field is LabelField.MOODS:
        return canonical_mood(word) is not None
    return canonical_genre(word, source) is not None


def _near(word: str, field: LabelField) -> tuple[str, ...]:
    vocabulary = all_moods() if field is LabelField.MOODS else all_genres()
    by_folded: dict[str, str] = {known.casefold(): known for known in vocabulary}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=NEAR)
    return tuple(by_folded[folded] for folded in near)

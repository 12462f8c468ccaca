"""Answers as CSV: out, for whoever computes elsewhere; in, from raters who worked elsewhere."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from albumart.errors import ParseError, UnsafeInput
from albumart.people.answers import check_player, counted_guesses, make_guess
from albumart.people.deck import Deck, guesses_of
from albumart.stores.guesses import Guess
from albumart.stores.workspace import Workspace

NEEDED: Final = ("album", "player", "label")
EXPORTED: Final = (*NEEDED, "right", "truth", "model", "seconds", "via", "at", "cover")
# A spreadsheet takes a cell that begins so for a formula; the quote keeps it from that.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_GUARD: Final = re.compile(r"^'(?=[=+\-@\t\r])")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file's answers.

    Attributes:
        added: are kept now.
        known: the player had answered that album before, here or in a game; that stays.
        elsewhere: the album is not in the test split, so that nothing is to be compared.
    """

    added: int
    known: int
    elsewhere: int


def read_answers(lines: Iterable[str], deck: Deck, where: str) -> tuple[list[Guess], int]:
    """The rows of a CSV with the columns album, player and label; and how many are elsewhere.

    An empty label says "not sure". Further columns are passed over, so that what was exported can
    be read.

    Raises:
        ParseError: the file is no such CSV, or a row cannot be an answer; it names the line.
    """
    found: dict[tuple[str, str], Guess] = {}
    elsewhere = 0
    for row, place in _rows(lines, where):
        card = deck.by_album.get(row["album"])
        if card is None:
            elsewhere += 1
            continue
        try:
            name = check_player(row["player"])
            guess = make_guess(deck, name, card, row["label"] or None, seconds=None, via="file")
        except UnsafeInput as error:
            raise ParseError(expected="an answer", got=str(error), where=place) from error
        first = found.setdefault((guess.player, guess.album), guess)
        if first.label != guess.label:
            got = f"{first.label!r} and {guess.label!r} of {row['player']!r}"
            raise ParseError(expected="one answer to an album", got=got, where=place)
    return list(found.values()), elsewhere


def import_answers(
    guesses: list[Guess], elsewhere: int, deck: Deck, workspace: Workspace
) -> Imported:
    """Keep what was not answered before. Safe to repeat."""
    added = guesses_of(deck, workspace).add(guesses)
    return Imported(added=added, known=len(guesses) - added, elsewhere=elsewhere)


def export_answers(deck: Deck, workspace: Workspace) -> Iterator[tuple[str, ...]]:
    """EXPORTED, then a row for each answer that counts; harmless to a spreadsheet."""
    yield EXPORTED
    for guess in counted_guesses(deck, workspace):
        card = deck.by_album[guess.album]
        cells = (
            guess.album,
            guess.name,
            guess.label or "",
            "" if guess.label is None else str(int(guess.label in card.labels)),
            "; ".join(card.labels),
            card.model,
            "" if guess.seconds is None else f"{guess.seconds:.3f}",
            guess.via,
            guess.at.isoformat(),
            guess.cover,
        )
        yield tuple(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)


def _rows(lines: Iterable[str], where: str) -> Iterator[tuple[Mapping[str, str], str]]:
    reader = csv.DictReader(lines, strict=True)
    try:
        names = reader.fieldnames or ()
        if any(name not in names for name in NEEDED):
            raise ParseError(
                expected=f"a first line with {', '.join(NEEDED)}",
                got=", ".join(names) or "nothing",
                where=f"{where}, line 1",
            )
        for row in reader:
            told = {name: _GUARD.sub("", row[name] or "").strip() for name in NEEDED}
            yield told, f"{where}, line {reader.line_num}"
    except csv.Error as error:
        place = f"{where}, line {reader.line_num}"
        raise ParseError(expected="CSV", got=str(error), where=place) from error

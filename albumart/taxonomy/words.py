"""What two spellings of one word have in common, and how the tables of words are read."""

import re
import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

# What stands for "and": drum & bass, drum n bass, drum'n'bass, rock + roll.
_AND: Final = re.compile(r"&|(?<=\s)\+(?=\s)|(?<=[\s'’`-])n(?=[\s'’`-])")
# Accents on letters, not the marks of scripts where they make another syllable (が is not か).
_ACCENTS: Final = dict.fromkeys(range(0x300, 0x370))


def word_parts(word: str) -> tuple[str, ...]:
    """The letters and digits of a word, cut where something else stands; & is ``and``."""
    kept = (letter if _is_letter(letter) else " " for letter in _plain(word))
    return tuple("".join(kept).split())


def normal_form(word: str) -> str:
    """What every spelling of a word shares: ``Hip-Hop``, ``hip hop`` and ``HIPHOP``.

    Case, accents, spaces and punctuation are folded (NFKD); ``&``, ``+`` and ``'n'`` are ``and``.
    Folding twice changes nothing. A word without any letter or digit has the empty form.
    """
    text = word.lower()
    bare = text.replace(" ", "").replace("-", "")
    if bare.isascii() and bare.isalnum() and " n " not in text and "-n-" not in text:
        return bare  # most words; the tables hold thousands and are read in milliseconds
    return "".join(word_parts(word))


def _is_letter(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter).startswith("M")


def _plain(word: str) -> str:
    text = word.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_ACCENTS).casefold()
    return _AND.sub(" and ", text)


def read_table(name: str) -> Iterator[list[str]]:
    """Cells of each line of a table of this package, tab-separated, under its header.

    A cell at the end of a line may be left out where it is empty; lines with # are headings.
    """
    text = files("albumart.taxonomy").joinpath("data", name).read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    width = header.count("\t") + 1
    for line in lines:
        if not line.startswith("#"):
            cells = line.split("\t")
            yield cells + [""] * (width - len(cells))


def split_cell(cell: str) -> list[str]:
    """The words of a cell that holds several, between semicolons."""
    return cell.split("; ") if cell else []

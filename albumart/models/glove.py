"""Label vectors from a file of word vectors: GloVe's text format, and word2vec's.

A line is a word and its numbers, between spaces. Only the rows of the labels' own words are kept,
so that a file of gigabytes is read in little memory.
"""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import numpy as np

from albumart.errors import NotFound, ParseError
from albumart.models.label_space import FloatArray, LabelSpace, build_label_space, unit_rows
from albumart.taxonomy.words import word_parts

# Words that say nothing of a label that has others: Fantasy-like is about fantasy.
_FILLERS: Final = frozenset({"a", "an", "and", "like", "of", "or", "the"})
_LONGEST_LINE: Final = 1 << 16
_DAMAGED: Final = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # a zip under a password
    NotImplementedError,  # one packed as Python cannot unpack
)


def read_glove(path: Path, labels: Sequence[str]) -> LabelSpace:
    """The label space of the word vectors at ``path``: text, ``.gz``, or the largest of a ``.zip``.

    A label is looked up as it is written (``laid-back``, ``laidback``), else it is the mean of its
    words' vectors; a slashed one (``Laid-Back/Mellow``) is the mean of what stands between the
    slashes. Case is folded. Vectors are scaled to length 1 before each mean, so that no word
    counts more for being common.

    Raises:
        NotFound: there is no such file.
        ParseError: a line is no word with its numbers, or the file is damaged.
    """
    spellings = {label: _spellings(label) for label in labels}
    wanted = {word for parts in spellings.values() for part in parts for word in part.every_word}
    kept = read_vectors(path, wanted)
    width = next((len(vector) for vector in kept.values()), 0)
    found = np.zeros((len(labels), width))
    composed: dict[str, tuple[str, ...]] = {}
    for number, label in enumerate(labels):
        parts = [known for part in spellings[label] if (known := part.known(kept))]
        words = tuple(word for part in parts for word in part)
        if parts:
            found[number] = _mean([_mean([kept[word] for word in part]) for part in parts])
        if words and words != (label.casefold(),):
            composed[label] = words
    maker = f"word vectors of {path.name}"
    return build_label_space(labels, found, maker=maker, composed=composed)


def read_vectors(path: Path, wanted: Collection[str]) -> dict[str, FloatArray]:
    """Vectors of those of the wanted words that there are; words in lower case.

    Of several rows that differ in case, the one in lower case is kept, else the first.
    """
    words = frozenset(wanted)
    kept: dict[str, FloatArray] = {}
    settled: set[str] = set()
    with _opened(path) as file:
        for line, width, where in _rows(file, path):
            word = line[: line.index(b" ")].decode("utf-8", "replace")
            folded = word.casefold()
            if folded not in words or folded in (settled if word == folded else kept):
                continue
            numbers = _numbers(line, width, where)
            if numbers is not None:
                kept[folded] = numbers
                settled.update([word] if word == folded else [])
    return kept


class _Part:
    """What stands between two slashes of a label: its spellings as one word, and its words."""

    def __init__(self, text: str) -> None:
        folded = text.casefold().strip()
        self.whole = tuple(dict.fromkeys([folded, re.sub(r"[\s_-]+", "", folded)]))
        every = word_parts(text)
        self.words = tuple(word for word in every if word not in _FILLERS) or every

    @property
    def every_word(self) -> tuple[str, ...]:
        """All that is looked up for it."""
        return (*self.whole, *self.words)

    def known(self, kept: Mapping[str, FloatArray]) -> tuple[str, ...]:
        """The words that it is made of: itself if it is one, else those of its words there are."""
        whole = next((word for word in self.whole if word in kept), None)
        return (whole,) if whole else tuple(word for word in self.words if word in kept)


def _spellings(label: str) -> list[_Part]:
    return [_Part(text) for text in label.split("/") if text.strip()]


def _mean(vectors: Sequence[FloatArray]) -> FloatArray:
    return np.asarray(unit_rows(np.stack(vectors)).mean(axis=0))


def _rows(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, int, str]]:
    """Each row, how many numbers it must have, and where it is; a header is left out."""
    width = 0
    for number, line in enumerate(_lines(file, path), start=1):
        where = f"{path}, line {number}"
        if number == 1:
            first = line.split(b" ")
            width = len(first) - 1
            if width == 1 and all(field.isdigit() for field in first):
                width = int(first[1])  # word2vec's header: how many words, and how many numbers
                continue
        if not 0 < width <= line.count(b" "):  # a word may have a space in it
            wanted = f"a word and {width or 'its'} numbers"
            raise ParseError(expected=wanted, got=_shown(line), where=where)
        yield line, width, where


def _numbers(line: bytes, width: int, where: str) -> FloatArray | None:
    """The numbers of a wanted row; None for another word that has a space in it."""
    fields = line.split(b" ")[1:]
    if len(fields) > width and not _is_number(fields[0]):
        return None
    try:
        values = np.array([float(field) for field in fields])
    except ValueError:
        values = np.empty(0)
    if len(values) != width or not np.isfinite(values).all() or not values.any():
        raise ParseError(expected=f"{width} finite numbers", got=_shown(line), where=where)
    return values


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _shown(line: bytes) -> str:
    return repr(line[:60].decode("utf-8", "replace")) + ("…" if len(line) > 60 else "")


def _lines(file: BinaryIO, path: Path) -> Iterator[bytes]:
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise ParseError(
                expected=f"lines under {_LONGEST_LINE} bytes",
                got=_shown(line),
                where=f"{path}, line {number}",
            )
        yield line.rstrip()
    if not number:
        raise ParseError(expected="word vectors", got="an empty file", where=str(path))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with _OPENERS.get(path.suffix.lower(), _open_plain)(path) as file:
            yield file
    except FileNotFoundError as error:
        raise NotFound(f"expected word vectors at {path}; there is no such file") from error
    except _DAMAGED as error:
        raise ParseError(expected="a whole file", got=str(error), where=str(path)) from error


@contextmanager
def _open_plain(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        yield file


@contextmanager
def _open_gzip(path: Path) -> Iterator[BinaryIO]:
    with gzip.open(path) as unpacked, io.BufferedReader(unpacked, 1 << 20) as file:
        yield file


@contextmanager
def _open_zip(path: Path) -> Iterator[BinaryIO]:
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if not members:
            raise ParseError(expected="word vectors", got="an empty archive", where=str(path))
        largest = max(members, key=lambda info: info.file_size)
        with archive.open(largest) as unpacked:
            yield io.BufferedReader(cast("io.RawIOBase", unpacked), 1 << 20)


_OPENERS: Final = {".gz": _open_gzip, ".zip": _open_zip}

"""Strangers' JSON, read strictly: what is not as expected is a ParseError that names its place."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from albumart.errors import ParseError

_DECODER: Final = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Json:
    """A value of a document, and where it stands."""

    value: object
    where: str

    def __getitem__(self, field: str) -> "Json":
        """A required field of an object."""
        found = self.find(field)
        if found is None:
            raise self.error(f"an object with {field!r}")
        return found

    def find(self, field: str) -> "Json | None":
        """An optional field of an object: None where it is absent or null."""
        if not isinstance(self.value, dict):
            raise self.error(f"an object that may have {field!r}")
        found = self.value.get(field)
        return None if found is None else Json(found, f"{self.where}, {field}")

    def each(self) -> Iterator["Json"]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            raise self.error("a list")
        for number, entry in enumerate(self.value, start=1):
            yield Json(entry, f"{self.where} {number}")

    def text(self) -> str:
        """Words as they are written there."""
        if not isinstance(self.value, str):
            raise self.error("text")
        return self.value

    def matched(self, shape: re.Pattern[str], expected: str) -> re.Match[str]:
        """Text of a certain shape."""
        match = shape.fullmatch(self.text())
        if match is None:
            raise self.error(expected)
        return match

    def whole(self) -> int:
        """A whole number."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.error("a whole number")
        return self.value

    def error(self, expected: str) -> ParseError:
        """What is wrong with this place."""
        return ParseError(expected=expected, got=_shown(self.value), where=self.where)


def read_json(body: bytes, where: str) -> Json:
    """The one document that ``body`` is."""
    documents = list(read_documents(body, where))
    if len(documents) != 1:
        raise ParseError(expected="one document", got=str(len(documents)), where=where)
    return Json(documents[0].value, where)


def read_documents(body: bytes, where: str) -> Iterator[Json]:
    """The documents in ``body``, one after the other with white space between: JSON, JSON lines."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(expected="JSON in UTF-8", got=str(error), where=where) from error
    at, number = _skip(text, 0), 1
    while number == 1 or at < len(text):
        place = f"{where}, document {number}"
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            got = f"{text[at : at + 60]!r} ({error})"
            raise ParseError(expected="JSON", got=got, where=place) from error
        yield Json(value, place)
        at, number = _skip(text, end), number + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(map(str, value)) or 'nothing'}"[:200]
    if isinstance(value, list):  # what lies deeper is not shown: it may be very deep
        return f"a list of {len(value)}"
    return repr(value)[:200]

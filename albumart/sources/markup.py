"""Saved markup → its elements, and their words, clean.

Beautiful Soup takes a quarter of a second to load, so it is loaded when the first page is read.
"""

import re
from typing import TYPE_CHECKING, Final

from albumart.errors import ParseError
from albumart.sources.text import LONGEST, clean_text, clean_words

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_SAYS_LATIN: Final = re.compile(
    rb"""\bcharset=["']?(?:iso-8859-1|latin-1|windows-1252)\b""", re.IGNORECASE
)


def read_markup(body: bytes, where: str) -> "BeautifulSoup":
    """The elements of a page in HTML, however broken it is; nothing is loaded or run.

    Raises:
        ParseError: the bytes cannot be read as text of any kind.
    """
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    try:
        return BeautifulSoup(body, "lxml", from_encoding=_encoding(body))
    except ParserRejectedMarkup as error:
        raise ParseError(expected="a page in HTML", got=str(error)[:200], where=where) from error


def attribute(element: "Tag | None", name: str) -> str:
    """An attribute as one text; empty where it, or the element, is missing."""
    value = element.get(name) if element is not None else None
    return value if isinstance(value, str) else " ".join(value or ())


def text_of(element: "Tag | None", *, longest: int = LONGEST) -> str | None:
    """The clean text within an element, without its tags; None where there is none."""
    return None if element is None else clean_text(element.get_text(), longest=longest)


def words_of(element: "Tag", selector: str) -> tuple[str, ...]:
    """The clean text of each element that ``selector`` finds within, in order."""
    return clean_words([found.get_text() for found in element.select(selector)])


def _encoding(body: bytes) -> str:
    """UTF-8, but for old pages that say otherwise; never what a guess makes of some bytes."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252" if _SAYS_LATIN.search(body[:4096]) else "utf-8"
    return "utf-8"

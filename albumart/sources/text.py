"""Words as sources write them → words that can be stored, compared and shown."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 500  # characters; a title beyond this is an accident or an attack

# C0 and C1 controls (NUL, ANSI escapes) and what reorders or hides the text around it.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_SPACES: Final = re.compile(r"\s+")


def clean_text(text: str | None, *, longest: int = LONGEST) -> str | None:
    """NFC, one space between words, no control characters; None where nothing is left.

    Letters of every script stay; direction marks go, so that a title cannot turn the text around
    it. Cleaning twice changes nothing.
    """
    if text is None:
        return None
    plain = _INVISIBLE.sub("", text.encode(errors="replace").decode())
    plain = _SPACES.sub(" ", unicodedata.normalize("NFC", plain)).strip()
    return plain[:longest].rstrip() or None


def clean_words(words: "list[str] | tuple[str, ...]", *, longest: int = 200) -> tuple[str, ...]:
    """Each word cleaned, in its order, empty ones and repetitions left out."""
    cleaned = (clean_text(word, longest=longest) for word in words)
    return tuple(dict.fromkeys(word for word in cleaned if word))

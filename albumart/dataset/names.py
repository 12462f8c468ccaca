"""Names in any spelling → one form that equal artists, or equal titles, share."""

import re
import unicodedata
from typing import Final


def words_of(text: str) -> frozenset[str]:
    """The words of a table that is written as one text."""
    return frozenset(text.split())


# What sources write where many artists stand behind an album, and where none is known.
VARIOUS_ARTISTS: Final = frozenset({"various", "various artists", "va", "v a"})
NOT_AN_ARTIST: Final = VARIOUS_ARTISTS | {"", "unknown", "unknown artist", "n a", "none"}

# A note at a title's end, "(Deluxe Edition)", "[2011 Remaster]" or "- EP", names an edition if it
# has one of these words ...
EDITION_WORDS: Final = words_of(
    """
    anniversary bonus clean deluxe edicao edicion edition edizione ep expanded explicit lp mastered
    reedicion reissue reissued remaster remastered remastering remasterise remasterisee
    remasterizada remasterizado remasters rerelease single
    限定盤 初回限定盤 通常盤 リマスター
    """
)
# ... and besides them only these and numbers. Words that tell of another recording (live, acoustic,
# remixes, somebody's version) are not among them: what they name is another album.
BESIDE_EDITION: Final = words_of(
    """
    a and cd cds collector collectors complete content definitive digital disc discs especial
    exclusive for import in international itunes japan japanese legacy limited material mono new of
    original platinum s special standard stereo super the tour track tracks uk ultimate us version
    vinyl with year years
    """
)

# Accents, and the points of Hebrew and Arabic, which are written or left out as one likes.
_OPTIONAL_MARKS: Final = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670"
)
# What only shapes a text: direction, joining, stretching, the style of an emoji.
_SHAPING: Final = (
    "\u00ad\u0640\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\u20dd-\u20e4"
    "\ufe00-\ufe0f\ufeff"
)
_DROPPED: Final = re.compile(f"[{_OPTIONAL_MARKS}{_SHAPING}]")
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_BRACKETS: Final = str.maketrans("【〔〈《{", "[[[[[") | str.maketrans("】〕〉》}", "]]]]]")
_NOTE_IN_BRACKETS: Final = re.compile(r"(.*\S)\s*[(\[]([^()\[\]]+)[)\]]")
_NOTE_AFTER_DASH: Final = re.compile(r"(.*\S)(?:\s+[-–—]\s+|:\s+)([^-–—:]+)")
_NUMBER: Final = re.compile(r"\d{1,4}(st|nd|rd|th)?")
# With the point: Little Feat & Friends are a band.
_GUESTS: Final = re.compile(
    r"(?<=\S)\s+[(\[]?(feat\.|ft\.|featuring\s).*", re.IGNORECASE | re.DOTALL
)


def normalize_artist(name: str | None) -> str | None:
    """``"The Bjørk & Sigur Rós"`` → ``"bjørk and sigur ros"``; None where no artist is known.

    Accents are dropped, and so are Hebrew and Arabic points; other marks tell different names
    apart. A name of nothing but signs (``!!!``) keeps them. Of ``A feat. B``, A is the artist: some
    sources name an album's guests, and others do not.
    """
    if name is None:
        return None
    name = _GUESTS.sub("", name)
    words = re.sub(r"^the (?=\S)", "", normalize_words(name))
    if words in NOT_AN_ARTIST:
        signs = _signs_of(name)
        return signs if not words and set(signs) - set("-/?.") else None
    return words


def is_various(name: str | None) -> bool:
    """Whether a source says that the album is many artists'."""
    return name is not None and normalize_words(name) in VARIOUS_ARTISTS


def normalize_title(title: str | None) -> str | None:
    """``"Ágætis byrjun (Deluxe Edition) [2011 Remaster]"`` → ``"agætis byrjun"``.

    Notes of an edition are folded away from the end, as many as there are, but never the whole
    title. A title of nothing but signs (``÷``, ``( )``) keeps them; None where there is none.
    """
    if title is None:
        return None
    text = unicodedata.normalize("NFKC", _DROPPED.sub("", title)).translate(_BRACKETS).strip()
    while (shorter := _without_note(text)) is not None:
        text = shorter
    words = normalize_words(text).split()
    # "Broken EP" is what others call "Broken - EP"; "The EP" is a title.
    while words[-1:] == ["ep"] and not BESIDE_EDITION.issuperset(words[:-1]):
        words.pop()
    return " ".join(words) or _signs_of(text) or None


def normalize_words(text: str) -> str:
    """The letters and digits of a text, in lower case, each run of anything else one space."""
    plain = _plain(text).replace("&", " and ")
    return " ".join(_BETWEEN_WORDS.sub(_gap, plain).split())


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", _DROPPED.sub("", decomposed))


def _gap(found: re.Match[str]) -> str:
    # To Python a vowel sign (कि, กิ) is no letter, but without it two names would be one.
    signs = found.group()
    if signs.isascii():
        return " "
    return "".join(sign if unicodedata.category(sign)[0] == "M" else " " for sign in signs)


def _signs_of(text: str) -> str:
    return "".join(_plain(text).split())


def _without_note(text: str) -> str | None:
    """The title before its last note, if that names an edition."""
    found = _NOTE_IN_BRACKETS.fullmatch(text) or _NOTE_AFTER_DASH.fullmatch(text)
    if found is None:
        return None
    words = [word for word in normalize_words(found[2]).split() if not _NUMBER.fullmatch(word)]
    is_edition = not EDITION_WORDS.isdisjoint(words)
    return found[1] if is_edition and (EDITION_WORDS | BESIDE_EDITION).issuperset(words) else None

"""An artist's name in any spelling → one form that equal artists share."""

import re
import unicodedata
from typing import Final

# What sources write where no one artist stands behind an album.
NOT_AN_ARTIST: Final = frozenset(
    {"", "various", "various artists", "va", "v a", "unknown", "unknown artist", "n a", "none"}
)

_LATIN_ACCENTS: Final = re.compile("[\u0300-\u036f]")


def normalize_artist(name: str | None) -> str | None:
    """``"The Bjørk & Sigur Rós"`` → ``"bjørk and sigur ros"``; None where no artist is known.

    Only Latin accents are dropped: marks of other scripts tell different names apart. A name of
    nothing but signs (``!!!``) keeps them.
    """
    if name is None:
        return None
    text = unicodedata.normalize("NFKD", name).casefold()
    text = unicodedata.normalize("NFKC", _LATIN_ACCENTS.sub("", text))
    words = re.sub(r"[\W_]+", " ", text.replace("&", " and ")).strip()
    words = re.sub(r"^the (?=\S)", "", words)
    if words in NOT_AN_ARTIST:
        signs = "".join(text.split())
        return signs if signs and not words and set(signs) - set("-/?.") else None
    return words

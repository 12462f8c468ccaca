"""What must hold of albums as a source tells them: a part for all sources, and rows of their own.

``critical`` sends a row to quarantine, ``warning`` is shown to a person, ``info`` is counted. A
source without rows of its own is held to the common part.
"""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from albumart.sources.itunes_genres import GENRES
from albumart.sources.text import LONGEST
from albumart.validation.scraped_view import UNKNOWN, Vocabulary
from albumart.validation.suites import (
    BETWEEN,
    IN_SET,
    KEY,
    NOT_NULL,
    NULL,
    REGEX,
    Check,
    Severity,
)

VIEW: Final = "scraped"

FIRST_YEAR: Final = 1860  # no sound is older
LONGEST_WORD: Final = 200
LONGEST_REVIEW: Final = 100_000

_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_DAY: Final = "(?:0[1-9]|[12][0-9]|3[01])"
_MONTH: Final = "(?:0[1-9]|1[0-2])"
_TEXT: Final = rf"^[^\x00-\x1f\x7f-\x9f]{{1,{LONGEST}}}\Z"
_RELEASED: Final = rf"^[0-9]{{4}}(?:-{_MONTH}(?:-{_DAY})?)?\Z"
_SUBDOMAINS: Final = r"(?:[\w-]+\.)*"
_WEB_PAGE: Final = r"^https?://[^\s/@]+(?:/\S*)?\Z"


def _each(shape: str) -> str:
    """A pattern of a cell that joins several: each of them of this shape."""
    return rf"^{shape}(?:\n{shape})*\Z"


def _matches(name: str, severity: Severity, column: str, regex: str) -> Check:
    return Check(name, severity, VIEW, REGEX, {"column": column, "regex": regex})


def _between(
    name: str, severity: Severity, column: str, *, least: int | None = None, most: int | None = None
) -> Check:
    limits = {"min_value": least, "max_value": most}
    told = {limit: value for limit, value in limits.items() if value is not None}
    return Check(name, severity, VIEW, BETWEEN, {"column": column, **told})


def _covers_at(site: str) -> Check:
    """Covers lie at addresses that begin so, after the scheme."""
    return _matches("cover_host", "warning", "cover_urls", _each(rf"https?://{site}/\S+"))


def _given(name: str, severity: Severity, column: str) -> Check:
    return Check(name, severity, VIEW, NOT_NULL, {"column": column})


_COMMON: Final = (
    _matches("key_shape", "critical", "album", KEY),
    _matches("title_shape", "critical", "title", _TEXT),
    _matches("artist_shape", "critical", "artist", _TEXT),
    # What is shown as a link must not be a script.
    _matches("page_url_shape", "critical", "page_url", _WEB_PAGE),
    _between("words_filled", "critical", "shortest_word", least=1),
    _between("words_short", "critical", "longest_word", most=LONGEST_WORD),
    _between("review_length", "critical", "longest_text", most=LONGEST_REVIEW),
    _matches("released_shape", "critical", "released", _RELEASED),
    _between("rating_possible", "critical", "rating", least=1, most=10),
    _between("votes_parallel", "critical", "votes_apart", most=0),
    _between("ids_parallel", "critical", "ids_apart", most=0),
    _matches("listing_day_shape", "critical", "listing_days", _each(f"[0-9]{{4}}-{_MONTH}-{_DAY}")),
    _between("listing_position", "critical", "best_position", least=1),
    _between("year_matches_release", "warning", "years_apart", most=0),
    # An address that is not fetched is counted as refused: it needs no quarantine as well.
    _matches("cover_url_shape", "warning", "cover_urls", _each(r"[a-z][a-z0-9+.-]*:\S+")),
    _between("has_label_word", "warning", "label_words", least=1),
    # Several charts tell one album, which is as it should be while they tell the same.
    _between("told_alike", "warning", "tellings", most=1),
    _between("name_told_once", "info", "keys_of_name", most=1),
    _given("has_cover", "info", "cover_urls"),
)

_OWN: Final[Mapping[str, tuple[Check, ...]]] = MappingProxyType(
    {
        "bandcamp": (
            _matches("id_shape", "critical", "source_id", r"^[0-9]{1,20}\Z"),
            _between("one_genre", "critical", "genres", most=1),  # a page may have none
            _covers_at(rf"{_SUBDOMAINS}bcbits\.com"),
        ),
        "itunes": (
            _matches("id_shape", "critical", "source_id", r"^[0-9]{1,20}\Z"),
            _given("has_title", "critical", "title"),
            _given("has_artist", "critical", "artist"),
            _matches("artist_id_shape", "critical", "artist_id", r"^[0-9]{1,20}\Z"),
            _given("has_genre_id", "critical", "genre_ids"),
            _matches("genre_id_shape", "critical", "genre_ids", _each("[0-9]{1,20}")),
            _between("is_listed", "critical", "listings", least=1),
            _between("position_in_chart", "critical", "last_position", most=200),
            _covers_at(rf"{_SUBDOMAINS}mzstatic\.com"),
        ),
        "allmusic": (
            _matches("id_shape", "critical", "source_id", r"^mw[0-9]{10}\Z"),
            _given("has_title", "critical", "title"),
            _given("has_artist", "critical", "artist"),
            _covers_at(rf"{_SUBDOMAINS}(?:allmusic|rovicorp)\.com"),
            _between("review_signed", "info", "unsigned_review", most=0),
        ),
        "musicbrainz": (
            _matches("id_shape", "critical", "source_id", rf"^{_UUID}\Z"),
            _given("has_title", "critical", "title"),
            _given("has_artist", "critical", "artist"),
            _given("has_artist_id", "critical", "artist_id"),
            _matches("artist_id_shape", "critical", "artist_id", rf"^{_UUID}\Z"),
            _between("words_voted", "critical", "unvoted_words", most=0),
            _between("votes_positive", "critical", "fewest_votes", least=1),
            _covers_at(r"coverartarchive\.org/release-group"),
        ),
    }
)

# The ten genres of the published list, by their letters.
_BANDCAMP_GENRES: Final = frozenset(
    ("ambient", "dubstep", "folk", "hiphoprap", "jazz", "metal", "pop", "punk", "rock", "soul")
)


def _is_bandcamp_genre(word: str) -> bool:
    """The list writes ``hiphop_rap``, album pages ``Hip-Hop/Rap``."""
    return re.sub("[^a-z]", "", word.lower()) in _BANDCAMP_GENRES


VOCABULARIES: Final[Mapping[str, Vocabulary]] = MappingProxyType(
    {
        "bandcamp": Vocabulary(genres=_is_bandcamp_genre),
        "itunes": Vocabulary(genre_ids=GENRES.__contains__),
    }
)


def scraped_suite(source: str, vocabulary: Vocabulary, today: date) -> tuple[Check, ...]:
    """The checks of a source: the common ones, its own, and those of the vocabulary given."""
    years = {"least": FIRST_YEAR, "most": today.year + 1}
    return (
        Check("source_told", "critical", VIEW, IN_SET, {"column": "source", "value_set": [source]}),
        *_COMMON,
        *_OWN.get(source, ()),
        _between("year_possible", "warning", "year", **years),
        _between("release_year_possible", "warning", "release_year", **years),
        *(_knows(field) for field in vocabulary.given()),
    )


def _knows(field: str) -> Check:
    return Check(f"{field}_known", "warning", VIEW, NULL, {"column": f"{UNKNOWN}{field}"})

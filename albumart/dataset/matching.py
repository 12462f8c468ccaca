"""Which rows of different sources are one album. The stored records stay as they are.

A rule links rows; what links join, however far around, is one ``work``. Each rule is a row of
RULES, says why it links, and can be counted: ``find_matches`` lists every link with its rule.
"""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.dataset.components import Links, label_components
from albumart.dataset.names import is_various, normalize_artist, normalize_title, words_of

YEARS_APART: Final = 1
# Titles of nothing but these words and numbers say little: an artist may have many such albums.
COMMON_WORDS: Final = words_of(
    """
    a acoustic album albums an and anthology artists at best by chapter christmas classics collected
    collection complete compilation demo demos disc early ep essential essentials favorites
    favourites first from gold greatest hit hits i ii iii in iv ix live lost lp mixtape music my new
    no number of on one part platinum presents recordings remixed remixes selected self session
    sessions singles soundtrack songs the this titled tracks two ultimate unplugged unreleased
    untitled v various very vi vii viii vol volume work works x
    """
)
SHORT_TITLE: Final = 3  # characters

_MBID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Rule: TypeAlias = Callable[[pd.DataFrame], Links]


def match_albums(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``work``: the smallest album key among the rows that are one album.

    Args:
        frame: ``album`` (``<source>:<source_id>``), ``artist``, ``title``, ``year``, and ``mbid``
            of the release group where it has that column; a row of MusicBrainz has it in its key.
    """
    albums = _describe(frame)
    component = label_components(len(albums), [rule(albums) for rule in RULES.values()])
    works = albums["album"].groupby(component).transform("min")
    return frame.assign(work=works.iloc[np.argsort(albums["place"])].to_numpy())


def find_matches(frame: pd.DataFrame) -> pd.DataFrame:
    """Every link by which ``match_albums`` joins rows: ``album_a``, ``album_b``, ``rule``.

    Of n rows that a rule finds equal, n - 1 links are listed, not all pairs.
    ``find_matches(frame)["rule"].value_counts()`` says what each rule does.
    """
    albums = _describe(frame)
    found = []
    for rule, link in RULES.items():
        pair = [albums["album"].to_numpy()[side] for side in link(albums)]
        found.append(pd.DataFrame({"album_a": pair[0], "album_b": pair[1], "rule": rule}))
    return pd.concat(found, ignore_index=True).astype("str")


def link_same_mbid(albums: pd.DataFrame) -> Links:
    """Rows with the same MusicBrainz release group: people have said that they are one album."""
    return _link_equal(albums[albums["mbid"].notna()], ["mbid"])


def link_same_title(albums: pd.DataFrame) -> Links:
    """The same artist and title, at most YEARS_APART; or one year is unknown.

    Sources date an album by its first release in a country, so that one album has two years. An
    artist who uses a title again years later (a new recording, a remake) has made another album:
    years that are further apart are not linked, and where an artist has two such albums, a row
    without a year could be either and is linked to neither.
    """
    return _link_near_years(albums[~albums["various"] & ~albums["common"]])


def link_same_common_title(albums: pd.DataFrame) -> Links:
    """The same artist, a title that says little (``Live``, ``II``, the artist's name), one year.

    An artist may have a dozen such albums, so that an unknown year is linked to none.
    """
    of_interest = albums[~albums["various"] & albums["common"] & albums["year"].notna()]
    return _link_equal(of_interest, ["artist", "title", "year"])


def link_same_compilation(albums: pd.DataFrame) -> Links:
    """The same title and year of compilations by many artists.

    No artist vouches for these: a title that says little is never linked, nor an unknown year. Nor
    is an album whose artist is unknown, which is not said to be many artists'.
    """
    of_interest = albums[albums["various"] & ~albums["common"] & albums["year"].notna()]
    return _link_equal(of_interest, ["title", "year"])


RULES: Final[dict[str, Rule]] = {
    "same_mbid": link_same_mbid,
    "same_title": link_same_title,
    "same_common_title": link_same_common_title,
    "same_compilation": link_same_compilation,
}


def is_common_title(title: str | None, artist: str | None) -> bool:
    """Whether a normalised title says little of the album: short, common, or the artist's name."""
    if title is None or len(title.replace(" ", "")) <= SHORT_TITLE:
        return True
    own = f" {title} ".replace(f" {artist} ", " ") if artist else title
    return all(word in COMMON_WORDS or word.isdecimal() for word in own.split())


def _describe(frame: pd.DataFrame) -> pd.DataFrame:
    """What the rules look at, sorted by ``album``; ``place`` is where the row stood."""
    album = frame["album"].astype("str").reset_index(drop=True)
    artists, titles = _texts(frame["artist"]), _texts(frame["title"])
    various = [is_various(name) for name in artists]
    artist = [normalize_artist(name) for name in artists]
    title = [normalize_title(name) for name in titles]
    described = pd.DataFrame(
        {
            "album": album,
            "artist": pd.Series(artist, dtype="str"),
            "title": pd.Series(title, dtype="str"),
            "year": frame["year"].astype("Float64").astype("float64").to_numpy(),
            "mbid": _mbids(frame, album),
            "various": various,
            "common": [is_common_title(*pair) for pair in zip(title, artist, strict=True)],
            "place": np.arange(len(frame)),
        }
    )
    return described.sort_values(["album", "place"], ignore_index=True)


def _texts(column: "pd.Series[str]") -> list[str | None]:
    return [None if pd.isna(text) else str(text) for text in column]


def _mbids(frame: pd.DataFrame, album: "pd.Series[str]") -> "pd.Series[str]":
    source_id = album.str.extract("^musicbrainz:(.*)$", expand=False)
    given = _texts(frame["mbid"]) if "mbid" in frame.columns else [None] * len(frame)
    mbids = pd.Series(given, dtype="str").fillna(source_id).str.strip().str.lower()
    return mbids.where(mbids.str.fullmatch(_MBID.pattern).fillna(value=False))


def _link_equal(albums: pd.DataFrame, by: list[str]) -> Links:
    """Each row to the one before it that agrees in all of ``by``; what is missing agrees not."""
    place = pd.Series(albums.index, index=albums.index)
    before = place.groupby([albums[name] for name in by]).shift()
    known = before.notna()
    return before[known].to_numpy(dtype=np.int64), place[known].to_numpy(dtype=np.int64)


def _link_near_years(albums: pd.DataFrame) -> Links:
    """Rows of one artist and title, each to the one before it in time, if that is near."""
    albums = albums[albums["artist"].notna() & albums["title"].notna()]
    # Unknown years come last, after the latest known one.
    albums = albums.sort_values(["artist", "title", "year", "album"])
    name = albums.groupby(["artist", "title"]).ngroup().to_numpy(dtype=np.int64)
    year, place = albums["year"].to_numpy(), albums.index.to_numpy(dtype=np.int64)
    same = name[1:] == name[:-1]
    gap = year[1:] - year[:-1]
    twice_made = np.isin(name[1:], name[1:][same & (gap > YEARS_APART)])
    near: NDArray[np.bool_] = same & ((gap <= YEARS_APART) | (np.isnan(year[1:]) & ~twice_made))
    return place[:-1][near], place[1:][near]

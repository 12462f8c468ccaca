"""MusicBrainz's wire format: search for release groups by tag, and look-up, in JSON.

Made of some of the albums of the catalogue, each with words of the ten genres that the study of
metal and rap asks for; of many albums two.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random
from typing import Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from albumart.sandbox.catalogue import Catalogue, MadeAlbum
from albumart.sandbox.vocabulary import ADJECTIVES, NOUNS
from albumart.sandbox.wire import PLAIN, Answer, tagged

HOST: Final = "musicbrainz.org"
PATH: Final = "/ws/2/release-group"
TYPE: Final = "application/json; charset=utf-8"
MOST_GROUPS: Final = 2_000
DEPTH: Final = 500  # results of one search that can be reached
# Of the real one, what matters here: it keeps crawlers out of its API.
ROBOTS: Final = b"User-agent: *\nDisallow: /search\nDisallow: /tag/\nDisallow: /ws\n"

# The study's word for each Bandcamp genre, and the words that some of its albums have besides.
STUDY_WORDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "ambient": ("electronic", ("classical", "experimental")),
    "dubstep": ("electronic", ("experimental", "pop")),
    "folk": ("folk", ("country", "rock")),
    "hiphop_rap": ("hip hop", ("pop", "electronic")),
    "jazz": ("jazz", ("classical", "experimental")),
    "metal": ("metal", ("rock", "experimental")),
    "pop": ("pop", ("electronic", "country")),
    "punk": ("rock", ("pop", "metal")),
    "rock": ("rock", ("country", "pop")),
    "soul": ("pop", ("jazz", "rap")),
}
TWO_GENRES: Final = 0.35  # share of albums with a word of a second genre
VOTED_DOWN: Final = 0.05  # share with a tag that nobody stands behind any more
TWO_ARTISTS: Final = 0.08
NO_GENRE: Final = frozenset({"hiphop", "hip-hop/rap", "pop_music", "seen live"})  # free tags only
# Share of the albums up to which a release date has so many characters of YYYY-MM-DD.
DATE_LENGTHS: Final = ((0.04, 0), (0.2, 4), (0.35, 7), (1.0, 10))

_MMD: Final = "For usage, please see: https://musicbrainz.org/development/mmd"
_CREATED: Final = "2024-01-01T00:00:00.000Z"  # of every answer, so that equal ones have equal tags
_ALBUM: Final = "f529b476-6e62-324f-b0aa-1f3e33d313fc"
_OFFICIAL: Final = "4e304316-386d-3409-af2e-78857eec5cfe"
_LOOKUP = re.compile(rf"{PATH}/([0-9a-f-]{{36}})")
_TAG = re.compile(r'\btag:(?:"((?:[^"\\]|\\.)*)"|([^\s()"]+))')
_DATES = re.compile(r"(NOT )?firstreleasedate:\[(\S+) TO (\S+)\]")


@dataclass(frozen=True, slots=True)
class MadeGroup:
    """A made album as a release group. ``tags`` are (word, votes), most votes first."""

    mbid: str
    release_mbid: str
    album: MadeAlbum
    tags: tuple[tuple[str, int], ...]
    released: str
    partner: str

    def votes(self, phrases: Iterable[str]) -> int | None:
        """Votes of the strongest tag that says one of the phrases; None where none does."""
        spoken = [(f" {plain_words(word)} ", votes) for word, votes in self.tags]
        found = [votes for word, votes in spoken if any(f" {p} " in word for p in phrases)]
        return max(found, default=None)


def make_mbid(kind: str, number: object) -> str:
    """Make an id that looks drawn by lot and is the same every time."""
    digest = hashlib.blake2b(f"{kind}/{number}".encode(), digest_size=16).digest()
    return str(UUID(bytes=digest, version=4))


def plain_words(text: str) -> str:
    """Return what the search index knows of a text: words, whatever stands between them."""
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


class Library:
    """The release groups of a catalogue. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._find = lru_cache(maxsize=256)(self._search)

    @cached_property
    def groups(self) -> Mapping[str, MadeGroup]:
        """Release groups by MBID, which is no order at all; so a larger catalogue mixes more in."""
        albums = {make_mbid("release-group", a.album_id): a for a in self._catalogue.albums}
        return {mbid: _make_group(mbid, albums[mbid]) for mbid in sorted(albums)[:MOST_GROUPS]}

    @cached_property
    def merged(self) -> Mapping[str, str]:
        """MBIDs that were merged into others, as some of each hundred are."""
        mbids = (mbid for mbid in self.groups if mbid.endswith("0"))
        return {make_mbid("merged", mbid): mbid for mbid in mbids}

    @cached_property
    def by_release(self) -> Mapping[str, MadeGroup]:
        """Release groups by the MBID of their one release."""
        return {group.release_mbid: group for group in self.groups.values()}

    def answer(self, path: str) -> Answer:
        """Return what musicbrainz.org has at ``path``."""
        address = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/robots.txt":
            return Answer(ROBOTS, PLAIN)
        if address.path.rstrip("/") == PATH:
            return self._answer_search(asked)
        match = _LOOKUP.fullmatch(address.path)
        group = self.groups.get(self.merged.get(match[1], match[1])) if match else None
        if group is None:
            return _error(404, "Not Found")
        return _json(_render_lookup(group, asked.get("inc", "").split()))

    def _answer_search(self, asked: Mapping[str, str]) -> Answer:
        numbers = (asked.get("limit", "25"), asked.get("offset", "0"))
        if "query" not in asked or not all(number.isdecimal() for number in numbers):
            return _error(400, "Must specify a query, a limit and an offset that can be meant")
        limit, offset = min(int(numbers[0]), 100), int(numbers[1])
        if limit + offset > DEPTH:
            depth = limit + offset
            return _error(400, f"Must retrieve at most {DEPTH} search results, not {depth}.")
        found = self._find(asked["query"])
        page = [_render_found(group, score) for group, score in found[offset : offset + limit]]
        head = {"created": _CREATED, "count": len(found), "offset": offset}
        return _json({**head, "release-groups": page})

    def _search(self, terms: str) -> list[tuple[MadeGroup, int]]:
        """Return the release groups that fit, each with its score, best first."""
        tags = [re.sub(r"\\(.)", r"\1", quoted) or bare for quoted, bare in _TAG.findall(terms)]
        phrases = [plain_words(tag) for tag in tags]
        fitting = [group for group in self.groups.values() if _fits(group.released, terms)]
        voted = [(group, group.votes(phrases)) for group in fitting]
        found = [(group, votes) for group, votes in voted if votes is not None]
        most = max((votes for _, votes in found), default=0) or 1
        ranked = sorted(found, key=lambda one: (-one[1], one[0].mbid))
        return [(group, 100 * max(votes, 0) // most) for group, votes in ranked]


def _fits(released: str, terms: str) -> bool:
    """Tell whether a date is within the range of the terms, if they have one."""
    match = _DATES.search(terms)
    if match is None:
        return True
    denied, first, last = match.groups()
    later = first == "*" or released[: len(first)] >= first
    sooner = last == "*" or released[: len(last)] <= last
    return bool(released and later and sooner) is not bool(denied)


def _make_group(mbid: str, album: MadeAlbum) -> MadeGroup:
    rng = Random(f"musicbrainz/{album.album_id}")  # noqa: S311 (made data, no secret)
    day = f"{album.year}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    lot = rng.random()
    length = next(length for share, length in DATE_LENGTHS if lot < share)
    partner = f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}" if rng.random() < TWO_ARTISTS else ""
    return MadeGroup(
        mbid=mbid,
        release_mbid=make_mbid("release", album.album_id),
        album=album,
        tags=_vote(rng, album),
        released=day[:length],
        partner=partner,
    )


def _vote(rng: Random, album: MadeAlbum) -> tuple[tuple[str, int], ...]:
    main, others = STUDY_WORDS[album.genre]
    second = [rng.choice(others)] if rng.random() < TWO_GENRES else []
    words = dict.fromkeys([album.tags[0], main, *second, *album.tags[1:]])
    votes, tags = rng.randint(2, 18), []
    for word in words:
        tags.append((word, votes))
        votes = max(1, votes - rng.randint(0, 4))
    return (*tags, ("seen live", 0)) if rng.random() < VOTED_DOWN else tuple(tags)


def _render_found(group: MadeGroup, score: int) -> dict[str, object]:
    """Render a search result. An unknown date is left out, and so is an empty join phrase."""
    release = {
        "id": group.release_mbid,
        "status-id": _OFFICIAL,
        "title": group.album.title,
        "status": "Official",
    }
    found: dict[str, object] = {
        "id": group.mbid,
        "type-id": _ALBUM,
        "score": score,
        "primary-type-id": _ALBUM,
        "artist-credit-id": make_mbid("credit", group.mbid),
        "count": 1,
        "title": group.album.title,
        "first-release-date": group.released,
        "primary-type": "Album",
        "artist-credit": [_without_empty(credit) for credit in _render_credits(group)],
        "releases": [release],
        "tags": [{"count": votes, "name": word} for word, votes in group.tags],
    }
    return _without_empty(found)


def _render_lookup(group: MadeGroup, inc: list[str]) -> dict[str, object]:
    """Render one release group with what was asked for; ``+`` between the names is a space."""
    tags = [{"count": votes, "name": word} for word, votes in group.tags]
    genres = [
        {"id": make_mbid("genre", word), "name": word, "count": votes, "disambiguation": ""}
        for word, votes in group.tags
        if word not in NO_GENRE
    ]
    parts = {"artist-credits": ("artist-credit", _render_credits(group))}
    parts |= {"tags": ("tags", tags), "genres": ("genres", genres)}
    return {
        "id": group.mbid,
        "title": group.album.title,
        "first-release-date": group.released,
        "primary-type": "Album",
        "primary-type-id": _ALBUM,
        "secondary-types": [],
        "secondary-type-ids": [],
        "disambiguation": "",
        **dict(parts[name] for name in inc if name in parts),
    }


def _render_credits(group: MadeGroup) -> list[dict[str, object]]:
    album, partner = group.album, group.partner
    first = _render_credit(album.artist, make_mbid("artist", album.artist_id))
    if not partner:
        return [first]
    second = _render_credit(partner, make_mbid("artist", partner))
    return [{**first, "joinphrase": " feat. "}, second]


def _render_credit(name: str, mbid: str) -> dict[str, object]:
    artist = {"id": mbid, "name": name, "sort-name": name}
    return {"name": name, "joinphrase": "", "artist": artist}


def _without_empty(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value != ""}


def _json(document: dict[str, object]) -> Answer:
    return tagged(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), TYPE)


def _error(status: int, message: str) -> Answer:
    return Answer(json.dumps({"error": message, "help": _MMD}).encode(), TYPE, status=status)

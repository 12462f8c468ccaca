"""A made catalogue: the same albums for the same seed, more of them for a larger scale.

Growing the scale adds albums and changes none: an album depends on the seed, its genre and its
place in that genre only. So a test can let a source grow between two scrapes.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from albumart.sandbox.vocabulary import (
    ADJECTIVES,
    ARTIST_PATTERNS,
    GENRES,
    MOODS,
    NOUNS,
    REVIEW_PATTERNS,
    TITLE_PATTERNS,
    GenreWords,
)

ALBUMS_PER_GENRE: Final = 120  # at scale 1
GENRE_NAMES: Final = tuple(GENRES)


class Plant(StrEnum):
    """What is odd about an album's cover, on purpose."""

    DUPLICATE = "duplicate"  # the bytes of another album of its genre
    CONTRADICTION = "contradiction"  # the bytes of an album of another genre
    NEAR_DUPLICATE = "near_duplicate"  # another album's drawing, encoded at another quality
    BLANK = "blank"  # one colour
    DEAD = "dead"  # 404
    HTML = "html"  # a web page that calls itself image/jpeg
    TINY = "tiny"  # 1×1
    TRUNCATED = "truncated"  # the first part of a JPEG


# Albums of each hundred (ten from each genre), for even and for odd hundreds. So the smallest
# catalogue that holds every plant is scale 0.1, and at scale 1 the sixth kinds are 0.5 % each.
PLANTS_PER_HUNDRED: Final[Mapping[Plant, tuple[int, int]]] = {
    Plant.DUPLICATE: (2, 2),
    Plant.CONTRADICTION: (1, 1),
    Plant.NEAR_DUPLICATE: (1, 1),
    Plant.BLANK: (1, 1),
    Plant.DEAD: (2, 2),
    Plant.HTML: (1, 0),
    Plant.TINY: (1, 0),
    Plant.TRUNCATED: (1, 0),
}
COPIES: Final = frozenset({Plant.DUPLICATE, Plant.CONTRADICTION, Plant.NEAR_DUPLICATE})
# The first of each ten of a genre are never odd, so that every copy has an earlier original.
PLAIN_OF_TEN: Final = 4

ALBUMS_PER_ARTIST: Final = ((1, 2, 3, 4, 5, 6), (30, 22, 18, 14, 10, 6))  # counts, weights
# Odd multipliers permute the 32-bit numbers, so ids look drawn by lot and never collide.
ALBUM_STEP, IMAGE_STEP = 2_654_435_761, 1_597_334_677
ID_SPACE: Final = 2**32


@dataclass(frozen=True, slots=True)
class MadeAlbum:
    """One album with every label that the studies ask for.

    Attributes:
        album_id: Bandcamp's number of the album.
        image_id: Bandcamp's number of its cover.
        artist_id: number of the artist within this catalogue.
        genre: Bandcamp's genre.
        itunes_genre: iTunes's umbrella genre.
        tags: MusicBrainz's words, the strongest first.
        moods: AllMusic's moods, in order.
        mood_family: the family of the first mood, a key of ``vocabulary.MOODS``.
        rating: AllMusic's 1 to 10.
    """

    album_id: int
    image_id: int
    artist_id: int
    artist: str
    title: str
    year: int
    genre: str
    itunes_genre: str
    tags: tuple[str, ...]
    moods: tuple[str, ...]
    mood_family: str
    rating: int
    review: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The albums, genre by genre, and what was planted among their covers.

    ``planted`` maps each plant to {album id: id of the album whose drawing it shows}; the two
    ids are equal where nothing is copied.
    """

    seed: int
    albums: tuple[MadeAlbum, ...]
    planted: Mapping[Plant, Mapping[int, int]]


def make_catalogue(seed: int = 0, scale: float = 1.0) -> Catalogue:
    """Make ``ALBUMS_PER_GENRE × scale`` albums (at least one) for each of the ten genres."""
    per_genre = max(1, round(ALBUMS_PER_GENRE * scale))
    shelves = [
        list(itertools.islice(_genre_albums(seed, number), per_genre))
        for number in range(len(GENRE_NAMES))
    ]
    return Catalogue(seed, tuple(itertools.chain(*shelves)), _plant(seed, shelves))


def _genre_albums(seed: int, genre: int) -> Iterator[MadeAlbum]:
    """Yield the albums of one genre without end, artist by artist."""
    place = itertools.count()
    for artist in itertools.count():
        # One stream of chance per artist: strings seed it the same on every machine.
        rng = Random(f"{seed}/artist/{genre}/{artist}")  # noqa: S311 (made data, no secret)
        name = _words(rng, ARTIST_PATTERNS)
        for _ in range(rng.choices(*ALBUMS_PER_ARTIST)[0]):
            slot = next(place) * len(GENRE_NAMES) + genre
            yield _make_album(rng, seed, slot, (artist * len(GENRE_NAMES) + genre, name))


def _make_album(rng: Random, seed: int, slot: int, artist: tuple[int, str]) -> MadeAlbum:
    genre = GENRE_NAMES[slot % len(GENRE_NAMES)]
    words = GENRES[genre]
    title = _words(rng, TITLE_PATTERNS)
    family, moods = _pick_moods(rng, words)
    tags = words.tags[:1] + tuple(rng.sample(words.tags[1:], rng.randint(0, 3)))
    return MadeAlbum(
        album_id=(slot * ALBUM_STEP + 977 * seed + 504_031_536) % ID_SPACE,
        image_id=(slot * IMAGE_STEP + 1_009 * seed + 267_850_305) % ID_SPACE,
        artist_id=artist[0],
        artist=artist[1],
        title=title,
        year=min(2024, int(rng.triangular(1965, 2025, 2018))),
        genre=genre,
        itunes_genre=words.itunes,
        tags=tags,
        moods=moods,
        mood_family=family,
        rating=round(rng.triangular(1, 10, 7)),
        review=_review(rng, artist[1], title, (moods[0], tags[-1])),
    )


def _words(rng: Random, patterns: tuple[str, ...]) -> str:
    (a, a2), (n, m) = rng.sample(ADJECTIVES, 2), rng.sample(NOUNS, 2)
    return rng.choice(patterns).format(a=a, a2=a2, n=n, m=m, k=rng.randint(2, 40))


def _pick_moods(rng: Random, words: GenreWords) -> tuple[str, tuple[str, ...]]:
    """Return the leading family and three to eight moods, mostly of the genre's own families."""
    first, second = words.moods
    family = rng.choices((first, second, rng.choice(tuple(MOODS))), (50, 30, 20))[0]
    other = second if family == first else first
    moods = rng.sample(MOODS[family], rng.randint(2, 4)) + rng.sample(MOODS[other], 2)
    stray = rng.sample(MOODS[rng.choice(tuple(MOODS))], 2)
    return family, tuple(dict.fromkeys(moods + stray[: rng.randint(0, 2)]))


def _review(rng: Random, artist: str, title: str, words: tuple[str, str]) -> str:
    mood, tag = words
    pattern = rng.choice(REVIEW_PATTERNS)
    return pattern.format(artist=artist, title=title, mood=mood.lower(), tag=tag)


def _plant(seed: int, shelves: list[list[MadeAlbum]]) -> dict[Plant, dict[int, int]]:
    planted: dict[Plant, dict[int, int]] = {plant: {} for plant in Plant}
    for start in range(0, len(shelves[0]), 10):
        for plant, genre, place in _odd_places(seed, start // 10):
            if place < len(shelves[0]):
                album = shelves[genre][place]
                rng = Random(f"{seed}/copy/{album.album_id}")  # noqa: S311
                planted[plant][album.album_id] = _original(rng, shelves, (plant, genre, place))
    return planted


def _odd_places(seed: int, hundred: int) -> Iterator[tuple[Plant, int, int]]:
    """Yield (plant, genre, place in the genre) for one hundred albums, ten of each genre."""
    rng = Random(f"{seed}/plants/{hundred}")  # noqa: S311
    candidates = list(
        itertools.product(
            range(len(GENRE_NAMES)), range(hundred * 10 + PLAIN_OF_TEN, hundred * 10 + 10)
        )
    )
    chosen = iter(rng.sample(candidates, len(candidates)))
    for plant, counts in PLANTS_PER_HUNDRED.items():
        for genre, place in itertools.islice(chosen, counts[hundred % 2]):
            yield plant, genre, place


def _original(rng: Random, shelves: list[list[MadeAlbum]], odd: tuple[Plant, int, int]) -> int:
    """Return whose drawing an odd album shows: a plain, earlier album's, or its own."""
    plant, genre, place = odd
    if plant not in COPIES:
        return shelves[genre][place].album_id
    if plant is Plant.CONTRADICTION:
        genre = (genre + rng.randint(1, len(GENRE_NAMES) - 1)) % len(GENRE_NAMES)
    earlier = rng.randrange(place // 10 + 1) * 10 + rng.randrange(PLAIN_OF_TEN)
    return shelves[genre][earlier].album_id

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.sandbox.catalogue import (
    ALBUMS_PER_GENRE,
    COPIES,
    GENRE_NAMES,
    Plant,
    make_catalogue,
)
from albumart.sandbox.vocabulary import GENRES, MOODS


def test_full_size_has_120_albums_of_each_of_ten_genres() -> None:
    genres = Counter(album.genre for album in make_catalogue().albums)
    assert genres == dict.fromkeys(GENRES, ALBUMS_PER_GENRE)
    assert len(genres) == 10


def test_same_seed_makes_the_same_catalogue() -> None:
    assert make_catalogue(5, 0.2) == make_catalogue(5, 0.2)
    assert make_catalogue(5, 0.2).albums != make_catalogue(6, 0.2).albums


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 0.6), st.floats(1.0, 3.0))
def test_growth_adds_and_changes_nothing(seed: int, scale: float, growth: float) -> None:
    small, large = make_catalogue(seed, scale), make_catalogue(seed, scale * growth)
    assert set(small.albums) <= set(large.albums)
    for plant in Plant:
        assert small.planted[plant].items() <= large.planted[plant].items()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**40), st.floats(0.01, 1.5))
def test_ids_are_unique_and_copies_show_plain_albums(seed: int, scale: float) -> None:
    catalogue = make_catalogue(seed, scale)
    by_id = {album.album_id: album for album in catalogue.albums}
    assert (
        len(by_id) == len({album.image_id for album in catalogue.albums}) == len(catalogue.albums)
    )
    odd = Counter(album for places in catalogue.planted.values() for album in places)
    assert max(odd.values(), default=1) == 1
    for plant, places in catalogue.planted.items():
        for album, shown in places.items():
            assert shown in by_id
            assert (album == shown) == (plant not in COPIES)
            assert shown not in odd or album == shown


def test_every_plant_is_in_a_catalogue_of_a_tenth() -> None:
    planted = make_catalogue(11, 0.1).planted
    assert all(planted[plant] for plant in Plant)


def test_plants_at_full_size() -> None:
    planted = make_catalogue().planted
    assert {plant.value: len(places) for plant, places in planted.items()} == {
        "duplicate": 24,
        "contradiction": 12,
        "near_duplicate": 12,
        "blank": 12,
        "dead": 24,
        "html": 6,
        "tiny": 6,
        "truncated": 6,
    }


def test_duplicates_agree_on_the_genre_and_contradictions_do_not() -> None:
    catalogue = make_catalogue()
    genre = {album.album_id: album.genre for album in catalogue.albums}
    for plant in (Plant.DUPLICATE, Plant.NEAR_DUPLICATE):
        assert all(genre[a] == genre[b] for a, b in catalogue.planted[plant].items())
    assert all(genre[a] != genre[b] for a, b in catalogue.planted[Plant.CONTRADICTION].items())


def test_artists_have_several_albums_of_one_genre() -> None:
    albums = make_catalogue().albums
    per_artist = Counter(album.artist_id for album in albums)
    assert len(albums) / len(per_artist) > 2
    assert max(per_artist.values()) <= 6
    assert len({(album.artist_id, album.artist, album.genre) for album in albums}) == len(
        per_artist
    )
    stays = sum(one.artist_id == next_.artist_id for one, next_ in pairwise(albums))
    assert stays == len(albums) - len(per_artist)


def test_labels_are_those_the_studies_ask_for() -> None:
    known = {mood for moods in MOODS.values() for mood in moods}
    for album in make_catalogue(scale=0.2).albums:
        words = GENRES[album.genre]
        assert album.itunes_genre == words.itunes
        assert album.tags[0] == words.tags[0]
        assert set(album.tags) <= set(words.tags)
        assert 4 <= len(set(album.moods)) == len(album.moods) <= 8
        assert set(album.moods) <= known
        assert album.moods[0] in MOODS[album.mood_family]
        assert 1965 <= album.year <= 2024
        assert 1 <= album.rating <= 10
        assert album.moods[0].lower() in album.review
        assert album.title
        assert len(GENRE_NAMES) == 10

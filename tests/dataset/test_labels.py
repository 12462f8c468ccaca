import pytest

from albumart.dataset.labels import (
    LABEL_SCHEMES,
    Labelled,
    label_row,
    label_single,
    without_small_classes,
)

BANDCAMP = (
    "ambient", "dubstep", "folk", "hiphop_rap", "jazz", "metal", "pop", "punk", "rock", "soul",
)  # fmt: skip
UNMAPPED = Labelled(None, "unmapped_label")
AMBIGUOUS = Labelled(None, "ambiguous_label")


@pytest.mark.parametrize(
    ("genres", "expected"),
    [
        (("jazz",), Labelled("jazz")),
        (("seattle", "metal", "jazz"), Labelled("metal")),
        (("Jazz",), Labelled("jazz")),
        (("polka",), UNMAPPED),
        ((), UNMAPPED),
    ],
)
def test_single_takes_the_first_word_that_is_a_class(genres, expected):
    assert label_single(genres, ("jazz", "metal")) == expected


@pytest.mark.parametrize(
    ("genres", "expected"),
    [
        # What is a class as it stands comes before what is a kind of one.
        (("death metal", "jazz"), Labelled("jazz")),
        (("Hip-Hop/Rap",), Labelled("hiphop_rap")),
        (("death metal", "hard bop"), Labelled("metal")),
        (("Bossa Nova",), Labelled("jazz")),
        # The nearest class above, not the one above that.
        (("hardcore punk",), Labelled("punk")),
        (("grunge",), Labelled("rock")),
        (("metalcore",), Labelled("metal")),
        # As near to one as to the other.
        (("jazz rap",), AMBIGUOUS),
        (("seattle", "pop punk"), AMBIGUOUS),
        (("jazz rap", "boom bap"), Labelled("hiphop_rap")),
        # Above its genre there is no class, or only below.
        (("r&b",), UNMAPPED),
        (("Japan", "vinyl"), UNMAPPED),
    ],
)
def test_single_finds_the_class_that_a_word_is_a_kind_of(genres, expected):
    assert label_single(genres, BANDCAMP) == expected


@pytest.mark.parametrize("genre", BANDCAMP)
def test_a_class_is_its_own_label(genre):
    assert label_single((genre,), BANDCAMP) == Labelled(genre)


def test_words_mean_what_their_source_means():
    assert label_single(("Hardcore",), BANDCAMP, "bandcamp") == Labelled("punk")
    assert label_single(("Hardcore",), (*BANDCAMP, "electronic"), "itunes") == Labelled(
        "electronic"
    )


def test_two_spellings_of_a_class_are_equally_near():
    assert label_single(("hip-hop",), ("hip hop", "rap")) == AMBIGUOUS
    assert label_single(("rap",), ("hip hop", "rap")) == Labelled("rap")


def test_classes_that_are_no_genre_are_met_word_for_word():
    assert label_single(("mine",), ("mine", "yours")) == Labelled("mine")
    assert label_single(("Mine",), ("mine", "yours")) == UNMAPPED


@pytest.mark.parametrize("scheme", LABEL_SCHEMES)
def test_every_scheme_gives_a_class_or_a_reason(scheme):
    for genres in ((), ("jazz",), ("polka",), ("metal", "jazz"), ("jazz rap",)):
        row = {"album": "bandcamp:1", "genres": genres}
        found = label_row(row, scheme, ("jazz", "metal", "rap"))
        assert (found.label in ("jazz", "metal", "rap")) != bool(found.reason)


def test_albums_of_a_small_class_do_not_join_the_class_above_it():
    rows = [
        {"album": f"bandcamp:{number}", "genres": genres}
        for number, genres in enumerate([("punk",), ("rock",), ("crust punk",), ("polka",)])
    ]
    kept = list(without_small_classes(rows, "single", BANDCAMP, {"punk"}))
    assert [row["genres"] for row in kept] == [(), ("rock",), (), ("polka",)]
    assert [label_row(row, "single", ("rock", "pop")).label for row in kept] == [
        None,
        "rock",
        None,
        None,
    ]
    assert rows[0]["genres"] == ("punk",)

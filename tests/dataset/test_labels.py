import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.dataset.labels import (
    AMBIGUOUS,
    BOTH,
    LABEL_SCHEMES,
    RARE,
    UNMAPPED,
    Labelled,
    find_classes,
    find_scheme,
    label_multi_hot,
    label_ordered,
    label_pick_two,
    label_row,
    label_single,
    label_umbrella,
    without_small_classes,
)
from albumart.errors import BadStudy
from albumart.sources.itunes_genres import GENRES, UMBRELLAS
from albumart.taxonomy.genres import GENRE_COLUMNS, all_genres, canonical_genre, genre_columns
from albumart.taxonomy.moods import all_moods, canonical_mood

BANDCAMP = (
    "ambient", "dubstep", "folk", "hiphop_rap", "jazz", "metal", "pop", "punk", "rock", "soul",
)  # fmt: skip
COLUMNS = tuple(GENRE_COLUMNS)
# Words as sources write them: genres in several spellings, what is no genre, and nonsense.
WORDS = st.lists(
    st.sampled_from(
        [*all_genres(), *map(str.upper, all_genres()), "Seattle", "vinyl", "xyzzy", "rap metal"]
    ),
    max_size=6,
)


def only(label):
    return Labelled((label,))


@pytest.mark.parametrize(
    ("genres", "expected"),
    [
        (("jazz",), only("jazz")),
        (("seattle", "metal", "jazz"), only("metal")),
        (("Jazz",), only("jazz")),
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
        (("death metal", "jazz"), only("jazz")),
        (("Hip-Hop/Rap",), only("hiphop_rap")),
        (("death metal", "hard bop"), only("metal")),
        (("Bossa Nova",), only("jazz")),
        # The nearest class above, not the one above that.
        (("hardcore punk",), only("punk")),
        (("grunge",), only("rock")),
        (("metalcore",), only("metal")),
        # As near to one as to the other.
        (("jazz rap",), AMBIGUOUS),
        (("seattle", "pop punk"), AMBIGUOUS),
        (("jazz rap", "boom bap"), only("hiphop_rap")),
        # Above its genre there is no class, or only below.
        (("r&b",), UNMAPPED),
        (("Japan", "vinyl"), UNMAPPED),
    ],
)
def test_single_finds_the_class_that_a_word_is_a_kind_of(genres, expected):
    assert label_single(genres, BANDCAMP) == expected


@pytest.mark.parametrize("genre", BANDCAMP)
def test_a_class_is_its_own_label(genre):
    assert label_single((genre,), BANDCAMP) == only(genre)


def test_words_mean_what_their_source_means():
    assert label_single(("Hardcore",), BANDCAMP, "bandcamp") == only("punk")
    assert label_single(("Hardcore",), (*BANDCAMP, "electronic"), "itunes") == only("electronic")


def test_two_spellings_of_a_class_are_equally_near():
    assert label_single(("hip-hop",), ("hip hop", "rap")) == AMBIGUOUS
    assert label_single(("rap",), ("hip hop", "rap")) == only("rap")


def test_classes_that_are_no_genre_are_met_word_for_word():
    assert label_single(("mine",), ("mine", "yours")) == only("mine")
    assert label_single(("Mine",), ("mine", "yours")) == UNMAPPED


def test_every_umbrella_of_itunes_is_told_by_its_name():
    names = tuple(GENRES[umbrella].name for umbrella in UMBRELLAS)
    for genre in GENRES.values():
        umbrella = GENRES[genre.umbrella].name
        assert label_umbrella((genre.name, umbrella), names, "itunes") == only(umbrella)


def test_the_umbrella_counts_whatever_the_album_s_own_genre_is():
    classes = ("Classical", "Opera", "Metal", "Rock")
    assert label_umbrella(("Opera", "Classical"), classes) == only("Classical")
    assert label_single(("Opera", "Classical"), classes) == only("Opera")
    assert label_umbrella(("Opera",), classes) == only("Opera")
    assert label_umbrella(("Metal", "Rock"), classes) == only("Rock")
    assert label_umbrella(("Metal", "Pop"), classes) == UNMAPPED
    assert label_umbrella((), classes) == UNMAPPED


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("metal",), only("metal")),
        (("death metal", "Norway"), only("metal")),
        (("Hip-Hop", "trap"), only("rap")),
        (("metal", "rap"), BOTH),
        (("doom metal", "gangsta rap"), BOTH),
        (("rap metal",), BOTH),
        (("jazz",), UNMAPPED),
        ((), UNMAPPED),
    ],
)
def test_pick_two_drops_what_is_both(words, expected):
    assert label_pick_two(words, ("metal", "rap")) == expected


@given(WORDS, st.sampled_from(COLUMNS), st.sampled_from(COLUMNS))
def test_pick_two_is_what_the_columns_of_the_study_say(words, one, other):
    columns = genre_columns(words)
    hot = {name for name in (one, other) if columns[name]}
    found = label_pick_two(words, (one, other))
    assert set(found.labels) == (hot if len(hot) == 1 else set())
    assert (found == BOTH) == (len(hot) == 2)


@given(WORDS)
def test_multi_hot_is_the_ten_columns(words):
    hot = {name for name, is_hot in genre_columns(words).items() if is_hot}
    assert set(label_multi_hot(words, COLUMNS).labels) == hot


@given(WORDS, st.permutations(COLUMNS))
def test_labels_do_not_depend_on_the_order_of_the_classes(words, shuffled):
    assert label_multi_hot(words, shuffled) == label_multi_hot(words, COLUMNS)


def test_multi_hot_keeps_the_order_of_the_words_and_takes_words_as_they_stand():
    classes = ("metal", "jazz", "folk", "mine")
    assert label_multi_hot(("hard bop", "mine", "folk metal", "jazz"), classes).labels == (
        "jazz", "mine", "metal", "folk",
    )  # fmt: skip
    assert label_multi_hot(("polka",), ("metal", "jazz")) == UNMAPPED


def test_ordered_spells_moods_as_the_vocabulary_does_and_keeps_their_order():
    classes = ("Rousing", "Amiable/Good-Natured", "Homemade")
    words = ("good-natured", "Angry", "ROUSING", "Amiable", "Homemade")
    assert label_ordered(words, classes).labels == ("Amiable/Good-Natured", "Rousing", "Homemade")
    assert label_ordered(("Angry",), classes) == UNMAPPED


@given(st.lists(st.sampled_from(all_moods()), unique=True))
def test_moods_that_are_classes_come_through_as_they_are(moods):
    assert label_ordered(moods, all_moods()).labels == tuple(moods)
    assert label_ordered([mood.upper() for mood in moods], all_moods()).labels == tuple(moods)


def test_classes_can_be_found_where_words_are_labels():
    rows = [
        {"album": f"allmusic:{number}", "moods": moods}
        for number, moods in enumerate([("angry", "Homemade"), ("Rousing",), ("ANGRY",), ()])
    ]
    assert find_classes(rows, "ordered") == ("Angry", "Homemade", "Rousing")
    for scheme in ("single", "umbrella", "multi_hot"):
        with pytest.raises(BadStudy, match=f"{scheme} expects classes; got none"):
            find_classes(rows, scheme)


def test_a_scheme_may_want_a_number_of_classes():
    assert find_scheme("pick_two", ("metal", "rap")).exactly == 2
    with pytest.raises(BadStudy, match="pick_two expects 2 classes; got a, b, c"):
        find_scheme("pick_two", ("a", "b", "c"))
    with pytest.raises(BadStudy, match="expected a scheme of single, umbrella, .*got 'pick-two'"):
        find_scheme("pick-two", ("a", "b"))


def made_row(*genres, number=1, **words):
    blank = {"styles": (), "tags": (), "moods": ()}
    return {"album": f"bandcamp:{number}", "genres": genres, **blank, **words}


@pytest.mark.parametrize("scheme", LABEL_SCHEMES)
@given(words=WORDS, moods=st.lists(st.sampled_from(all_moods())))
def test_every_scheme_gives_classes_or_a_reason(scheme, words, moods):
    classes = ("metal", "rap", "Angry")[: LABEL_SCHEMES[scheme].exactly]
    row = made_row(*words, moods=tuple(moods))
    found = label_row(row, scheme, classes)
    assert set(found.labels) <= set(classes)
    assert len(set(found.labels)) == len(found.labels)
    assert bool(found.labels) != bool(found.reason)
    assert len(found.labels) <= 1 or LABEL_SCHEMES[scheme].several
    assert found.label == (found.labels[0] if found.labels else None)


def test_the_genre_is_read_from_genres_then_styles_then_tags():
    row = made_row("hard bop", styles=("doom metal",), tags=("seen live", "folk"))
    assert label_row(row, "multi_hot", COLUMNS).labels == ("jazz", "metal", "folk")
    assert label_row(row, "pick_two", ("metal", "rap")).labels == ("metal",)
    assert label_row(row, "single", COLUMNS).labels == ("jazz",)


def test_the_taxonomy_spells_a_mood_once():
    assert all(canonical_mood(mood) == mood for mood in all_moods())
    assert all(canonical_genre(column) == genre for column, genre in GENRE_COLUMNS.items())


def test_albums_of_a_small_class_do_not_join_the_class_above_it():
    words = [("punk",), ("rock",), ("crust punk",), ("polka",)]
    rows = [made_row(*genres, number=number) for number, genres in enumerate(words)]
    kept = list(without_small_classes(rows, "single", BANDCAMP, {"punk"}))
    assert [row.get("left_out") for row in kept] == [RARE, None, RARE, None]
    assert [row["genres"] for row in kept] == words
    assert "left_out" not in rows[0]


def test_an_album_stays_while_it_has_one_label_that_is_not_rare():
    rows = [made_row("jazz", "punk"), made_row("punk"), made_row("xyzzy")]
    kept = list(without_small_classes(rows, "multi_hot", BANDCAMP, {"punk", "rock"}))
    assert [row.get("left_out") for row in kept] == [None, RARE, None]

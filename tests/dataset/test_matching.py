import unicodedata
from itertools import combinations, pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.dataset.matching import (
    RULES,
    YEARS_APART,
    find_matches,
    is_common_title,
    match_albums,
)
from albumart.dataset.names import is_various, normalize_artist, normalize_title

MBID = "1b022e01-4da6-387b-8658-8678046e4cef"
OTHER = "9162580e-5df4-32de-80cc-f45a8d8a9b1d"


def frame_of(*rows, **columns):
    """(artist, title, year) each → a frame with albums s:00, s:01, …"""
    frame = pd.DataFrame(rows, columns=["artist", "title", "year"]).astype({"year": "Int64"})
    albums = [f"s:{number:02}" for number in range(len(frame))]
    return frame.assign(**({"album": albums} | columns))


def works(*rows, **columns):
    return match_albums(frame_of(*rows, **columns))["work"].tolist()


def are_one(*rows):
    return len(set(works(*rows))) == 1


def rules(*rows, **columns):
    return find_matches(frame_of(*rows, **columns))["rule"].tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sigur Rós", "Sigur Ros"),
        ("Sigur Rós", "SIGUR ROS"),
        ("Sigur Rós", unicodedata.normalize("NFD", "Sigur Rós")),
        ("The Beatles", "Beatles"),
        ("The The", "the the"),
        ("!!!", "! ! !"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("שלום", "\u200fשָׁלוֹם\u200e"),
        ("أم كلثوم", "\u202bأم كلثوم\u202c"),
        ("हिन्दी", unicodedata.normalize("NFD", "हिन्दी")),
    ],
)
def test_an_artist_may_be_spelled_in_two_ways(one, other):
    assert are_one((one, "Some Long Title", 1999), (other, "Some long title", 1999))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("!!!", "???"),
        ("The The", "The They"),
        ("כן", "לא"),
        ("か", "が"),
        ("कि", "कु"),
        (None, None),
        ("Unknown Artist", "Unknown Artist"),
        ("", ""),
        ("-", "-"),
    ],
)
def test_other_artists_and_unknown_ones_are_not_matched(one, other):
    assert not are_one((one, "Some Long Title", 1999), (other, "Some Long Title", 1999))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Discovery", "Discovery (Deluxe Edition)", True),
        ("Discovery", "Discovery [Remastered 2011]", True),
        ("Discovery - Single", "Discovery - EP", True),
        ("Ágætis byrjun", unicodedata.normalize("NFD", "Ágætis Byrjun"), True),
        ("שלום עולם", "\u200fשלום עולם (Deluxe Edition)", True),
        ("Discovery", "Discovery (Live)", False),
        ("Fearless", "Fearless (Taylor’s Version)", False),
        (None, None, False),
        ("", "", False),
    ],
)
def test_an_edition_is_the_album_and_another_recording_is_not(one, other, expected):
    assert are_one(("Air", one, 2001), ("Air", other, 2001)) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(1999, 1999, True), (1999, 2000, True), (1999, 2001, False), (1999, None, True)],
)
def test_years_may_be_one_apart_or_unknown(one, other, expected):
    assert are_one(("Air", "Moon Safari", one), ("Air", "Moon Safari", other)) is expected


def test_years_join_through_the_year_between():
    assert are_one(*(("Air", "Moon Safari", year) for year in (2001, 1999, 2000)))


def test_an_unknown_year_between_two_albums_of_one_title_is_neither():
    made_again = [("Air", "Moon Safari", year) for year in (1998, 2010, None, None)]
    assert works(*made_again) == ["s:00", "s:01", "s:02", "s:03"]
    # What other artists do changes nothing.
    assert works(*made_again, ("Sea", "Moon Safari", None), ("Sea", "Moon Safari", 1998))[4:] == [
        "s:04",
        "s:04",
    ]


@pytest.mark.parametrize(
    "title",
    [
        "Weezer",
        "The Weezer",
        "II",
        "Live",
        "Greatest Hits",
        "The Best of Weezer",
        "1989",
        "愛",
        "÷",
    ],
)
def test_a_title_that_says_little_needs_the_same_year(title):
    assert are_one(("Weezer", title, 1994), ("Weezer", f"{title} (Deluxe Edition)", 1994))
    assert not are_one(("Weezer", title, 1994), ("Weezer", title, 1995))
    assert not are_one(("Weezer", title, 1994), ("Weezer", title, None))
    assert not are_one(("Weezer", title, None), ("Weezer", title, None))


@pytest.mark.parametrize(
    ("title", "artist", "expected"),
    [
        ("greatest hits vol 2", "queen", True),
        ("live in", "queen", True),
        ("queen ii", "queen", True),
        ("live at wembley", "queen", False),
        ("queen of the stone age", "queen", False),
        ("queens", "queen", False),
        ("hot space", None, False),
        (None, "queen", True),
    ],
)
def test_common_titles(title, artist, expected):
    assert is_common_title(title, artist) is expected


@pytest.mark.parametrize("various", ["Various Artists", "VARIOUS", "V.A."])
def test_compilations_need_the_same_title_and_year(various):
    row = (various, "Nuggets from the Cellar", 1972)
    assert are_one(row, ("Various Artists", "Nuggets From The Cellar (Remastered)", 1972))
    assert not are_one(row, ("Various Artists", "Nuggets from the Cellar", 1973))
    assert not are_one(row, ("Various Artists", "Nuggets from the Cellar", None))
    assert not are_one(row, ("Lenny", "Nuggets from the Cellar", 1972))
    assert not are_one(row, (None, "Nuggets from the Cellar", 1972))


def test_compilations_whose_title_says_little_are_never_matched():
    row = ("Various Artists", "Greatest Hits", 1999)
    assert not are_one(row, row)
    assert not are_one(*[("Various Artists", "Various Artists", 1999)] * 2)


def test_an_mbid_decides_whatever_the_names_say():
    rows = [("Prince", "1999", 1982), ("プリンス", None, None), ("Prince", "Other", 1982)]
    albums = [f"musicbrainz:{MBID}", "folder:a", "folder:b"]
    found = works(*rows, album=albums, mbid=[None, MBID.upper(), None])
    assert found == ["folder:a", "folder:a", "folder:b"]


@pytest.mark.parametrize("mbid", ["", " ", "unknown", None, float("nan"), "12345"])
def test_what_is_no_mbid_links_nothing(mbid):
    rows = [("A", "First Title", 1999), ("B", "Second Title", 1999)]
    assert works(*rows, mbid=[mbid, mbid]) == ["s:00", "s:01"]


def test_a_work_joins_through_a_third_row_and_is_named_by_the_smallest_key():
    rows = [("Air", "Moon Safari", 1998), ("Air", "Moon Safari", 1999), ("x", "other", 1998)]
    albums = [f"musicbrainz:{MBID}", "itunes:7", f"folder:{MBID}"]
    frame = frame_of(*rows, album=albums, mbid=[None, None, MBID])
    assert match_albums(frame)["work"].tolist() == [f"folder:{MBID}"] * 3


def test_each_link_is_listed_with_its_rule():
    frame = frame_of(
        ("Air", "Moon Safari", 1998),
        ("AIR", "Moon Safari (Deluxe)", 1999),
        ("Air", "Moon Safari", None),
        ("Air", "Live", 2000),
        ("Air", "Live", 2000),
        ("Various", "Songs of Moonlight", 2000),
        ("Various Artists", "Songs of Moonlight", 2000),
        ("Somebody", "Alone", 2000),
    )
    found = find_matches(frame)
    assert [tuple(row) for row in found.itertuples(index=False)] == [
        ("s:00", "s:01", "same_title"),
        ("s:01", "s:02", "same_title"),
        ("s:03", "s:04", "same_common_title"),
        ("s:05", "s:06", "same_compilation"),
    ]
    assert found["rule"].value_counts().to_dict() == {
        "same_title": 2,
        "same_common_title": 1,
        "same_compilation": 1,
    }


def test_a_pair_that_two_rules_find_is_listed_under_both():
    row = ("Air", "Moon Safari", 1998)
    assert rules(row, row, mbid=[MBID, MBID]) == ["same_mbid", "same_title"]
    assert rules(row, row, mbid=[MBID, OTHER]) == ["same_title"]


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_says_why_it_links(rule):
    assert len(RULES[rule].__doc__) > 60


def test_other_columns_and_the_index_stay():
    frame = frame_of(("Air", "Moon Safari", 1998), ("Air", "Moon Safari", 1998), genre=["x", "y"])
    frame.index = [7, 3]
    found = match_albums(frame)
    assert found.index.tolist() == [7, 3]
    assert found["genre"].tolist() == ["x", "y"]
    assert "work" not in frame


def test_no_albums_have_no_works():
    assert works() == []
    assert find_matches(frame_of()).to_dict("list") == {"album_a": [], "album_b": [], "rule": []}


made_rows = st.lists(
    st.tuples(
        st.sampled_from(["Air", "AIR", "The Beatles", "Beatles", "Various Artists", None, "!!!"]),
        st.sampled_from(["Moon Safari", "moon safari - EP", "Live", "Beatles", None]),
        st.sampled_from([1998, 1999, 2000, 2005, None]),
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=50)
@given(made_rows, st.randoms())
def test_the_order_of_rows_changes_nothing(rows, random):
    frame = match_albums(frame_of(*rows))
    order = list(range(len(rows)))
    random.shuffle(order)
    again = match_albums(frame_of(*rows).iloc[order])
    assert again.sort_values("album")["work"].tolist() == frame["work"].tolist()
    assert find_matches(frame_of(*rows).iloc[order]).equals(find_matches(frame_of(*rows)))


def said_equal(one, other, rows):
    """The rules once more, pair by pair."""
    (artist, title, year), (artist_b, title_b, year_b) = one, other
    names = (normalize_artist(artist), normalize_title(title))
    if title is None or names != (normalize_artist(artist_b), normalize_title(title_b)):
        return False
    if is_various(artist) or is_common_title(*names[::-1]):
        is_compilation = is_various(artist) and is_various(artist_b)
        plain = names[0] is not None or (is_compilation and not is_common_title(*names[::-1]))
        return plain and year is not None and year == year_b
    if names[0] is None:
        return False
    if year is not None and year_b is not None:
        return abs(year - year_b) <= YEARS_APART
    same = [row for row in rows if (normalize_artist(row[0]), normalize_title(row[1])) == names]
    known = sorted({row[2] for row in same if row[2] is not None})
    return all(b - a <= YEARS_APART for a, b in pairwise(known))


@settings(deadline=None, max_examples=100)
@given(made_rows)
def test_works_are_what_the_rules_say_pair_by_pair(rows):
    work = list(range(len(rows)))
    for _ in rows:
        for a, b in combinations(range(len(rows)), 2):
            if said_equal(rows[a], rows[b], rows):
                work[a] = work[b] = min(work[a], work[b])
    assert works(*rows) == [f"s:{number:02}" for number in work]

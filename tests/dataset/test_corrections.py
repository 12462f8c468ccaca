import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.dataset.corrections import (
    apply_corrections,
    clean_correction,
    read_corrections,
    unknown_words,
)
from albumart.errors import ParseError
from albumart.stores.labels import Correction, LabelField, Wanted

GENRES, MOODS = LabelField.GENRES, LabelField.MOODS
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def correction(album, new, field=GENRES):
    return Correction(album, field, ("old",), new, "me", NOW)


def row(number, *genres, **words):
    return {"album": f"bandcamp:{number}", "genres": genres, "title": "T", **words}


def test_what_nobody_corrected_is_the_row_itself():
    rows = [row(1, "jazz"), row(2, "metal")]
    found = list(apply_corrections(rows, [correction("bandcamp:9", ("folk",))]))
    assert all(after is before for after, before in zip(found, rows, strict=True))


def test_a_correction_replaces_the_words_and_leaves_the_row_alone():
    rows = [row(1, "jazz"), row(2, "metal")]
    found = list(apply_corrections(rows, [correction("bandcamp:2", ("folk", "jazz"))]))
    assert found[0] == row(1, "jazz")
    assert found[1] == row(2, "folk", "jazz") | {"corrected": True}
    assert rows[1] == row(2, "metal")


def test_who_says_the_genre_says_it_of_styles_and_tags_too():
    told = row(1, "jazz", styles=("hard bop",), tags=("metal",), moods=("Sad",))
    (found,) = apply_corrections([told], [correction("bandcamp:1", ("folk",))])
    assert (found["genres"], found["styles"], found["tags"]) == (("folk",), (), ())
    assert found["moods"] == ("Sad",)


def test_moods_are_corrected_by_themselves():
    told = row(1, "jazz", tags=("metal",), moods=("Sad",))
    (found,) = apply_corrections([told], [correction("bandcamp:1", ("Angry",), MOODS)])
    assert found == told | {"moods": ("Angry",), "corrected": True}


def test_a_correction_that_says_what_is_told_corrects_nothing():
    rows = [row(1, "jazz")]
    assert list(apply_corrections(rows, [correction("bandcamp:1", ("jazz",))])) == rows


@given(st.lists(st.none() | st.lists(st.sampled_from("abc"), max_size=2).map(tuple), max_size=6))
def test_the_latest_wins_and_withdrawing_gives_back_the_source_s_words(words):
    entries = [correction("bandcamp:1", new) for new in words]
    (found,) = apply_corrections([row(1, "told")], entries)
    last = words[-1] if words else None
    assert found["genres"] == (("told",) if last is None else last)
    assert ("corrected" in found) == (last is not None)


def test_words_are_cleaned_as_scraped_ones_are():
    assert clean_correction(["  death \n metal ", "jazz; folk;", "jazz", "\x1b", ""]) == (
        "death metal", "jazz", "folk",
    )  # fmt: skip


def test_unknown_words_come_with_those_near_to_them():
    wanted = [
        Wanted("itunes:1", GENRES, ("death metla", "Jazz", "xyzzyqwop")),
        Wanted("allmusic:1", MOODS, ("Rousin", "angry")),
        Wanted("allmusic:2", MOODS, None),
    ]
    found = unknown_words(wanted)
    assert list(found) == ["death metla", "xyzzyqwop", "Rousin"]
    assert "death metal" in found["death metla"]
    assert found["xyzzyqwop"] == ()
    assert "Rousing" in found["Rousin"]


def read(text):
    return list(read_corrections(io.StringIO(text), "mine.csv"))


def test_a_csv_is_read_with_or_without_reasons():
    assert read("album,field,words\nitunes:1,genres,metal; death metal\n") == [
        Wanted("itunes:1", GENRES, ("metal", "death metal"))
    ]
    text = 'why,words,field,album,old,who\n"it, says ""jazz""",\'-core,moods,x:1,jazz,me\n'
    assert read(text) == [Wanted("x:1", MOODS, ("-core",), 'it, says "jazz"')]


def test_a_guard_is_only_taken_from_what_a_spreadsheet_would_run():
    assert read("album,field,words\nx:1,genres,'80s\n")[0].words == ("'80s",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "mine.csv, line 1: expected a first line with album, field, words; got nothing"),
        ("album,genre\nx,y\n", "mine.csv, line 1: expected a first line .*got album, genre"),
        ("album,field,words\nx:1,artist,y\n", "line 2: expected a field of genres, moods; got 'ar"),
        ("album,field,words\nx:1,genres,y\nx:2,genres, ;\n", "line 3: expected an album and its w"),
        ("album,field,words\n,genres,y\n", "line 2: expected an album and its words"),
        ("album,field,words\nx:1\n", "line 2: expected a field of"),
        (
            'album,field,words\nx:1,genres,"y\n',
            "mine.csv, line 1: expected CSV; got unexpected end",
        ),
    ],
)
def test_a_file_of_another_shape_is_refused_with_its_line(text, said):
    with pytest.raises(ParseError, match=said):
        read(text)

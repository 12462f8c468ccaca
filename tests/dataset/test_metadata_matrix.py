"""Genres and years as numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.dataset.metadata import (
    GENRES,
    MetadataSpec,
    build_metadata,
    common_genres,
    fit_metadata,
    unknown_metadata,
    words_beside,
)
from albumart.errors import NotFound
from albumart.taxonomy.genres import GENRE_COLUMNS, genre_columns


def row(*genres: str, year: object = None, **others: object) -> dict[str, object]:
    return {"album": "allmusic:mw1", "genres": genres, "year": year, **others}


ROWS = [row("Death Metal", year=1990), row("Jazz", "Funk", year=2010), row("Unheard")]
SPEC = MetadataSpec(("metal", "rock", "jazz"), year_mean=2000.0, year_scale=10.0)


def test_numbers_by_hand() -> None:
    found = build_metadata(ROWS, SPEC)
    assert SPEC.columns == ("metal", "rock", "jazz", "year", "year known")
    metal, jazz, unknown = found.tolist()
    assert metal[0] == 1
    assert metal[2:] == [0, -1, 1]
    assert jazz[::2] == [0, 1, 1]
    assert jazz[3:] == [1, 1]
    assert unknown == [0, 0, 0, 0, 0]
    assert (found[2:] == unknown_metadata(1, SPEC)).all()
    assert found.dtype == np.float32


def test_the_ten_columns_are_those_of_the_taxonomy() -> None:
    words = ("Post-Punk", "Gangsta Rap", "Bebop")
    spec = fit_metadata([])
    found = build_metadata([row(*words)], spec)[0]
    expected = genre_columns(words, "allmusic")
    assert dict(zip(GENRES, found, strict=False)) == {
        genre: expected[column] for column, genre in GENRE_COLUMNS.items()
    }


def test_styles_are_read_where_a_row_has_them() -> None:
    told = build_metadata([row("Unheard", styles=("Bebop",))], SPEC)
    assert told[0, 2] == 1


def test_words_mean_what_they_mean_at_their_source() -> None:
    spec = fit_metadata([], genres=("electronic",))
    both = build_metadata(
        [
            row("Hardcore", album="itunes:1") | {"album": f"{source}:1"}
            for source in ("itunes", "x")
        ],
        spec,
    )
    assert both[:, 0].tolist() == [1, 0]


def test_years_are_scaled_by_the_training_split() -> None:
    spec = fit_metadata(ROWS)
    assert (spec.year_mean, spec.year_scale) == (2000, 10)
    assert spec.genres == GENRES


@pytest.mark.parametrize("years", [[], [None], [1999], [1999, 1999, None]])
def test_years_that_do_not_differ_or_are_not_known_have_a_scale(years: list[int | None]) -> None:
    spec = fit_metadata([row(year=year) for year in years])
    assert spec.year_scale == 1
    assert np.isfinite(build_metadata([row(year=1999)], spec)).all()


@pytest.mark.parametrize(("year", "expected"), [(1000, -3), (2100, 3), (2020, 2)])
def test_a_year_far_out_is_held_back(year: int, expected: float) -> None:
    assert build_metadata([row(year=year)], SPEC)[0, 3] == expected


def test_a_frame_s_rows_will_do() -> None:
    frame = pd.DataFrame(
        {
            "album": ["allmusic:1", "allmusic:2"],
            "genres": [("Jazz",), ()],
            "year": pd.array([2000, None], dtype="Int64"),
        }
    )
    found = build_metadata(frame.to_dict("records"), SPEC)
    assert found[:, 2:].tolist() == [[1, 0, 1], [0, 0, 0]]


def test_no_rows_are_no_numbers() -> None:
    assert build_metadata([], SPEC).shape == (0, 5)


def test_more_genres_than_ten_may_be_asked_for() -> None:
    albums = [row("Death Metal"), row("Thrash Metal"), row("Bebop"), row("Bebop", "Jazz")]
    found = common_genres(albums, 2)
    assert {"bebop", "jazz", "metal"} <= set(found)
    assert "death metal" not in found
    assert list(found) == sorted(found)
    assert fit_metadata(albums, genres=found).genres == found


def test_a_genre_that_is_none_is_refused() -> None:
    with pytest.raises(NotFound, match="'polkacore'"):
        fit_metadata(ROWS, genres=("polkacore",))


@given(st.lists(st.sampled_from(GENRES), unique=True), st.floats(1900, 2020), st.floats(0.5, 40))
def test_written_and_read_it_is_the_same(genres: list[str], mean: float, scale: float) -> None:
    spec = MetadataSpec(tuple(genres), mean, scale)
    assert MetadataSpec.from_dict(spec.to_dict()) == spec
    assert spec.width == len(genres) + 2


@pytest.mark.parametrize("scheme", ["single", "umbrella", "pick_two", "multi_hot"])
def test_words_that_hold_the_answer_are_not_told_beside_it(scheme: str) -> None:
    assert words_beside(row("Jazz"), scheme) == ()


def test_moods_are_not_made_of_genres() -> None:
    assert words_beside(row("Jazz", styles=("Bop",)), "ordered") == ("Jazz", "Bop")

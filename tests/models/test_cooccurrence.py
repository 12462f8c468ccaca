"""Label vectors from co-occurrence, each step by hand."""

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest

from albumart.models.cooccurrence import (
    count_pairs,
    factorize,
    learn_label_space,
    positive_information,
)
from albumart.models.label_space import label_cosines, nearest_labels

# Two albums are a and b, one is b and c, one is d alone.
TRUTH = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]])
PAIRS = np.array([[0.0, 2, 0, 0], [2, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
REAL = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"))


def test_pairs_are_albums_that_carry_both() -> None:
    assert (count_pairs(TRUTH.astype(float)) == PAIRS).all()


def test_information_by_hand() -> None:
    # a and b: 2 of 6 pairs, where 2/6 × 3/6 is chance: twice as often. b and c: 1/6 of 3/6 × 1/6.
    expected = math.log(2) * (PAIRS > 0)
    assert positive_information(PAIRS, smoothing=1) == pytest.approx(expected)


def test_smoothed_information_by_hand() -> None:
    weights = 2**0.75, 3**0.75, 1.0
    total = sum(weights)
    found = positive_information(PAIRS)
    assert found[0, 1] == pytest.approx(math.log((2 / 6) / (2 / 6 * weights[1] / total)))
    assert found[1, 0] == pytest.approx(math.log((2 / 6) / (3 / 6 * weights[0] / total)))
    assert found[1, 2] == pytest.approx(math.log((1 / 6) / (3 / 6 * weights[2] / total)))
    assert found[2, 1] == found[0, 1]
    assert np.count_nonzero(found) == 4


def test_what_is_rarer_than_chance_says_nothing() -> None:
    pairs = np.array([[0.0, 9, 1], [9, 0, 9], [1, 9, 0]])
    assert positive_information(pairs, smoothing=1)[0, 2] == 0


def test_factors_by_hand() -> None:
    # Singular values 4 and 1, whose vectors are the axes.
    assert factorize(np.array([[0.0, 4.0], [1.0, 0.0]]), 2) == pytest.approx(np.diag([2.0, 1.0]))
    turned = factorize(np.array([[0.0, -4.0], [-1.0, 0.0]]), 1)
    assert turned == pytest.approx(np.array([[2.0], [0.0]]))


def test_labels_of_the_same_company_are_alike_by_hand() -> None:
    space = learn_label_space(TRUTH, "abcd", smoothing=1)
    expected = [[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    assert label_cosines(space.vectors, space.vectors) == pytest.approx(
        np.array(expected), abs=1e-6
    )
    assert space.missing == ("d",)
    assert space.width == 3  # two directions, and d's own axis
    assert "4 training albums" in space.maker


def test_no_more_dimensions_than_asked_for() -> None:
    truth = np.random.default_rng(0).random((60, 9)) < 0.4
    assert learn_label_space(truth, "abcdefghi", dimensions=4).width == 4


def test_the_order_of_the_albums_changes_nothing() -> None:
    truth = np.random.default_rng(0).random((60, 9)) < 0.4
    first, again = (
        learn_label_space(rows, "abcdefghi", dimensions=4) for rows in (truth, truth[::-1])
    )
    assert first.digest == again.digest
    assert (np.abs(first.vectors).max(axis=0) > 0).all()


def test_of_albums_with_one_label_each_nothing_is_learnt() -> None:
    space = learn_label_space(np.eye(3), "abc")
    assert space.missing == ("a", "b", "c")
    assert (space.vectors == np.eye(3)).all()


@pytest.mark.parametrize("truth", [np.eye(3), [1, 0]])
def test_other_shapes_are_refused(truth: object) -> None:
    with pytest.raises(ValueError, match=r"truth \(n, 2\)"):
        learn_label_space(truth, "ab")  # type: ignore[arg-type]


def test_real_moods_lie_beside_their_like() -> None:
    path = REAL / "allmusic" / "taffc2018_song_moods.csv"
    if not path.is_file():
        pytest.skip(f"no real moods at {path}")
    with path.open(encoding="latin-1", newline="") as file:
        songs = [row["MoodsStr"].split(", ") for row in csv.DictReader(file)]
    labels = sorted({mood for song in songs for mood in song})
    truth = np.array([[label in song for label in labels] for song in songs])
    space = learn_label_space(truth, labels)
    near = nearest_labels(space.vectors, space.vectors, 6)
    assert space.coverage == 1
    assert labels[near[labels.index("Sad")][1]] in ("Gloomy", "Lonely", "Somber", "Melancholy")
    assert "Joyous" in [labels[number] for number in near[labels.index("Happy")]]

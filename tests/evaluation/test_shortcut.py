"""A planted shortcut is found; shares of classes are not taken for one."""

import numpy as np
import pytest

from albumart.evaluation.intervals import wilson
from albumart.evaluation.shortcut import LEAST_OF_CELL, MOST_OF_CELL, balanced_rows, probe_source


def made(n=600, seed=0, *, seen=0.0):
    """Sources of other class mixes; features tell the class, and the source as far as seen."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(["jazz", "metal"], n)
    likely = np.where(labels == "jazz", 0.85, 0.15)
    sources = np.where(rng.random(n) < likely, "bandcamp", "itunes")
    features = rng.normal(size=(n, 6))
    features[:, 0] += 3 * (labels == "jazz")
    features[:, 1] += seen * (sources == "itunes")
    return features.astype(np.float32), sources, labels


def test_a_shortcut_is_found():
    features, sources, labels = made(seen=2)
    got = probe_source(features, sources, labels, groups=np.arange(600) // 2)
    assert got is not None
    assert got.majority == 0.5
    assert got.accuracy.low > 0.7
    assert got.sources == ("bandcamp", "itunes")
    assert got.classes == ("jazz", "metal")


def test_class_shares_are_no_shortcut():
    features, sources, labels = made()
    # Whoever guesses the source from the class alone is right in 85 of 100.
    assert ((labels == "jazz") == (sources == "bandcamp")).mean() > 0.8
    got = probe_source(features, sources, labels, groups=range(600))
    assert got is not None
    assert got.accuracy.low <= got.majority
    assert abs(got.accuracy.value - 0.5) < 0.1


def test_a_group_is_never_on_both_sides():
    # Nothing but the artist tells the source here: known artists would give it away.
    rng = np.random.default_rng(0)
    artists = np.repeat(np.arange(100), 6)
    features = (10 * rng.normal(size=(100, 40)))[artists].astype(np.float32)
    sources = np.where(artists % 2, "itunes", "bandcamp")
    labels = np.full(600, "pop")
    apart = probe_source(features, sources, labels, groups=range(600))
    together = probe_source(features, sources, labels, groups=artists)
    assert apart is not None
    assert together is not None
    assert apart.accuracy.value > together.accuracy.value + 0.2


def test_its_interval_is_by_group():
    features, sources, labels = (np.repeat(part, 3, axis=0) for part in made(200, seen=1))
    groups = np.repeat(np.arange(200), 3)
    got = probe_source(features, sources, labels, groups=groups)
    assert got is not None
    plain = wilson(round(got.accuracy.value * got.accuracy.n), got.accuracy.n)
    assert got.accuracy.high - got.accuracy.low > 1.4 * (plain.high - plain.low)


def test_same_input_same_numbers():
    features, sources, labels = made(seen=1)
    first, again = (probe_source(features, sources, labels, groups=range(600)) for _ in range(2))
    assert first == again


def test_one_source_has_no_probe():
    features, _, labels = made()
    assert probe_source(features, ["bandcamp"] * 600, labels, groups=range(600)) is None


def test_sources_without_a_class_in_common_have_no_probe():
    features, _, labels = made()
    sources = np.where(labels == "jazz", "bandcamp", "itunes")
    assert probe_source(features, sources, labels, groups=range(600)) is None


def test_sources_of_too_few_groups_have_no_probe():
    features, sources, labels = made()
    assert probe_source(features, sources, labels, groups=np.arange(600) % 4) is None


def test_lengths_must_fit():
    features, sources, labels = made()
    with pytest.raises(ValueError, match="got 600, 600 and 5 for 600"):
        probe_source(features, sources, labels, groups=range(5))


def test_majority_is_of_whoever_knows_the_class_where_three_sources_share_one():
    features, _, _ = made()
    labels = np.array(["jazz"] * 300 + ["metal"] * 300)
    sources = np.array(["a", "b", "c"] * 100 + ["a", "b"] * 150)
    got = probe_source(features, sources, labels, groups=range(600))
    assert got is not None
    assert got.majority == pytest.approx((100 + 150) / 600)
    assert got.sources == ("a", "b", "c")


def test_each_source_of_a_class_is_drawn_alike():
    labels = np.repeat(["jazz", "metal", "pop"], (900 + 1200, 40, 30))
    sources = np.array(
        ["a"] * 900 + ["b"] * 1200 + ["a"] * 30 + ["b"] * 10 + ["a"] * 25 + ["b"] * 5
    )
    rows = balanced_rows(sources, labels)
    cells = np.unique(np.char.add(labels[rows], sources[rows]), return_counts=True)
    assert dict(zip(*(part.tolist() for part in cells), strict=True)) == {
        "jazza": MOST_OF_CELL,
        "jazzb": MOST_OF_CELL,
        "metala": LEAST_OF_CELL,
        "metalb": LEAST_OF_CELL,
    }
    assert (np.diff(rows) > 0).all()

"""The range test finds a rate that is known, and leaves nothing behind."""

import math

import keras
import numpy as np
import pytest

from albumart.errors import Diverged
from albumart.training.feed import Batch, Feed
from albumart.training.lr_finder import (
    HIGHEST,
    LOWEST,
    STEPS,
    RateSearch,
    find_learning_rate,
    ramp,
    suggest_rate,
)
from albumart.training.optimizers import build_optimizer
from albumart.training.variables import read_variables

CURVATURE = 8.0  # of the loss: gradient descent explodes above a rate of 2 / 8


def one_parabola() -> tuple[keras.Model, list[Batch]]:
    """Loss = (CURVATURE / 2) w², from w = 1."""
    model = keras.Sequential(
        [keras.layers.Dense(1, use_bias=False, kernel_initializer="ones"), keras.layers.Dropout(0)]
    )
    model.build((None, 1))
    optimizer = keras.optimizers.SGD(1.0)
    model.compile(optimizer=optimizer, loss="mse")
    x = np.full((4, 1), math.sqrt(CURVATURE / 2), dtype=np.float32)
    return model, [(x, np.zeros_like(x), np.ones(4, dtype=np.float32))] * STEPS


def test_it_finds_the_rate_of_a_parabola_to_a_factor() -> None:
    model, batches = one_parabola()
    search = find_learning_rate(model, batches)
    assert 1 / CURVATURE / 30 < search.suggestion < 2 / CURVATURE
    assert search.suggestion in search.rates


def test_the_curve_ends_where_it_explodes() -> None:
    model, batches = one_parabola()
    search = find_learning_rate(model, batches)
    assert len(search.rates) == len(search.losses) < STEPS
    assert 2 / CURVATURE < search.rates[-1] < HIGHEST
    assert all(math.isfinite(loss) for loss in search.losses)


def test_the_network_is_as_it_was() -> None:
    model, batches = one_parabola()
    before = read_variables(model.variables)
    find_learning_rate(model, batches)
    after = read_variables(model.variables)
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_the_same_seed_finds_the_same() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 6)).astype(np.float32)
    y = np.eye(2, dtype=np.float32)[(x[:, 0] > 0).astype(int)]
    feed = Feed((x,), y, np.ones(50, dtype=np.float32), np.arange(50), batch_size=8)

    def search(order: int) -> RateSearch:
        head = keras.Sequential(
            [
                keras.layers.Dropout(0.2, seed=1),
                keras.layers.Dense(2, "softmax", kernel_initializer="zeros"),
            ]
        )
        head.build((None, 6))
        head.compile(optimizer=build_optimizer("adamw", 1.0), loss="categorical_crossentropy")
        return find_learning_rate(head, feed.cycle(order))

    assert search(7) == search(7)
    assert search(7) != search(8)


def test_the_ramp_rises_by_a_constant_factor() -> None:
    rates = ramp(9)
    assert rates[0] == pytest.approx(LOWEST)
    assert rates[-1] == pytest.approx(HIGHEST)
    assert np.diff(np.log10(rates)) == pytest.approx([1.0] * 8)


def test_the_suggestion_lies_two_thirds_down_the_valley() -> None:
    losses = [5, 5, 5, 4, 3, 2, 1, 6, 9]  # falls from the third to the seventh
    assert suggest_rate([float(n) for n in range(9)], losses) == 5.0


def test_a_curve_that_only_rises_has_its_lowest_rate_suggested() -> None:
    assert suggest_rate([1.0, 2.0, 3.0], [1, 2, 3]) == 1.0


def test_an_explosion_at_once_is_told() -> None:
    model, batches = one_parabola()
    broken = [(x * np.nan, y, w) for x, y, w in batches]
    before = read_variables(model.variables)
    with pytest.raises(Diverged, match="expected 10 steps or more of a range test"):
        find_learning_rate(model, broken)
    after = read_variables(model.variables)
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_a_search_is_kept_as_json() -> None:
    search = RateSearch((0.1, 1.0), (2.0, 1.0), 0.1)
    assert RateSearch.from_dict(search.to_dict()) == search

"""Each group learns at its own rate: on TensorFlow here, on JAX and torch by KERAS_BACKEND."""

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from albumart.training.optimizers import (
    OPTIMIZERS,
    DiscriminativeAdam,
    DiscriminativeSGD,
    PlannedRate,
    build_optimizer,
)
from albumart.training.schedules import rates

X = np.array([[1.0, 2.0], [3.0, -1.0]], dtype=np.float32)
Y = np.array([[1.0], [0.0]], dtype=np.float32)
FIRST = np.array([[0.5, -0.25], [0.125, 0.75]])
SECOND = np.array([[1.0], [-0.5]])


def linear_network(optimizer: keras.optimizers.Optimizer) -> keras.Model:
    """y = x A B, squared error: its gradients are worked out by hand."""
    first = keras.layers.Dense(2, use_bias=False)
    model = keras.Sequential([first, keras.layers.Dense(1, use_bias=False)])
    model.build((None, 2))
    model.set_weights([FIRST, SECOND])
    model.compile(optimizer=optimizer, loss="mse")
    return model


def by_hand(
    steps: int, rate: float, multipliers: tuple[float, float], decay: float = 0.0
) -> list[NDArray[np.float64]]:
    a, b = FIRST.copy(), SECOND.copy()
    for _ in range(steps):
        error = 2 * (X @ a @ b - Y) / len(X)
        to_a, to_b = X.T @ error @ b.T, (X @ a).T @ error
        a = a * (1 - rate * multipliers[0] * decay) - rate * multipliers[0] * to_a
        b = b * (1 - rate * multipliers[1] * decay) - rate * multipliers[1] * to_b
    return [a, b]


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_two_steps_of_sgd_equal_hand_computed_values(decay: float) -> None:
    model = linear_network(DiscriminativeSGD(0.1, multipliers=(0.25, 1.0), decay=decay))
    for _ in range(2):
        model.train_on_batch(X, Y)
    expected = by_hand(2, 0.1, (0.25, 1.0), decay)
    for found, value in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-7)


def test_fit_multiplies_as_a_single_step_does() -> None:
    model = linear_network(DiscriminativeSGD(0.1, multipliers=(0.25, 1.0)))
    model.fit(X, Y, batch_size=2, epochs=2, shuffle=False, verbose=0)
    for found, value in zip(model.get_weights(), by_hand(2, 0.1, (0.25, 1.0)), strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_a_multiplier_of_none_changes_nothing_and_a_half_halves_the_first_step(name: str) -> None:
    def first_step(multipliers: tuple[float, ...]) -> list[NDArray[np.float64]]:
        model = linear_network(build_optimizer(name, 0.01, multipliers=multipliers))
        model.train_on_batch(X, Y)
        return [
            np.asarray(after - before, dtype=np.float64)
            for after, before in zip(model.get_weights(), (FIRST, SECOND), strict=True)
        ]

    plain, ones, halves = first_step(()), first_step((1.0, 1.0)), first_step((0.5, 1.0))
    np.testing.assert_allclose(ones[0], plain[0], rtol=1e-4)
    np.testing.assert_allclose(halves[0], plain[0] / 2, rtol=1e-4)
    np.testing.assert_allclose(halves[1], plain[1], rtol=1e-4)


def test_with_decay_it_is_adamw() -> None:
    ours = linear_network(DiscriminativeAdam(0.01, decay=0.1))
    theirs = linear_network(keras.optimizers.AdamW(0.01, weight_decay=0.1))
    for model in (ours, theirs):
        for _ in range(5):
            model.train_on_batch(X, Y)
    for found, value in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-5)


def test_vectors_do_not_decay() -> None:
    model = keras.Sequential([keras.layers.Dense(2, bias_initializer="ones")])
    model.build((None, 2))
    model.compile(optimizer=DiscriminativeSGD(0.1, decay=0.5), loss=lambda y, p: 0.0 * p)
    kernel = model.get_weights()[0]
    model.train_on_batch(X, X)
    np.testing.assert_allclose(model.get_weights()[0], kernel * 0.95, rtol=1e-6)
    assert model.get_weights()[1].tolist() == [1.0, 1.0]


def test_gradients_are_clipped_by_their_norm_together() -> None:
    model = linear_network(DiscriminativeSGD(1.0, multipliers=(1.0, 1.0), global_clipnorm=0.01))
    model.train_on_batch(X, Y)
    moved = [
        after - before for after, before in zip(model.get_weights(), (FIRST, SECOND), strict=True)
    ]
    assert np.sqrt(sum((each**2).sum() for each in moved)) == pytest.approx(0.01, rel=1e-3)


def test_a_multiplier_for_each_variable_is_wanted() -> None:
    with pytest.raises(ValueError, match="expected 2 multipliers, one for each variable; got 1"):
        linear_network(DiscriminativeSGD(0.1, multipliers=(1.0,))).train_on_batch(X, Y)


def test_the_planned_rate_is_that_of_each_step_and_stays_at_the_end() -> None:
    plan = PlannedRate("one_cycle", 5, peak=0.3)
    found = [float(plan(step)) for step in range(8)]
    expected = rates("one_cycle", 5, peak=0.3)
    np.testing.assert_allclose(found, [*expected, *[expected[-1]] * 3], rtol=1e-6)


def test_training_walks_along_the_planned_rates() -> None:
    model = linear_network(DiscriminativeSGD(PlannedRate("cosine", 2, peak=0.1)))
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    a, b = by_hand(1, 0.1, (1.0, 1.0))
    error = 2 * (X @ a @ b - Y) / len(X)
    expected = [a - 0.05 * X.T @ error @ b.T, b - 0.05 * (X @ a).T @ error]
    for found, value in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-7)


def test_optimizer_and_schedule_come_back_from_their_configuration() -> None:
    plan = PlannedRate("one_cycle", 5, peak=0.3, warmup=0.4)
    optimizer = build_optimizer("sgd", plan, multipliers=(0.5, 1.0), decay=0.1, clip_norm=2.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert isinstance(again, DiscriminativeSGD)
    assert again.get_config() == optimizer.get_config()
    assert (again.multipliers, again.decay) == ((0.5, 1.0), 0.1)

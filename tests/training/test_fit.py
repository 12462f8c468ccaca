"""Fitting: it learns what can be learnt, the same way each time, and says when it cannot."""

import keras
import numpy as np
import pytest

from albumart.errors import Diverged
from albumart.models.network import build_head, predict_proba
from albumart.study import Train
from albumart.training.fit import Examples, fit

PLAN = Train(epochs=30, batch_size=16, learning_rate=0.05, patience=30)


@pytest.fixture
def examples() -> Examples:
    generator = np.random.default_rng(0)
    labels = np.arange(90) % 3
    inputs = np.eye(3, dtype=np.float32)[labels] + generator.normal(0, 0.1, (90, 3))
    rows = np.arange(90)
    return Examples(inputs.astype(np.float32), labels, rows[:60], rows[60:])


def train_head(examples: Examples, plan: Train) -> tuple[keras.Model, list[dict[str, float]]]:
    head = build_head(plan, classes=3, normalize=None, width=3)
    return head, fit(head, examples, plan, classes=3)


def test_it_learns_and_tells_each_epoch(examples: Examples) -> None:
    head, history = train_head(examples, PLAN)
    rows = examples.validation
    answers = predict_proba(head, examples.inputs[rows]).argmax(axis=1)
    assert (answers == examples.labels[rows]).mean() > 0.95
    assert len(history) == 30
    assert {"loss", "val_loss", "accuracy", "val_accuracy"} <= set(history[0])


def test_the_same_seed_gives_the_same_weights(examples: Examples) -> None:
    first, second = (train_head(examples, PLAN)[0].get_weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_another_seed_gives_others(examples: Examples) -> None:
    first, _ = train_head(examples, PLAN)
    second, _ = train_head(examples, PLAN.model_copy(update={"seed": 1}))
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    assert any((a != b).any() for a, b in pairs)


def test_it_stops_when_validation_no_longer_improves(examples: Examples) -> None:
    noise = Examples(
        examples.inputs, np.roll(examples.labels, 1) * 0 + np.arange(90) // 30,
        examples.train, examples.validation,
    )  # fmt: skip
    _, history = train_head(noise, PLAN.model_copy(update={"patience": 2}))
    assert len(history) < 30


def test_a_loss_that_is_no_number_is_an_error(examples: Examples) -> None:
    broken = Examples(
        examples.inputs * np.nan, examples.labels, examples.train, examples.validation
    )
    with pytest.raises(Diverged, match="expected a finite loss"):
        train_head(broken, PLAN)

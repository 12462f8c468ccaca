"""Plans are run as they say: what learns, at which rates, from which weights, to which end."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from staged_network import (
    LABELS,
    ROWS,
    TARGETS,
    TRAIN,
    VALIDATION,
    build_head,
    build_network,
    make_pixels,
    make_task,
)

from albumart.errors import BadStudy, Diverged
from albumart.models.heads import head_targets
from albumart.train_plan import Stage, TrainPlan
from albumart.training import stages as module
from albumart.training.layout import Network, head_alone
from albumart.training.schedules import rates
from albumart.training.stages import train_network
from albumart.training.task import Trained, fingerprint
from albumart.training.variables import read_variables

HEAD = Stage(epochs=2, learning_rate=0.05, schedule="one_cycle")
WHOLE = Stage(epochs=2, learning_rate=(2e-3, 2e-2), unfrozen="all")


def plan_of(*stages: Stage, **changes: object) -> TrainPlan:
    return TrainPlan.model_validate({"stages": stages, "batch_size": 16, **changes})


def weights_of(network: Network, name: str) -> list[NDArray[np.float32]]:
    layer = next(
        layer for layers in network.groups.values() for layer in layers if layer.name == name
    )
    return [np.array(weight) for weight in layer.get_weights()]


def equal(one: Trained, other: Trained) -> bool:
    pairs = zip(
        read_variables(one.network.model.variables),
        read_variables(other.network.model.variables),
        strict=True,
    )
    return all((a == b).all() for a, b in pairs)


@pytest.fixture(scope="module")
def four_stages() -> Trained:
    large = {"image_size": 24}
    found = HEAD.model_copy(update={"learning_rate": "find"})
    return train_network(
        plan_of(found, WHOLE, HEAD.model_copy(update=large), WHOLE.model_copy(update=large)),
        make_task(),
    )


def test_the_four_stages_of_a_study_learn(four_stages: Trained) -> None:
    errors = [1 - stage.best["val_accuracy"] for stage in four_stages.stages]
    assert errors[-1] <= errors[0]
    assert errors[-1] < 0.1
    assert [stage.image_size for stage in four_stages.stages] == [16, 16, 24, 24]
    assert [stage.unfrozen for stage in four_stages.stages[:2]] == [
        ("head",), ("block1", "block2", "head"),
    ]  # fmt: skip


def test_one_history_tells_stage_epoch_and_rate(four_stages: Trained) -> None:
    history = four_stages.history
    assert [(e["stage"], e["epoch"]) for e in history] == [
        (stage, epoch) for stage in (1, 2, 3, 4) for epoch in (1, 2)
    ]
    expected = rates("cosine", 8, peak=2e-2)
    assert [e["learning_rate"] for e in history[2:4]] == pytest.approx([expected[3], expected[7]])
    assert {"loss", "val_loss", "accuracy", "val_accuracy", "batch_size"} <= set(history[0])


def test_a_found_rate_comes_with_its_curve(four_stages: Trained) -> None:
    first, second = four_stages.stages[:2]
    assert first.search is not None
    assert first.learning_rate == first.search.suggestion
    assert second.search is None
    assert second.learning_rate == 2e-2


def test_the_network_is_of_the_last_size_and_not_compiled(four_stages: Trained) -> None:
    model = four_stages.network.model
    assert four_stages.image_size == 24
    assert model.input_shape == (None, 24, 24, 3)
    assert not model.compiled
    assert len(model.trainable_variables) == 7
    answers = np.asarray(model.predict_on_batch(make_pixels(24)[VALIDATION])).argmax(axis=1)
    accuracy = four_stages.stages[-1].best["val_accuracy"]
    assert (answers == LABELS[VALIDATION]).mean() == pytest.approx(accuracy)


def test_the_same_seed_gives_the_same_weights_and_another_others() -> None:
    plan = plan_of(WHOLE, augment=["flip", "shift"])
    first, again = train_network(plan, make_task()), train_network(plan, make_task())
    assert equal(first, again)
    assert first.history == again.history
    other = train_network(plan.model_copy(update={"seed": 1}), make_task())
    assert not equal(first, other)


def test_a_stage_that_is_to_last_ends_there_with_what_it_has_then() -> None:
    wrong = np.roll(TARGETS, 1, axis=1)[VALIDATION]  # the more it learns, the worse it does on them
    targets = np.concatenate([TARGETS[TRAIN], wrong])
    task = make_task(examples=replace(make_task().examples, targets=targets))
    stage = HEAD.model_copy(update={"epochs": 6, "unfrozen": "all"})
    best = train_network(plan_of(stage, patience=6), task)
    assert best.stages[0].best["epoch"] < 3
    lasting = train_network(plan_of(stage, patience=1), task, lasting=[3])
    assert lasting.history == best.history[:3]
    assert lasting.stages[0].best == lasting.history[-1]
    assert not equal(lasting, best)


def test_frozen_groups_stay_as_they_are() -> None:
    fresh = build_network(16)
    stage = Stage(epochs=1, learning_rate=0.05, unfrozen=("block2", "head"))
    network = train_network(plan_of(stage), make_task()).network
    for name in ("conv1", "norm1"):
        pairs = zip(weights_of(fresh, name), weights_of(network, name), strict=True)
        assert all((a == b).all() for a, b in pairs)
    assert (weights_of(fresh, "conv2")[0] != weights_of(network, "conv2")[0]).any()


def test_cached_features_are_used_until_the_backbone_changes() -> None:
    asked: list[int] = []
    network = build_network(16)
    assert network.extractor is not None
    features = np.asarray(network.extractor.predict_on_batch(make_pixels(16)))

    def cached(size: int) -> NDArray[np.float32]:
        asked.append(size)
        return features

    task = make_task()
    with_cache = replace(task, examples=replace(task.examples, features=cached))
    train_network(plan_of(HEAD, WHOLE.model_copy(update={"epochs": 1}), HEAD), with_cache)
    assert asked == [16]
    found, computed = (train_network(plan_of(HEAD), each).history for each in (with_cache, task))
    assert found[-1] == pytest.approx(computed[-1])


def test_a_head_on_features_is_trained_as_the_whole_network_would_be() -> None:
    """Without dropout, which the two draw alike but from other places in the batch."""
    plan = plan_of(HEAD)
    on_features = train_network(plan, make_task())
    network = build_network(16)
    assert network.extractor is not None
    features = np.asarray(network.extractor.predict_on_batch(make_pixels(16)))
    task = make_task()
    alone = replace(
        task,
        build=lambda size: head_alone(build_head(8)),
        examples=replace(task.examples, inputs=lambda size: features),
    )
    assert [e["val_loss"] for e in train_network(plan, alone).history] == pytest.approx(
        [e["val_loss"] for e in on_features.history], rel=0.2
    )


def test_the_best_epoch_is_kept_and_patience_ends_a_stage() -> None:
    wild = Stage(epochs=30, learning_rate=5.0, schedule="constant")
    found = train_network(plan_of(wild, patience=2, optimizer="sgd"), make_task())
    losses = [entry["val_loss"] for entry in found.history]
    (stage,) = found.stages
    assert stage.best["val_loss"] == min(losses)
    assert stage.epochs == len(losses) < 30
    assert losses.index(min(losses)) == len(losses) - 3
    answers = np.asarray(found.network.model.predict_on_batch(make_pixels(16)[VALIDATION]))
    assert (answers.argmax(axis=1) == LABELS[VALIDATION]).mean() == stage.best["val_accuracy"]


def test_more_validation_rows_than_are_evaluated_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train_network(plan_of(HEAD), make_task())
    monkeypatch.setattr("albumart.training.trainee.EVALUATED_AT_ONCE", 5)
    parts = train_network(plan_of(HEAD, batch_size=16), make_task())
    assert [e["val_loss"] for e in parts.history] == pytest.approx(
        [e["val_loss"] for e in whole.history], rel=1e-5
    )


@pytest.mark.parametrize("on_features", [True, False])
def test_a_loss_that_is_no_number_is_an_error(on_features: bool) -> None:
    task = make_task()
    broken = replace(task, examples=replace(task.examples, targets=np.full_like(TARGETS, np.nan)))
    with pytest.raises(
        Diverged, match="expected a finite loss; got .*loss nan in epoch 1 of stage"
    ):
        train_network(plan_of(HEAD if on_features else WHOLE), broken)


def test_balanced_classes_weigh_alike_and_smoothing_raises_the_loss() -> None:
    plain = train_network(plan_of(HEAD), make_task())
    smoothed = train_network(plan_of(HEAD, label_smoothing=0.3), make_task())
    assert smoothed.history[0]["loss"] != plain.history[0]["loss"]
    few = np.concatenate([TRAIN[LABELS[TRAIN] > 0], TRAIN[LABELS[TRAIN] == 0][:2]])
    task = make_task()
    rare = replace(task, examples=replace(task.examples, train=few))
    stage = Stage(epochs=4, learning_rate=0.02)
    said = {}
    for weights in ("none", "balanced"):
        model = train_network(plan_of(stage, class_weights=weights), rare).network.model
        answers = np.asarray(model.predict_on_batch(make_pixels(16)[VALIDATION]))
        said[weights] = answers[:, 0].mean()
    assert said["balanced"] > said["none"]


def test_balanced_classes_are_refused_where_a_row_has_several() -> None:
    with pytest.raises(BadStudy, match="expected 'none' for a sigmoid head"):
        train_network(plan_of(HEAD, class_weights="balanced"), make_task(head="sigmoid"))


@pytest.mark.parametrize("optimizer", ["rmsprop", "sgd"])
def test_other_heads_metadata_and_optimizers(optimizer: str) -> None:
    order = np.zeros((len(ROWS), 3), dtype=np.intp)
    order[ROWS, LABELS] = 1
    task = make_task(head="sigmoid", build=lambda size: build_network(size, metadata=2))
    examples = replace(
        task.examples,
        targets=head_targets("sigmoid", order),
        metadata=np.stack([LABELS == 0, LABELS == 1], axis=1).astype(np.float32),
    )
    plan = plan_of(HEAD, WHOLE, optimizer=optimizer, clip_norm=1.0, weight_decay=0.01)
    found = train_network(plan, replace(task, examples=examples))
    losses = [entry["val_loss"] for entry in found.history]
    assert losses[-1] < losses[0]


def test_a_flattened_head_cannot_change_its_size() -> None:
    plan = plan_of(HEAD, HEAD.model_copy(update={"image_size": 24}))
    with pytest.raises(BadStudy, match="a flattened head takes one size only"):
        train_network(plan, make_task(build=lambda size: build_network(size, flat=True)))


def test_batches_are_halved_until_they_fit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    out_of_memory = type("ResourceExhaustedError", (Exception,), {})
    real = module.train_epoch

    def cramped(trainee: module.Trainee, seed: tuple[int, ...]) -> dict[str, float]:
        if trainee.train.batch_size > 8 and seed[2] == 1:  # in the second epoch
            raise out_of_memory("OOM when allocating tensor")
        return real(trainee, seed)

    monkeypatch.setattr(module, "train_epoch", cramped)
    found = train_network(plan_of(HEAD), make_task())
    assert [entry["batch_size"] for entry in found.history] == [8.0, 8.0]
    assert "out of memory with batches of 16: stage 1 again with 8" in caplog.text
    monkeypatch.undo()
    assert equal(found, train_network(plan_of(HEAD, batch_size=8), make_task()))


def test_a_batch_of_one_that_does_not_fit_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def cramped(trainee: module.Trainee, seed: tuple[int, ...]) -> dict[str, float]:
        raise MemoryError("not even one")

    monkeypatch.setattr(module, "train_epoch", cramped)
    with pytest.raises(MemoryError, match="not even one"):
        train_network(plan_of(HEAD, batch_size=2), make_task())


def test_in_bfloat16_it_learns_too_and_what_is_left_is_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "bfloat16_pays", lambda: True)
    found = train_network(plan_of(WHOLE, mixed_precision="auto"), make_task())
    assert found.stages[0].precision == "mixed_bfloat16"
    assert found.history[-1]["val_loss"] < found.history[0]["val_loss"]
    answers = found.network.model(make_pixels(16)[:2])
    assert keras.backend.standardize_dtype(answers.dtype) == "float32"
    policies = {layer.dtype_policy.name for layer in found.network.groups["block1"]}
    assert policies == {"float32"}


def test_a_finished_training_is_taken_from_its_folder(tmp_path: Path) -> None:
    plan = plan_of(HEAD, WHOLE)
    first = train_network(plan, make_task(), tmp_path)

    def not_again(size: int) -> NDArray[np.uint8]:
        raise AssertionError("no pixel is needed")

    task = make_task()
    again = train_network(
        plan, replace(task, examples=replace(task.examples, inputs=not_again)), tmp_path
    )
    assert equal(first, again)
    assert (first.history, first.stages) == (again.history, again.stages)


def test_another_plan_or_identity_starts_anew(tmp_path: Path) -> None:
    train_network(plan_of(HEAD), make_task(), tmp_path)
    longer = HEAD.model_copy(update={"epochs": 3})
    found = train_network(plan_of(longer), make_task(), tmp_path)
    assert equal(found, train_network(plan_of(longer), make_task()))
    other = make_task(identity="other weights")
    assert fingerprint(plan_of(HEAD), other) != fingerprint(plan_of(HEAD), make_task())


def test_the_callers_own_compiled_model_is_left_alone() -> None:
    network = build_network(16)
    network.model.compile(optimizer="sgd", loss="mse")
    optimizer = network.model.optimizer
    train_network(plan_of(HEAD), make_task(build=lambda size: network))
    assert network.model.optimizer is optimizer
    assert isinstance(optimizer, keras.optimizers.SGD)

"""Every head, with metadata and without, trains a little, is saved, and answers the same."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest

from albumart.errors import BadStudy
from albumart.models.head_network import (
    HeadPlan,
    HeadShape,
    build_task_head,
    decode_in_model,
    fold_calibration,
    join_head,
    predict_outputs,
)
from albumart.models.heads import HEADS, head_scores, head_targets
from albumart.models.label_space import LabelSpace, build_label_space
from albumart.models.network import load_model, to_bytes

K, D, M, N = 4, 6, 3, 240
# At right angles, so that the mean of two labels lies nearest to these two.
VECTORS = np.linalg.qr(np.random.default_rng(7).normal(size=(5, K)))[0].T
SPACE = build_label_space([f"mood {n}" for n in range(K)], VECTORS, maker="made")
CASES = [(name, metadata) for name in HEADS for metadata in (False, True)]


class Made(NamedTuple):
    """Rows whose first label shows in the features, and whose second in the metadata alone."""

    features: np.ndarray
    metadata: np.ndarray
    order: np.ndarray

    def inputs(self, metadata: bool) -> list[np.ndarray]:
        return [self.features, self.metadata] if metadata else [self.features]


@pytest.fixture(scope="module")
def made() -> Made:
    rng = np.random.default_rng(3)
    first, told = rng.integers(0, K, N), rng.integers(0, M, N)
    features = rng.normal(5, 3, (N, D)) + 9 * np.eye(K, D)[first]
    order = np.zeros((N, K), dtype=np.int64)
    order[np.arange(N), told] = 2
    order[np.arange(N), first] = 1
    return Made(features.astype(np.float32), np.eye(M, dtype=np.float32)[told], order)


def space_of(name: str) -> LabelSpace | None:
    return SPACE if HEADS[name].in_label_space else None


def build(name: str, made: Made, *, metadata: bool, plan: HeadPlan | None = None) -> keras.Model:
    shape = HeadShape(D, K, M if metadata else 0)
    return build_task_head(
        name, shape, plan or HeadPlan(seed=1), standardize=made.features, space=space_of(name)
    )


class Trained(NamedTuple):
    head: keras.Model
    losses: list[float]


@pytest.fixture(scope="module")
def trained(made: Made) -> dict[tuple[str, bool], Trained]:
    plan = HeadPlan(seed=1, dropout=0.1, hidden=16, hide_metadata=0.1)
    found = {}
    for name, metadata in CASES:
        head = build(name, made, metadata=metadata, plan=plan)
        targets = head_targets(name, made.order, space_of(name))
        head.compile(optimizer=keras.optimizers.Adam(0.05), loss=HEADS[name].loss(0.0))
        inputs = made.inputs(metadata)
        history = head.fit(
            inputs if metadata else inputs[0],
            targets,
            batch_size=80,
            epochs=15,
            shuffle=False,
            verbose=0,
        )
        found[name, metadata] = Trained(head, [float(loss) for loss in history.history["loss"]])
    return found


@pytest.mark.parametrize(("name", "metadata"), CASES)
def test_trains_is_saved_and_answers_the_same(
    name: str,
    metadata: bool,
    made: Made,
    trained: dict[tuple[str, bool], Trained],
    tmp_path: Path,
) -> None:
    head, losses = trained[name, metadata]
    assert losses[-1] < losses[0]
    data = to_bytes(head)
    loaded = load_model(data, hashlib.sha256(data).hexdigest(), tmp_path)
    before = predict_outputs(head, made.inputs(metadata))
    assert (predict_outputs(loaded, made.inputs(metadata)) == before).all()
    scores = head_scores(name, before, space_of(name))
    assert scores.shape == (N, K)
    assert ((scores >= 0) & (scores <= 1)).all()
    said = scores.argmax(axis=1)
    assert (made.order[np.arange(N), said] > 0).mean() > 0.8


@pytest.mark.parametrize("name", [name for name in HEADS if HEADS[name].several])
def test_metadata_tells_what_the_image_does_not(
    name: str, made: Made, trained: dict[tuple[str, bool], Trained]
) -> None:
    right = {}
    for metadata in (False, True):
        outputs = predict_outputs(trained[name, metadata].head, made.inputs(metadata))
        best = np.argsort(-head_scores(name, outputs, space_of(name)), axis=1)[:, :2]
        right[metadata] = (np.take_along_axis(made.order, best, axis=1) > 0).mean()
    assert right[True] > right[False] + 0.05


@pytest.mark.parametrize(("name", "metadata"), CASES)
def test_first_weights_are_the_seeds_own(name: str, metadata: bool, made: Made) -> None:
    first, again, other = (
        build(name, made, metadata=metadata, plan=HeadPlan(seed=seed, hidden=4))
        for seed in (0, 0, 1)
    )
    weights = [[np.asarray(each) for each in head.get_weights()] for head in (first, again, other)]
    assert all((a == b).all() for a, b in zip(weights[0], weights[1], strict=True))
    assert any((a != b).any() for a, b in zip(weights[0], weights[2], strict=True))
    kernels = [each for each in weights[0] if each.ndim > 1]
    assert len(kernels) == 2
    assert kernels[0].ravel()[0] != kernels[1].ravel()[0]


def test_no_global_random_state_is_moved(made: Made) -> None:
    import random

    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    head = build("label_embedding", made, metadata=True)
    decode_in_model(head, SPACE, np.ones(K), np.zeros(K))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_the_answer_in_label_space_has_length_one(made: Made) -> None:
    head = build("label_embedding", made, metadata=False)
    lengths = np.linalg.norm(predict_outputs(head, [made.features]), axis=1)
    assert lengths == pytest.approx(np.ones(N), abs=1e-5)


def test_the_cosine_loss_by_hand() -> None:
    loss = HEADS["label_embedding"].loss(0.3)
    told, said = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.6, 0.8], [0.0, -1.0]])
    assert float(loss(told, said)) == pytest.approx(-(0.6 - 1) / 2, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "hand"),
    [
        ("softmax", -0.9 * np.log(0.8) - 0.1 * np.log(0.2)),
        ("sigmoid", -0.9 * np.log(0.8) - 0.1 * np.log(0.2)),
    ],
)
def test_smoothed_cross_entropies_by_hand(name: str, hand: float) -> None:
    loss = HEADS[name].loss(0.2)
    assert float(loss(np.array([[1.0, 0.0]]), np.array([[0.8, 0.2]]))) == pytest.approx(
        hand, abs=1e-5
    )


@pytest.mark.parametrize("metadata", [False, True])
def test_decoding_in_the_model_by_hand(metadata: bool, made: Made, tmp_path: Path) -> None:
    head = build("label_embedding", made, metadata=metadata)
    inputs = made.inputs(metadata)
    slopes, intercepts = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, -1.0, 1.0, 0.5])
    cosines = predict_outputs(head, inputs) @ SPACE.vectors.T
    expected = 1 / (1 + np.exp(-(cosines * slopes + intercepts)))
    decoded = decode_in_model(head, SPACE, slopes, intercepts)
    assert predict_outputs(decoded, inputs) == pytest.approx(expected, abs=1e-5)
    data = to_bytes(decoded)
    loaded = load_model(data, hashlib.sha256(data).hexdigest(), tmp_path)
    assert (predict_outputs(loaded, inputs) == predict_outputs(decoded, inputs)).all()


def test_one_line_for_all_labels_keeps_the_nearest_first(made: Made) -> None:
    head = build("label_embedding", made, metadata=False)
    decoded = decode_in_model(head, SPACE, np.full(K, 7.0), np.full(K, -2.0))
    likeness = head_scores("label_embedding", predict_outputs(head, [made.features]), SPACE)
    said = predict_outputs(decoded, [made.features])
    assert (said.argmax(axis=1) == likeness.argmax(axis=1)).all()


def test_calibration_is_folded_into_the_logits(made: Made) -> None:
    head = build("sigmoid", made, metadata=True)
    before = predict_outputs(head, made.inputs(True)).astype(float)
    slopes, intercepts = np.array([0.5, 1, 1, 2]), np.array([0, 0, 1, -1])
    fold_calibration(head, slopes, intercepts)
    logits = np.log(before / (1 - before)) * slopes + intercepts
    expected = 1 / (1 + np.exp(-logits))
    assert predict_outputs(head, made.inputs(True)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("name", "metadata"), CASES)
def test_joined_to_an_extractor_it_takes_pixels(
    name: str, metadata: bool, made: Made, tmp_path: Path
) -> None:
    pixels = keras.Input((4, 4, 3), name="pixels")
    averaged = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(D, 1)(pixels))
    extractor = keras.Model(pixels, averaged)
    head = build(name, made, metadata=metadata)
    model = join_head(extractor, head)
    covers = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), dtype=np.uint8)
    others = [made.metadata[:9]] if metadata else []
    by_features = predict_outputs(head, [predict_outputs(extractor, [covers]), *others])
    found = predict_outputs(model, [covers, *others])
    assert found == pytest.approx(by_features, abs=1e-4)
    data = to_bytes(model)
    loaded = load_model(data, hashlib.sha256(data).hexdigest(), tmp_path)
    assert (predict_outputs(loaded, [covers, *others]) == found).all()


def test_rows_and_blocks_change_no_answer(made: Made) -> None:
    head = build("sigmoid", made, metadata=True)
    rows = np.array([7, 3, 100, 3])
    found = predict_outputs(head, made.inputs(True), rows, batch_size=3)
    assert found == pytest.approx(predict_outputs(head, made.inputs(True))[rows], abs=1e-6)
    assert found.dtype == np.float32


def test_hidden_metadata_is_zeros_in_training_only(made: Made) -> None:
    head = build("sigmoid", made, metadata=True, plan=HeadPlan(hide_metadata=0.5))
    part = keras.Model(head.inputs, head.get_layer("hide_metadata").output)
    trained = keras.ops.convert_to_numpy(part(made.inputs(True), training=True))
    rows = trained.any(axis=1)
    assert 0.3 < rows.mean() < 0.7
    assert trained[rows] == pytest.approx(2 * made.metadata[rows])  # Keras keeps the mean
    asked = keras.ops.convert_to_numpy(part(made.inputs(True), training=False))
    assert (asked == made.metadata).all()


def test_without_features_to_go_by_nothing_is_standardised(made: Made) -> None:
    head = build_task_head("softmax", HeadShape(D, K), HeadPlan())
    assert "standardize" not in [layer.name for layer in head.layers]
    assert predict_outputs(head, [made.features]).sum(axis=1) == pytest.approx(np.ones(N), abs=1e-5)


def test_what_cannot_be_built_is_refused(made: Made) -> None:
    with pytest.raises(BadStudy, match="one of softmax"):
        build_task_head("soft", HeadShape(D, K), HeadPlan())
    with pytest.raises(ValueError, match="got none"):
        build_task_head("label_embedding", HeadShape(D, K), HeadPlan())
    with pytest.raises(ValueError, match="of 7 classes; got 4"):
        build_task_head("label_embedding", HeadShape(D, 7), HeadPlan(), space=SPACE)

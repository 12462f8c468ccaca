"""Each row of BACKBONES: its preprocessing, its groups, and that it trains, saves and predicts."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from albumart.errors import BadStudy
from albumart.images import load_rgb
from albumart.models.backbones import BACKBONES, Backbone, check_options, find_backbone
from albumart.models.groups import find_backbone_in, layer_groups
from albumart.models.head_network import HeadPlan, HeadShape, build_task_head, join_head
from albumart.models.hub import has_hub
from albumart.models.network import (
    at_size,
    build_extractor,
    load_model,
    predict_proba,
    to_bytes,
)
from albumart.study import Model


def smallest(row: Backbone, **options: object) -> Model:
    return Model(backbone=row.name, weights="random", image_size=row.least, **options)


@dataclass(frozen=True)
class Trained:
    """A trained row before and after it was saved, and what each gave for the same covers."""

    row: Backbone
    pixels: np.ndarray
    probabilities: np.ndarray
    loaded: keras.Model
    loaded_features: np.ndarray
    loaded_probabilities: np.ndarray


@pytest.fixture(scope="module", params=list(BACKBONES))
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A row trained for a step, its last group thawed, then saved and loaded again."""
    row = BACKBONES[request.param]
    if row.extra and not has_hub():
        pytest.skip(f"keras-hub is not installed (extra: {row.extra})")
    pixels = np.stack([load_rgb(cover_file(seed), row.least) for seed in (0, 1)])
    model, last = thawed_at_the_end(row)
    before = last.get_weights()
    # A step is quicker taken than compiled.
    model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    model.train_on_batch(pixels, np.eye(2, dtype=np.float32))
    assert any((old != new).any() for old, new in zip(before, last.get_weights(), strict=True))
    data = to_bytes(model)
    folder = tmp_path_factory.mktemp("models")
    loaded = load_model(data, hashlib.sha256(data).hexdigest(), folder)
    outputs = [loaded.get_layer("features").output, loaded.output]
    features, probabilities = keras.Model(loaded.input, outputs)(pixels)
    return Trained(
        row, pixels, numbers(model(pixels)), loaded, numbers(features), numbers(probabilities)
    )


def thawed_at_the_end(row: Backbone) -> tuple[keras.Model, keras.layers.Layer]:
    """A classifier whose last group alone is trained, and a layer of that group with weights."""
    extractor = build_extractor(smallest(row))
    *frozen, last = layer_groups(extractor).values()
    for group in frozen:
        for layer in group:
            layer.trainable = False
    head = build_task_head("softmax", HeadShape(row.width, 2), HeadPlan())
    return join_head(extractor, head), next(layer for layer in reversed(last) if layer.weights)


def numbers(tensor: object) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def cover_file(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_trained_row_predicts_the_same_after_it_was_saved(trained: Trained) -> None:
    answers = trained.loaded_probabilities
    assert answers == pytest.approx(trained.probabilities, abs=1e-5)
    assert answers.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_preprocessing_equals_the_reference(trained: Trained) -> None:
    """E10: file → saved model equals file → the reference preprocess_input → the backbone."""
    row = trained.row
    if row.application is None:
        pytest.skip(f"{row.name} has no reference in Keras; of keras-hub's see test_hub.py")
    reference = getattr(keras.applications, row.application).preprocess_input
    backbone = find_backbone_in(trained.loaded)
    maps = numbers(backbone(reference(trained.pixels.astype(np.float32))))
    expected = maps.mean(axis=(1, 2))
    near = pytest.approx(expected, rel=1e-3, abs=1e-3 * float(np.abs(expected).mean()))
    assert trained.loaded_features == near
    assert trained.loaded_features.shape == (2, row.width)


def test_groups_cover_every_layer_once_and_in_order(trained: Trained) -> None:
    groups = layer_groups(trained.loaded)
    assert list(groups) == list(trained.row.groups)
    assert all(any(layer.weights for layer in group) for group in groups.values())
    together = [layer for group in groups.values() for layer in group]
    assert together == find_backbone_in(trained.loaded).layers


def test_groups_of_what_has_no_backbone() -> None:
    head = build_task_head("softmax", HeadShape(4, 2), HeadPlan())
    with pytest.raises(BadStudy, match="expected a network with one of small.*; got 'head'"):
        layer_groups(head)


def test_a_row_that_does_not_fit_its_network_is_told() -> None:
    impostor = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="VGG16")
    with pytest.raises(ValueError, match="VGG16: expected a layer 'block1_pool' at the end of"):
        layer_groups(impostor)


def test_small_is_small() -> None:
    extractor = build_extractor(smallest(BACKBONES["small"]))
    assert extractor.count_params() < 110_000


def test_another_size_keeps_the_weights() -> None:
    model = smallest(BACKBONES["small"])
    extractor = build_extractor(model, seed=3)
    larger = at_size(extractor, model.model_copy(update={"image_size": 64}))
    assert larger.input_shape == (None, 64, 64, 3)
    for ours, theirs in zip(larger.get_weights(), extractor.get_weights(), strict=True):
        assert (ours == theirs).all()


def test_the_whole_map_and_the_published_mistake_in_scaling() -> None:
    row = BACKBONES["VGG16"]
    pixels = load_rgb(cover_file(0), 64)[None]
    options = {"pooling": "flatten", "preprocess": "divide_by_255"}
    model = Model(backbone="VGG16", weights="random", image_size=64, **options)
    extractor = build_extractor(model)
    assert extractor.output_shape == (None, 2 * 2 * row.width)
    expected = numbers(find_backbone_in(extractor)(pixels.astype(np.float32) / 255)).ravel()
    assert predict_proba(extractor, pixels)[0] == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_narrow_networks_are_of_their_own_width() -> None:
    narrow = build_extractor(smallest(BACKBONES["MobileNetV2"], alpha=0.35))
    assert narrow.output_shape == (None, 1280)
    assert narrow.count_params() < 500_000


def test_mixed_precision_computes_in_bfloat16_and_gives_float32() -> None:
    model = smallest(BACKBONES["small"])
    before = keras.config.dtype_policy()
    mixed = build_extractor(model, precision="mixed_bfloat16")
    assert keras.config.dtype_policy() == before
    assert find_backbone_in(mixed).get_layer("block1_conv").compute_dtype == "bfloat16"
    pixels = load_rgb(cover_file(0), model.image_size)[None]
    features = predict_proba(mixed, pixels)
    assert features.dtype == np.float32
    exact = predict_proba(build_extractor(model), pixels)
    assert features == pytest.approx(exact, abs=0.05 * float(np.abs(exact).max()))
    assert at_size(mixed, model).get_layer("small").dtype_policy.name == "mixed_bfloat16"


@pytest.mark.parametrize("row", BACKBONES.values(), ids=list(BACKBONES))
def test_each_row_says_whose_its_weights_are(row: Backbone) -> None:
    assert ("; " in row.licence) is row.pretrained
    assert row.least <= row.size
    assert 1.0 in row.alphas


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "ResNet34"}, "no backbone 'ResNet34'; there are: small, MobileNetV2"),
        ({"backbone": "InceptionV3", "image_size": 64}, "expected 75 or more for InceptionV3"),
        ({"backbone": "MobileNetV2", "alpha": 0.4}, "expected 0.35 or 0.5 or .* for MobileNetV2"),
        ({"backbone": "VGG16", "alpha": 0.5}, "model.alpha: expected 1 for VGG16; got 0.5"),
    ],
)
def test_what_cannot_be_built_names_the_choices(options: dict[str, object], message: str) -> None:
    with pytest.raises(BadStudy, match=message):
        check_options(Model(**options))


def test_a_known_name_is_found() -> None:
    assert find_backbone("small") is BACKBONES["small"]


def test_files_lie_where_they_are_said_to(tmp_path: Path) -> None:
    data = to_bytes(build_extractor(smallest(BACKBONES["small"])))
    sha256 = hashlib.sha256(data).hexdigest()
    load_model(data, sha256, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{sha256}.keras"]

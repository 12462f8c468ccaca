"""Networks: the two ways to train one end in the same kind of file, and the file is checked."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest

from albumart.errors import UnsafeInput
from albumart.models.head_network import HeadPlan, HeadShape, build_task_head, join_head
from albumart.models.network import (
    apply_temperature,
    build_extractor,
    load_model,
    predict_proba,
    to_bytes,
)
from albumart.study import Model

PIXELS = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def parts() -> tuple[keras.Model, keras.Model]:
    keras.utils.set_random_seed(0)
    extractor = build_extractor(Model(backbone="small", weights="random", image_size=32))
    features = predict_proba(extractor, PIXELS)
    head = build_task_head("softmax", HeadShape(128, 3), HeadPlan(), standardize=features)
    return extractor, head


def test_a_head_on_features_equals_the_joined_model_on_pixels(
    parts: tuple[keras.Model, keras.Model],
) -> None:
    extractor, head = parts
    by_features = predict_proba(head, predict_proba(extractor, PIXELS))
    assert predict_proba(join_head(*parts), PIXELS) == pytest.approx(by_features, abs=1e-6)
    assert by_features.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)


def test_saved_and_loaded_gives_the_same_probabilities(
    parts: tuple[keras.Model, keras.Model], tmp_path: Path
) -> None:
    model = join_head(*parts)
    data = to_bytes(model)
    loaded = load_model(data, hashlib.sha256(data).hexdigest(), tmp_path)
    assert (predict_proba(loaded, PIXELS) == predict_proba(model, PIXELS)).all()


def test_temperature_divides_the_logits(parts: tuple[keras.Model, keras.Model]) -> None:
    model = join_head(*parts)
    before = np.log(predict_proba(model, PIXELS))
    apply_temperature(parts[1], 2.0)
    after = predict_proba(model, PIXELS)
    halved = np.exp(before / 2) / np.exp(before / 2).sum(axis=1, keepdims=True)
    assert after == pytest.approx(halved, abs=1e-6)


def test_random_weights_are_the_seeds_own() -> None:
    model = Model(backbone="small", weights="random", image_size=32)
    first, again, other = (
        predict_proba(build_extractor(model, seed=seed), PIXELS) for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_an_altered_byte_is_refused_before_loading(
    parts: tuple[keras.Model, keras.Model], tmp_path: Path
) -> None:
    data = to_bytes(join_head(*parts))
    altered = data[:100] + bytes([data[100] ^ 1]) + data[101:]
    with pytest.raises(UnsafeInput) as refused:
        load_model(altered, hashlib.sha256(data).hexdigest(), tmp_path)
    assert refused.value.code == "digest"
    assert not list(tmp_path.iterdir())


def test_blocks_do_not_change_what_is_predicted(parts: tuple[keras.Model, keras.Model]) -> None:
    model = join_head(*parts)
    assert predict_proba(model, PIXELS, batch_size=2) == pytest.approx(
        predict_proba(model, PIXELS), abs=1e-6
    )

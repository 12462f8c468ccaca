"""Moments: the worked example, and the same network again out of its file."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest

from albumart.models.backbones import BACKBONES
from albumart.models.head_network import HeadPlan, HeadShape, build_task_head, join_head
from albumart.models.network import build_extractor, load_model, predict_proba, to_bytes
from albumart.models.pooling import WIDEST, pool_moments
from albumart.study import Model

PIXELS = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
SMALL = Model(backbone="small", weights="random", image_size=32, pooling="moments")


def test_means_and_signed_roots_of_covariances_by_numpy() -> None:
    backbone = BACKBONES["small"].build(SMALL, None)
    inputs = keras.Input((32, 32, 3))
    found = keras.Model(inputs, pool_moments(backbone, inputs)).predict(PIXELS, verbose=0)
    ends = [backbone.get_layer(f"block{number}_pool").output for number in range(1, 5)]
    maps = keras.Model(backbone.inputs, ends).predict(PIXELS.astype(np.float32), verbose=0)
    flat = [each.reshape(5, -1, each.shape[-1]) for each in maps]
    wanted = [each.mean(axis=1) for each in flat]
    for each in flat:
        shared = np.stack([np.cov(one.T, bias=True) for one in each])
        upper = shared[:, *np.triu_indices(each.shape[-1])]
        wanted.append(np.sign(upper) * np.sqrt(np.abs(upper)))
    assert found == pytest.approx(np.concatenate(wanted, axis=1), abs=1e-3, rel=1e-3)


def test_of_wide_maps_the_mean_alone() -> None:
    model = Model(backbone="MobileNetV2", weights="random", image_size=32, pooling="moments")
    widths = (16, 24, 32, 64, 96, 320, 1280)
    wanted = sum(widths) + sum(c * (c + 1) // 2 for c in widths if c <= WIDEST)
    assert build_extractor(model).output_shape == (None, wanted)


def test_saved_and_loaded_gives_the_same_probabilities(tmp_path: Path) -> None:
    extractor = build_extractor(SMALL)
    features = predict_proba(extractor, PIXELS)
    shape = HeadShape(features.shape[1], 3)
    head = build_task_head("softmax", shape, HeadPlan(), standardize=features)
    model = join_head(extractor, head)
    data = to_bytes(model)
    loaded = load_model(data, hashlib.sha256(data).hexdigest(), tmp_path)
    assert (predict_proba(loaded, PIXELS) == predict_proba(model, PIXELS)).all()
    by_features = predict_proba(head, features)
    assert predict_proba(model, PIXELS) == pytest.approx(by_features, abs=1e-5)

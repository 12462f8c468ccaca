"""Each row of BACKBONES: its preprocessing, and what a wrong name gets."""

import keras
import numpy as np
import pytest

from albumart.errors import BadStudy
from albumart.models.backbones import BACKBONES, find_backbone
from albumart.models.network import build_extractor, predict_proba
from albumart.study import Model

SIZE = 96


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", [row.name for row in BACKBONES.values() if row.application])
def test_preprocessing_equals_the_reference(name: str, pixels: np.ndarray) -> None:
    """E10: pixels → our model equals pixels → the reference preprocess_input → the backbone."""
    extractor = build_extractor(Model(backbone=name, weights="random", image_size=SIZE))
    reference = getattr(keras.applications, str(BACKBONES[name].application)).preprocess_input
    backbone = next(layer for layer in extractor.layers if isinstance(layer, keras.Model))
    maps = np.asarray(backbone(reference(pixels.astype(np.float32))))
    ours = predict_proba(extractor, pixels)
    assert ours == pytest.approx(maps.mean(axis=(1, 2)), rel=1e-3, abs=1e-5)


def test_small_is_small(pixels: np.ndarray) -> None:
    extractor = build_extractor(Model(backbone="small", weights="random", image_size=SIZE))
    assert extractor.count_params() < 110_000
    assert predict_proba(extractor, pixels).shape == (2, 128)


def test_a_wrong_name_gets_the_choices() -> None:
    with pytest.raises(BadStudy, match="no backbone 'ResNet34'; there are: small, MobileNetV2"):
        find_backbone("ResNet34")

"""Weights are checked before Keras sees them."""

from pathlib import Path

import keras
import pytest

from albumart.errors import BadStudy, FetchError, NotFound, UnsafeInput
from albumart.models.network import build_extractor
from albumart.models.weights import resolve_weights
from albumart.study import Model


def model(weights: str, backbone: str = "small") -> Model:
    return Model(backbone=backbone, weights=weights, image_size=32)


def test_named_weights_need_no_file() -> None:
    assert resolve_weights(model("imagenet", "VGG16")).argument == "imagenet"
    assert resolve_weights(model("random")).are_random


def test_a_file_is_named_by_its_digest_and_loads(tmp_path: Path) -> None:
    source = build_extractor(model("random"))
    backbone = next(layer for layer in source.layers if isinstance(layer, keras.Model))
    path = tmp_path / "small.weights.h5"
    backbone.save_weights(path)
    found = resolve_weights(model(str(path)))
    assert len(found.identity) == 64
    again = build_extractor(model(str(path)))
    for ours, theirs in zip(again.get_weights(), source.get_weights(), strict=True):
        assert (ours == theirs).all()


def test_imagenet_weights_of_a_network_of_ours_are_refused() -> None:
    with pytest.raises(BadStudy, match="no imagenet weights for small; expected 'random'"):
        resolve_weights(model("imagenet"))


def test_a_missing_file_names_the_choices() -> None:
    with pytest.raises(NotFound, match="no weights at 'nowhere.h5'; expected 'imagenet'.*'random'"):
        resolve_weights(model("nowhere.h5"))


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "text.weights.h5", "model.keras"])
def test_other_files_are_refused_by_type(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x80\x04\x95 not HDF5 at all")
    with pytest.raises(UnsafeInput, match="is no HDF5 file of Keras") as refused:
        resolve_weights(model(str(path)))
    assert refused.value.code == "weights"


def test_weights_of_another_network_stop_the_run(tmp_path: Path) -> None:
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    path = tmp_path / "other.weights.h5"
    other.save_weights(path)
    with pytest.raises(FetchError, match="weights for small: .*--weights"):
        build_extractor(model(str(path)))

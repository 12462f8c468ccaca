"""What a backbone saw before: a network with its top, and the names of its classes."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from albumart.errors import AlbumArtError, NotFound, UnsafeInput
from albumart.explain.imagenet import ImageNetTop, imagenet_size, what_backbone_sees
from albumart.models.preprocessing import to_unit_range
from albumart.study import Model

MODEL = Model(backbone="MobileNetV2", alpha=0.35, weights="random", image_size=64)
INDEX = {str(number): [f"n{number:08}", f"thing_{number}"] for number in range(1000)}


def write_index(folder: Path, index: object = INDEX) -> Path:
    path = folder / "classes.json"
    path.write_text(index if isinstance(index, str) else json.dumps(index))
    return path


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return keras.applications.MobileNetV2(alpha=0.35, weights=None)


@pytest.fixture(scope="module")
def weights(network: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("top") / "top.weights.h5"
    network.save_weights(path)
    return str(path)


def test_the_likeliest_things_of_each_cover(network, weights, tmp_path):
    size = imagenet_size(MODEL)
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    told = keras.ops.convert_to_numpy(network(to_unit_range(pixels.astype(np.float32))))
    seen = what_backbone_sees(ImageNetTop(weights, write_index(tmp_path)), MODEL, pixels)
    for row, things in zip(told, seen, strict=True):
        names, shares = zip(*things, strict=True)
        assert list(names) == [f"thing {number}" for number in np.argsort(-row)[:3]]
        assert shares == pytest.approx(sorted(row)[::-1][:3], abs=1e-5)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("{", "expected the classes 0 to 999"),
        ([1, 2], "something else"),
        ({"0": ["n1", "tench"]}, "got 1 of them"),
        ({**INDEX, "0": "tench"}, "something else"),
        ({name: pair for name, pair in INDEX.items() if name != "7"}, "got 999"),
    ],
)
def test_what_names_no_classes_is_refused(index, message, tmp_path):
    with pytest.raises(UnsafeInput, match=message) as refused:
        _ = ImageNetTop("imagenet", write_index(tmp_path, index)).names
    assert refused.value.code == "imagenet_classes"


def test_names_that_are_not_there(tmp_path):
    with pytest.raises(NotFound, match="nowhere.json"):
        _ = ImageNetTop("imagenet", tmp_path / "nowhere.json").names


@pytest.mark.parametrize(
    ("model", "file", "error", "message"),
    [
        (MODEL.model_copy(update={"backbone": "small"}), "top", NotFound, "never trained"),
        (MODEL.model_copy(update={"alpha": 0.5}), "top", UnsafeInput, "weights of MobileNetV2"),
        (MODEL, "none", NotFound, "no file"),
        (MODEL, "text", UnsafeInput, "with its top"),
    ],
)
def test_what_is_no_network_with_its_top(model, file, error, message, weights, tmp_path):
    (tmp_path / "text.h5").write_text("no weights")
    paths = {"top": weights, "none": str(tmp_path / "none.h5"), "text": str(tmp_path / "text.h5")}
    top = ImageNetTop(paths[file], write_index(tmp_path))
    with pytest.raises(error, match=message) as refused:
        what_backbone_sees(top, model, np.zeros((1, 224, 224, 3), np.uint8))
    assert isinstance(refused.value, AlbumArtError)

"""Features of covers: each computed once, whatever dataset, kill or second process comes."""

import importlib.util
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from albumart.errors import BadStudy, Diverged, PlatformError
from albumart.features import embeddings
from albumart.features.embeddings import compute_embeddings, embedding_folder
from albumart.features.makers import CONVERTED, GPU_BATCH, MAKERS, FeatureSpec, find_maker
from albumart.features.rows import CoverRows
from albumart.models.network import build_extractor, predict_proba
from albumart.study import Model

SPEC = FeatureSpec(Model(backbone="small", weights="random", image_size=32))
N = 20
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 32, 32, 3), dtype=np.uint8)
COVERS = [f"{n:064x}" for n in range(N)]


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    return predict_proba(build_extractor(SPEC.model), PIXELS)


class Reader:
    """Pixels by their number, and which were read."""

    def __init__(self, pixels: np.ndarray = PIXELS) -> None:
        self.pixels = pixels
        self.read: list[int] = []

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        self.read += numbers.tolist()
        return self.pixels[numbers]


def test_rows_are_in_the_order_of_the_covers(tmp_path: Path, expected: np.ndarray) -> None:
    found = compute_embeddings(PIXELS.__getitem__, COVERS, SPEC, tmp_path)
    assert found == pytest.approx(expected, abs=1e-6)
    back = compute_embeddings(PIXELS[::-1].__getitem__, COVERS[::-1], SPEC, tmp_path)
    assert (back == found[::-1]).all()


def test_a_grown_dataset_computes_only_its_new_covers(tmp_path: Path, expected: np.ndarray) -> None:
    compute_embeddings(PIXELS[:12].__getitem__, COVERS[:12], SPEC, tmp_path)
    # The new covers stand between the old ones, and one of them belongs to two albums.
    order = [12, 0, 13, 1, 12, *range(2, 12)]
    reader = Reader(PIXELS[order])
    found = compute_embeddings(reader, [COVERS[n] for n in order], SPEC, tmp_path)
    assert reader.read == [0, 2]
    assert found == pytest.approx(expected[order], abs=1e-6)


def test_what_is_there_is_read_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compute_embeddings(PIXELS.__getitem__, COVERS, SPEC, tmp_path)
    monkeypatch.setattr(embeddings, "find_maker", None)
    reader = Reader()
    again = compute_embeddings(reader, COVERS, SPEC, tmp_path)
    assert isinstance(again, np.memmap)
    assert (again == first).all()
    assert not reader.read


@pytest.mark.parametrize(
    "other",
    [
        replace(SPEC, seed=1),
        replace(SPEC, precision="mixed_bfloat16"),
        replace(SPEC, maker="openvino"),
        replace(SPEC, model=SPEC.model.model_copy(update={"image_size": 64})),
        replace(SPEC, model=SPEC.model.model_copy(update={"pooling": "flatten"})),
        replace(SPEC, model=SPEC.model.model_copy(update={"preprocess": "divide_by_255"})),
        replace(SPEC, model=SPEC.model.model_copy(update={"backbone": "MobileNetV2"})),
    ],
)
def test_what_gives_other_features_has_a_folder_of_its_own(
    other: FeatureSpec, tmp_path: Path
) -> None:
    assert embedding_folder(tmp_path, other) != embedding_folder(tmp_path, SPEC)


def test_a_file_is_the_same_weights_wherever_it_lies(tmp_path: Path) -> None:
    backbone = next(
        layer for layer in build_extractor(SPEC.model).layers if isinstance(layer, keras.Model)
    )
    folders = []
    for name in ("a.weights.h5", "b.weights.h5"):
        backbone.save_weights(tmp_path / name)
        model = SPEC.model.model_copy(update={"weights": str(tmp_path / name)})
        folders.append(embedding_folder(tmp_path, FeatureSpec(model)))
    assert folders[0] == folders[1]


def test_a_failure_in_the_middle_keeps_what_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: np.ndarray
) -> None:
    monkeypatch.setattr(embeddings, "BLOCK", 8)

    def broken(numbers: np.ndarray) -> np.ndarray:
        if numbers[0] >= 16:
            raise OSError("the store went away")
        return PIXELS[numbers]

    with pytest.raises(OSError, match="went away"):
        compute_embeddings(broken, COVERS, SPEC, tmp_path)
    rows = CoverRows(embedding_folder(tmp_path, SPEC))
    left = rows.missing(COVERS)
    assert left
    assert len(left) < N
    reader = Reader()
    found = compute_embeddings(reader, COVERS, SPEC, tmp_path)
    assert reader.read == left
    assert found == pytest.approx(expected, abs=1e-6)


# Keras takes ten seconds to import, and has no part in what is tried here.
KILLED = """
import os, signal, sys, types
from pathlib import Path

import numpy as np

backend = types.SimpleNamespace(backend=lambda: sys.argv[2])
sys.modules["keras"] = types.SimpleNamespace(backend=backend)

from albumart.features import embeddings
from albumart.features.makers import FeatureSpec, Maker
from albumart.study import Model

def fives(pixels):
    fives.calls += 1
    if fives.calls == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return np.full((len(pixels), 128), 5, np.float32)

fives.calls = 0
embeddings.BLOCK = 8
embeddings.find_maker = lambda name: Maker(lambda spec: (fives, 128), lambda: 8)
covers = [f"{n:064x}" for n in range(20)]
pixels = np.zeros((20, 1, 1, 3), np.uint8)
spec = FeatureSpec(Model(backbone="small", weights="random", image_size=32))
embeddings.compute_embeddings(pixels.__getitem__, covers, spec, Path(sys.argv[1]))
"""


def test_a_killed_process_is_gone_on_with(tmp_path: Path, expected: np.ndarray) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), keras.backend.backend()]
    ended = subprocess.run(command, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]
    reader = Reader()
    found = compute_embeddings(reader, COVERS, SPEC, tmp_path)
    assert reader.read == list(range(8, N))
    assert (found[:8] == 5).all()
    assert found[8:] == pytest.approx(expected[8:], abs=1e-6)


def test_of_two_at_once_one_computes(tmp_path: Path) -> None:
    readers = [Reader(), Reader()]

    def ask(reader: Reader) -> Sequence[object]:
        return compute_embeddings(reader, COVERS, SPEC, tmp_path)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, readers)
    assert sorted(readers[0].read + readers[1].read) == list(range(N))
    assert np.array_equal(first, second)


def test_features_that_are_no_numbers_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(MAKERS["keras"], build=lambda _: (lambda pixels: pixels[:, 0, 0] / 0.0, 3))
    monkeypatch.setattr(embeddings, "find_maker", lambda _: broken)
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="expected finite features"):
        compute_embeddings(PIXELS.__getitem__, COVERS, SPEC, tmp_path)
    assert len(CoverRows(embedding_folder(tmp_path, SPEC)).missing(COVERS)) == N


def test_a_gpu_is_given_larger_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    keras_maker = find_maker("keras")
    assert keras_maker.batch() == 8
    monkeypatch.setattr("keras.ops.zeros", lambda shape: SimpleNamespace(device="cuda:0"))
    assert keras_maker.batch() == GPU_BATCH


def test_a_wrong_maker_gets_the_choices() -> None:
    with pytest.raises(BadStudy, match="no maker of features 'onnx'; there are: keras, openvino"):
        find_maker("onnx")


def test_openvino_agrees_with_keras(tmp_path: Path, expected: np.ndarray) -> None:
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("OpenVINO is not installed: pip install 'albumart[openvino]'")
    if keras.backend.backend() not in CONVERTED:
        pytest.skip("OpenVINO cannot read the networks of this backend")
    exact = compute_embeddings(
        PIXELS.__getitem__, COVERS, replace(SPEC, maker="openvino"), tmp_path
    )
    assert exact == pytest.approx(expected, rel=1e-4, abs=1e-5)
    rough = compute_embeddings(
        PIXELS.__getitem__,
        COVERS,
        replace(SPEC, maker="openvino", precision="mixed_bfloat16"),
        tmp_path,
    )
    error = np.linalg.norm(rough - expected) / np.linalg.norm(expected)
    assert error < 0.02
    assert sys.modules["openvino_telemetry"] is None


def test_a_backend_that_openvino_cannot_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr("albumart.features.makers.CONVERTED", ("cuneiform",))
    with pytest.raises(PlatformError, match="expected Keras on cuneiform, whose networks"):
        compute_embeddings(PIXELS.__getitem__, COVERS, replace(SPEC, maker="openvino"), tmp_path)


def test_without_openvino_its_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(PlatformError, match=r"pip install 'albumart\[openvino\]'"):
        compute_embeddings(PIXELS.__getitem__, COVERS, replace(SPEC, maker="openvino"), tmp_path)

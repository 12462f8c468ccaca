"""A network answers about images, in batches, for many threads at once."""

import hashlib
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from albumart.images import load_rgb
from albumart.models.head_network import HeadPlan, HeadShape, build_task_head, join_head
from albumart.models.network import (
    build_extractor,
    feature_network,
    load_model,
    network_digest,
    to_bytes,
)
from albumart.serving.predictor import BATCH, NamedImage, Predictor
from albumart.stores.models import ModelVersion
from albumart.study import Model

CLASSES = ("a", "b", "c", "d")
SMALL = Model(backbone="small", weights="random", image_size=32)


def built(model: Model = SMALL, *, seed: int = 0, head: int = 0) -> keras.Model:
    extractor = build_extractor(model, seed=seed)
    shape = HeadShape(int(extractor.output_shape[-1]), len(CLASSES))
    return join_head(extractor, build_task_head("softmax", shape, HeadPlan(seed=head)))


def reloaded(model: keras.Model, folder: Path) -> keras.Model:
    data = to_bytes(model)
    return load_model(data, hashlib.sha256(data).hexdigest(), folder)


def version(confidence: float | None = 0.0, **evaluation: object) -> ModelVersion:
    return ModelVersion(
        study="made", version=3, run="r", dataset="d", albums=9, sha256="0" * 64, classes=CLASSES,
        image_size=32, evaluation=evaluation, baselines={},
        threshold=None if confidence is None else {"confidence": confidence},
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> keras.Model:
    return reloaded(built(), tmp_path_factory.mktemp("models"))


def picture(number: int, side: int = 40) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_images_are_answered_in_their_order_and_broken_ones_in_their_place(
    model: keras.Model,
) -> None:
    predictor = Predictor(model, version())
    images = [NamedImage(str(n), picture(n)) for n in range(2 * BATCH + 5)]
    images[3] = NamedImage("3", b"words")
    images[BATCH] = NamedImage("small", picture(1, side=20))
    images[-1] = NamedImage("-1", error="gone")
    images[-2] = NamedImage("-2")
    found = list(predictor.predict(images, top=2))
    assert [each.name for each in found] == [each.name for each in images]
    assert "expected JPEG, PNG, WEBP, GIF" in str(found[3].error)
    assert "32 pixels a side or more; got (20, 20)" in str(found[BATCH].error)
    assert (found[-1].error, found[-1].labels, found[-1].probabilities) == ("gone", (), None)
    assert "expected an image; got nothing" in str(found[-2].error)
    whole = [each for each in found if each.error is None]
    assert len(whole) == len(images) - 4
    pixels = np.stack([load_rgb(picture(int(each.name)), 32) for each in whole])
    expected = predictor.probabilities(pixels)
    for each, seen, row in zip(whole, pixels, expected, strict=True):
        assert each.probabilities == pytest.approx(row, abs=1e-6)
        assert (each.pixels == seen).all()
        assert each.model == 3
        best = sorted(zip(row, CLASSES, strict=True), reverse=True)[:2]
        assert [label.label for label in each.labels] == [name for _, name in best]


def test_only_broken_images_want_no_network() -> None:
    predictor = Predictor(None, version())  # type: ignore[arg-type]
    assert [each.error for each in predictor.predict([NamedImage("a", error="no")], top=1)] == [
        "no"
    ]
    assert list(predictor.predict([], top=1)) == []


def test_few_images_wait_however_many_there_are(model: keras.Model) -> None:
    read: list[int] = []

    def numbers() -> Iterator[int]:
        for n in range(10_000):
            read.append(n)
            yield n

    data = picture(0)
    found = Predictor(model, version()).predict_items(
        numbers(), lambda n: NamedImage(str(n), data, pixel_sha256="d"), top=1
    )
    first = next(found)
    assert (first.name, first.pixel_sha256) == ("0", "d")
    assert len(read) <= 4 * BATCH
    found.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_it_says_when_it_is_not_sure(model: keras.Model) -> None:
    def is_not_sure(of: ModelVersion) -> bool:
        (found,) = Predictor(model, of).predict([NamedImage("x", picture(0))], top=1)
        return found.not_sure

    assert not is_not_sure(version(0.0))
    assert is_not_sure(version(1.0))
    assert is_not_sure(version(None))
    # Where there may be several labels, none needs to be the one: one that is said is enough.
    assert not is_not_sure(version(None, popularity={}, threshold=0.01))
    assert is_not_sure(version(None, popularity={}, threshold=0.99))


def test_many_threads_may_ask_a_network_that_was_never_asked(tmp_path: Path) -> None:
    fresh = reloaded(built(), tmp_path)
    predictor, pixels = (
        Predictor(fresh, version()),
        np.stack([load_rgb(picture(n), 32) for n in range(12)]),
    )
    together = threading.Barrier(8)

    def ask(thread: int) -> list[np.ndarray]:
        together.wait(30)
        sizes = [1 + (thread + n) % 12 for n in range(10)]
        return [
            *(predictor.probabilities(pixels[:size])[-1] for size in sizes),
            predictor.features(pixels[: sizes[0]])[-1],
        ]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    alone = predictor.probabilities(pixels)
    features = predictor.features(pixels)
    for thread, answers in enumerate(found):
        *asked, last = answers
        for n, row in enumerate(asked):
            assert row == pytest.approx(alone[(thread + n) % 12], abs=1e-6)
        assert last == pytest.approx(features[thread % 12], abs=1e-5)


def test_a_warm_network_builds_nothing_more(tmp_path: Path) -> None:
    predictor = Predictor(reloaded(built(), tmp_path), version())
    predictor.warm()
    built_then = predictor.model.predict_function
    predictor.probabilities(np.zeros((7, 32, 32, 3), np.uint8))
    assert predictor.model.predict_function is built_then


def test_features_are_the_pooled_map_of_the_versions_own_backbone(
    model: keras.Model, tmp_path: Path
) -> None:
    pixels = np.stack([load_rgb(picture(n), 32) for n in range(3)])
    features = Predictor(model, version()).features(pixels)
    assert features.shape == (3, 128)
    extractor = build_extractor(SMALL)
    assert features == pytest.approx(np.asarray(extractor(pixels)), abs=1e-5)
    flat = reloaded(built(SMALL.model_copy(update={"pooling": "flatten"})), tmp_path)
    assert feature_network(flat).output_shape == (None, 128)
    assert Predictor(flat, version()).features(pixels) == pytest.approx(features, abs=1e-5)


def test_a_backbone_is_named_by_what_it_computes(model: keras.Model, tmp_path: Path) -> None:
    name = network_digest(feature_network(model))
    assert len(name) == 16
    other_head = reloaded(built(head=7), tmp_path)
    assert network_digest(feature_network(other_head)) == name
    assert network_digest(model) != network_digest(other_head)
    other_weights = built(seed=1)
    assert network_digest(feature_network(other_weights)) != name
    divided = built(SMALL.model_copy(update={"preprocess": "divide_by_255"}))
    assert network_digest(feature_network(divided)) != name

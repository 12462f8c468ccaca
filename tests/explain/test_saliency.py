"""Saliency: each method finds what was planted, on models of every make."""

import hashlib

import keras
import numpy as np
import pytest
from explained_models import SIDE, colour_model, made_model
from keras import ops

from albumart.errors import NotFound
from albumart.explain import saliency
from albumart.explain.gradients import score_gradient
from albumart.explain.parts import take_apart
from albumart.explain.saliency import METHODS, default_method, explain_cover, explain_covers
from albumart.explain.sanity import chance_overlap, cue_overlap
from albumart.models.network import load_model, predict_proba, to_bytes

PIXELS = np.random.default_rng(3).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
CLASSES = np.array([0, 1, 2])


@pytest.mark.parametrize("method", METHODS)
def test_the_hottest_area_is_what_tells_the_class(method, trained, covers):
    assert (predict_proba(trained, covers.pixels).argmax(axis=1) == covers.labels).mean() > 0.9
    few = slice(0, 4 if method in ("smoothgrad", "occlusion") else None)
    heat = explain_covers(trained, covers.pixels[few], covers.labels[few], method)
    assert heat.shape == covers.cues[few].shape
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert heat.max() == 1
    found = np.mean([cue_overlap(one, cue) for one, cue in zip(heat, covers.cues, strict=False)])
    assert found > 4 * chance_overlap(covers.cues[0])


def test_one_cover_is_asked_as_several_are(trained, covers):
    together = explain_covers(trained, covers.pixels[:9], covers.labels[:9])
    alone = explain_cover(trained, covers.pixels[8], int(covers.labels[8]))
    assert alone == pytest.approx(together[8], abs=1e-4)


def test_another_class_is_another_map(trained, covers):
    label = int(covers.labels[0])
    own, other = (explain_cover(trained, covers.pixels[0], n) for n in (label, (label + 1) % 3))
    assert np.abs(own - other).max() > 0.5


def test_the_model_stays_as_it_is(trained, covers):
    before = [weight.copy() for weight in trained.get_weights()]
    for method in METHODS:
        explain_cover(trained, covers.pixels[0], 1, method)
    assert all((a == b).all() for a, b in zip(before, trained.get_weights(), strict=True))
    assert all(layer.trainable for layer in trained.layers)


@pytest.mark.parametrize("head", ["softmax", "sigmoid", "label_embedding"])
def test_the_score_is_the_logit_of_any_head(head, tmp_path):
    data = to_bytes(made_model(head))
    model = load_model(data, hashlib.sha256(data).hexdigest(), tmp_path)
    scores = ops.convert_to_numpy(take_apart(model).score(PIXELS.astype(np.float32)))
    by_head = ops.softmax if head == "softmax" else ops.sigmoid
    said = ops.convert_to_numpy(by_head(scores))
    assert said == pytest.approx(predict_proba(model, PIXELS), abs=1e-5)
    assert explain_covers(model, PIXELS, CLASSES, "gradient").max(axis=(1, 2)).tolist() == [1] * 3


@pytest.mark.parametrize(
    "options",
    [
        {"backbone": "MobileNetV2", "alpha": 0.35},
        {"backbone": "small", "pooling": "flatten"},
        {"backbone": "VGG16"},
    ],
)
def test_other_backbones_and_poolings_have_a_last_map(options):
    model = made_model(**options)
    assert default_method(model) == "grad_cam"
    assert explain_covers(model, PIXELS, CLASSES).shape == (3, SIDE, SIDE)


def test_of_maps_of_every_depth_the_pixels_are_asked():
    model = made_model(backbone="small", pooling="moments")
    assert default_method(model) == "gradient"
    blank = np.zeros_like(PIXELS)
    heat = explain_covers(model, np.concatenate([PIXELS, blank]), np.tile(CLASSES, 2))
    assert heat.shape == (6, SIDE, SIDE)
    assert np.isfinite(heat).all()
    assert (heat[:3].max(axis=(1, 2)) == 1).all()


def test_gradients_are_those_of_differences(trained, covers):
    parts = take_apart(trained)
    maps = ops.convert_to_numpy(parts.maps(covers.pixels[:1].astype(np.float32)))
    slopes = score_gradient(parts.score_maps, maps, covers.labels[:1])
    step = np.zeros_like(maps)
    step[0, 1, 2, 5] = 0.5
    ends = [ops.convert_to_numpy(parts.score_maps(maps + s * step)) for s in (1, -1)]
    difference = (ends[0] - ends[1])[0, covers.labels[0]]
    assert slopes[0, 1, 2, 5] == pytest.approx(difference, abs=1e-4)


def test_a_gradient_counts_each_row_as_itself():
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    found = score_gradient(lambda x: ops.stack([x[:, 0] ** 2, 3 * x[:, 1]], -1), rows, CLASSES % 2)
    assert found.tolist() == [[0, 0], [0, 3], [8, 0]]


def test_a_model_of_another_make_is_asked_by_hiding():
    model = colour_model()
    red = np.full((SIDE, SIDE, 3), (30, 0, 90), dtype=np.uint8)
    red[:20, :20] = (250, 0, 0)
    assert default_method(model) == "occlusion"
    heat = explain_cover(model, red, 1)
    assert heat[:10, :10].min() > 10 * heat[40:, 40:].max()
    assert explain_cover(model, red, 1, "gradient").min() == 1  # all pixels count alike
    with pytest.raises(NotFound, match="backbone"):
        explain_cover(model, red, 1, "grad_cam")


def test_hiding_shows_something_even_where_the_model_is_sure():
    sure = colour_model()
    sure.layers[-1].set_weights([10 * weight for weight in sure.layers[-1].get_weights()])
    red = np.full((SIDE, SIDE, 3), (90, 0, 0), dtype=np.uint8)
    red[:20, :20] = (250, 0, 0)
    assert predict_proba(sure, red[np.newaxis])[0, 1] == 1
    heat = explain_cover(sure, red, 1, "occlusion")
    assert heat[:10, :10].min() > 0.9 > 0.5 > heat[40:, 40:].max()


def test_hiding_asks_of_each_label_by_itself_where_there_may_be_several():
    parts = take_apart(made_model("sigmoid"))
    scores = ops.convert_to_numpy(parts.score(PIXELS.astype(np.float32)))
    assert parts.answer(PIXELS, 2) == pytest.approx(scores[:, 2], abs=1e-4)


def test_what_speaks_against_a_class_is_no_heat():
    black = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    black[:, :, 1] = 127  # green, which the model does not look at; a patch brings red and blue
    assert not explain_cover(colour_model(), black, 0, "occlusion").any()


def test_without_gradients_patches_are_hidden(monkeypatch, trained, covers):
    monkeypatch.setattr(saliency, "can_take_gradients", lambda: False)
    assert default_method(trained) == "occlusion"
    with pytest.raises(NotFound, match="gradients"):
        explain_cover(trained, covers.pixels[0], 0, "gradient")


def test_noise_is_that_of_the_seed(trained, covers):
    once, again, other = (
        explain_cover(trained, covers.pixels[0], 0, "smoothgrad", seed=seed) for seed in (1, 1, 2)
    )
    assert (once == again).all()
    assert (once != other).any()


@pytest.mark.parametrize(
    ("pixels", "classes", "message"),
    [
        (PIXELS[:, :32], CLASSES, "expected uint8 pixels"),
        (PIXELS.astype(np.float32), CLASSES, "expected uint8 pixels"),
        (PIXELS[:0], CLASSES[:0], "expected uint8 pixels"),
        (PIXELS, CLASSES[:2], "3 numbers of classes"),
        (PIXELS, CLASSES + 1, "from 0 to 2"),
    ],
)
def test_what_is_no_cover_or_no_class_is_said(pixels, classes, message, trained):
    with pytest.raises(ValueError, match=message):
        explain_covers(trained, pixels, classes)


def test_the_methods_are_named(trained):
    with pytest.raises(NotFound, match="grad_cam, gradient, smoothgrad, occlusion"):
        explain_cover(trained, PIXELS[0], 0, "tea_leaves")


def test_a_model_that_wants_more_than_pixels_is_refused():
    inputs = [keras.Input((SIDE, SIDE, 3)), keras.Input((2,))]
    pooled = keras.layers.GlobalAveragePooling2D()(inputs[0])
    model = keras.Model(inputs, keras.layers.Concatenate()([pooled, inputs[1]]))
    with pytest.raises(ValueError, match="pixels alone"):
        default_method(model)

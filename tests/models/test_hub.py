"""Networks of keras-hub, as tiny presets that are made here: nothing is downloaded."""

import hashlib
import io
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from albumart.errors import BadStudy, PlatformError
from albumart.models import hub, zero_shot
from albumart.models.backbones import BACKBONES, check_options
from albumart.models.groups import layer_groups
from albumart.models.hub import has_hub, hub_models, plain_text
from albumart.models.label_space import label_likeness
from albumart.models.network import build_extractor, load_model, predict_proba, to_bytes
from albumart.models.weights import resolve_weights
from albumart.models.zero_shot import find_text_space
from albumart.study import Model

needs_hub = pytest.mark.skipif(not has_hub(), reason="keras-hub is not installed (extra: hub)")

TINY = {"num_layers": 12, "hidden_dim": 16, "num_heads": 2, "intermediate_dim": 16}
READS = {"embedding_dim": 16, **TINY, "num_layers": 1}
MEANS = {"DINOv3Small": (0.485, 0.456, 0.406), "CLIPBase": (0.48145466, 0.4578275, 0.40821073)}
DEVIATIONS = {
    "DINOv3Small": (0.229, 0.224, 0.225),
    "CLIPBase": (0.26862954, 0.26130258, 0.27577711),
}
SIZES = {"DINOv3Small": 32, "CLIPBase": 224, "SigLIP2Base": 224}
LABELS = ("metal", "hip_hop", "jazz")


def save_dinov3(models: Any, folder: Path) -> None:
    network = models.DINOV3Backbone(
        patch_size=16, **TINY, use_key_bias=False, image_shape=(32, 32, 3)
    )
    network.save_to_preset(str(folder))


def save_clip(models: Any, folder: Path) -> None:
    letters = [*string.ascii_lowercase, *(f"{letter}</w>" for letter in string.ascii_lowercase)]
    # The end of a text is its token of the highest number: there CLIP reads what it says.
    words = ["!", *letters, "yz</w>", "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    network = models.CLIPBackbone(
        vision_encoder=models.CLIPVisionEncoder(patch_size=32, **TINY, image_shape=(224, 224, 3)),
        text_encoder=models.CLIPTextEncoder(vocabulary_size=len(words), **READS),
        projection_dim=8,
    )
    network.save_to_preset(str(folder))
    models.CLIPTokenizer(vocabulary=vocabulary, merges=["y z</w>"]).save_to_preset(str(folder))


def save_siglip2(models: Any, folder: Path) -> None:
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(string.ascii_lowercase)] * 9),
        model_writer=written,
        vocab_size=56,
        model_type="CHAR",
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
    )
    network = models.SigLIPBackbone(
        vision_encoder=models.SigLIPVisionEncoder(patch_size=32, **TINY, image_shape=(224, 224, 3)),
        text_encoder=models.SigLIPTextEncoder(vocabulary_size=56, **READS),
    )
    network.save_to_preset(str(folder))
    models.SigLIPTokenizer(proto=written.getvalue()).save_to_preset(str(folder))


SAVE: dict[str, Callable[[Any, Path], None]] = {
    "DINOv3Small": save_dinov3,
    "CLIPBase": save_clip,
    "SigLIP2Base": save_siglip2,
}


@pytest.fixture(scope="module")
def presets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a preset of each network of keras-hub."""
    folder = tmp_path_factory.mktemp("presets")
    for name, save in SAVE.items():
        save(hub_models(), folder / name)
    return folder


def preset_model(presets: Path, name: str, **options: object) -> Model:
    weights = str(presets / name / "model.weights.h5")
    return Model(**{"backbone": name, "weights": weights, "image_size": SIZES[name], **options})


def whole_network(presets: Path, name: str) -> Any:
    return hub_models().Backbone.from_preset(str(presets / name))


def covers(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, size, size, 3), dtype=np.uint8)


def numbers(tensor: object) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def as_hub_sees_them(name: str, size: int) -> np.ndarray:
    """Covers after keras-hub's own converter, with the published mean and deviation."""
    import keras_hub

    half = (0.5, 0.5, 0.5)
    means, deviations = MEANS.get(name, half), DEVIATIONS.get(name, half)
    converter = keras_hub.layers.ImageConverter(
        scale=[1 / 255 / deviation for deviation in deviations],
        offset=[-mean / deviation for mean, deviation in zip(means, deviations, strict=True)],
    )
    return numbers(converter(covers(size).astype(np.float32)))


def test_rows_of_keras_hub_are_the_ones_that_are_tested_here() -> None:
    assert {name for name, row in BACKBONES.items() if row.extra} == set(SAVE)


@needs_hub
@pytest.mark.parametrize("name", SAVE)
def test_features_are_what_keras_hub_itself_sees(presets: Path, name: str) -> None:
    extractor = build_extractor(preset_model(presets, name))
    network, pixels = whole_network(presets, name), as_hub_sees_them(name, SIZES[name])
    if name == "DINOv3Small":
        patches = numbers(network(pixels))[:, 1 + network.num_register_tokens :]
        expected = patches.mean(axis=1)
    else:
        expected = numbers(network.get_vision_embeddings(pixels))
    found = predict_proba(extractor, covers(SIZES[name]))
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-4)


@needs_hub
@pytest.mark.parametrize("name", SAVE)
def test_it_learns_by_groups_and_predicts_the_same_after_it_was_saved(
    presets: Path, name: str, tmp_path: Path
) -> None:
    extractor = build_extractor(preset_model(presets, name))
    groups = layer_groups(extractor)
    assert list(groups) == ["stem", "block1", "block2", "block3", "block4", "top"]
    for layer in (layer for group in list(groups.values())[:-1] for layer in group):
        layer.trainable = False
    classifier = keras.Model(extractor.input, keras.layers.Dense(2)(extractor.output))
    frozen, free = (groups[each][-1 if each == "block4" else 0] for each in ("block4", "top"))
    before = frozen.get_weights(), free.get_weights()
    classifier.compile("sgd", "mse", run_eagerly=True)
    classifier.train_on_batch(covers(SIZES[name]), np.ones((3, 2), np.float32))
    for old, new in zip(before[0], frozen.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert any((a != b).any() for a, b in zip(before[1], free.get_weights(), strict=True))
    data = to_bytes(classifier)
    loaded = load_model(data, hashlib.sha256(data).hexdigest(), tmp_path)
    said = predict_proba(classifier, covers(SIZES[name]))
    assert predict_proba(loaded, covers(SIZES[name])) == pytest.approx(said, abs=1e-5)


@needs_hub
def test_one_that_turns_its_places_takes_any_size(presets: Path) -> None:
    small = build_extractor(preset_model(presets, "DINOv3Small"))
    larger = build_extractor(preset_model(presets, "DINOv3Small", image_size=48))
    assert larger.input_shape == (None, 48, 48, 3)
    for ours, theirs in zip(larger.get_weights(), small.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@needs_hub
@pytest.mark.parametrize("name", ["CLIPBase", "SigLIP2Base"])
def test_zero_shot_ranks_labels_as_the_whole_network_does(
    presets: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zero_shot, "TEXTS", {"genre": ("the cover of a {} album",)})
    model = preset_model(presets, name)
    space = find_text_space(model, LABELS, "genre")
    assert space is not None
    assert space.labels == LABELS
    reader = BACKBONES[name].tower.reader
    tokenizer = getattr(hub_models(), reader.tokenizer).from_preset(str(presets / name))
    ids = [reader.pack(tokenizer, f"the cover of a {label} album") for label in LABELS]
    network, pixels = whole_network(presets, name), as_hub_sees_them(name, 224)
    logits = network({"images": pixels, "token_ids": np.array(ids, np.int32)})["vision_logits"]
    features = predict_proba(build_extractor(model), covers(224))
    found = label_likeness(features, space.vectors)
    np.testing.assert_array_equal(found.argsort(axis=1), numbers(logits).argsort(axis=1))


@needs_hub
def test_texts_are_packed_as_the_networks_were_taught(presets: Path) -> None:
    tokenizer = hub_models().CLIPTokenizer.from_preset(str(presets / "CLIPBase"))
    reader = BACKBONES["CLIPBase"].tower.reader
    packed = reader.pack(tokenizer, "Ab, c!")
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    a, b, c = (tokenizer.token_to_id(token) for token in ("a", "b</w>", "c</w>"))
    assert packed == [start, a, b, c, end] + [0] * 72
    long = reader.pack(tokenizer, "a" * 200)
    assert len(long) == 77
    assert (long[0], long[-1]) == (start, end)


@needs_hub
def test_labels_have_a_mean_of_several_texts(presets: Path) -> None:
    space = find_text_space(preset_model(presets, "CLIPBase"), LABELS, "mood")
    assert space is not None
    assert space.vectors.shape == (3, 8)
    assert np.linalg.norm(space.vectors, axis=1) == pytest.approx([1, 1, 1])
    assert not space.missing


@needs_hub
def test_what_reads_no_texts_has_no_zero_shot(presets: Path, tmp_path: Path) -> None:
    assert find_text_space(preset_model(presets, "DINOv3Small"), LABELS, "genre") is None
    drawn = Model(backbone="CLIPBase", weights="random", image_size=224)
    assert find_text_space(drawn, LABELS, "genre") is None
    alone = tmp_path / "tower.weights.h5"
    alone.write_bytes((presets / "CLIPBase" / "model.weights.h5").read_bytes())
    left = Model(backbone="CLIPBase", weights=str(alone), image_size=224)
    assert find_text_space(left, LABELS, "genre") is None


def test_what_is_not_of_keras_hub_has_no_zero_shot() -> None:
    model = Model(backbone="small", weights="random", image_size=32)
    assert find_text_space(model, LABELS, "genre") is None


@needs_hub
@pytest.mark.parametrize(
    ("backbone", "weights"), [("CLIPBase", "imagenet"), ("VGG16", "preset"), ("small", "preset")]
)
def test_each_row_names_its_own_published_weights(backbone: str, weights: str) -> None:
    model = Model(backbone=backbone, weights=weights, image_size=224)
    with pytest.raises(BadStudy, match=f"no {weights} weights for {backbone}; expected .*'preset'"):
        resolve_weights(model)


@needs_hub
def test_a_preset_needs_no_file() -> None:
    weights = resolve_weights(Model(backbone="CLIPBase", weights="preset", image_size=224))
    assert (weights.identity, weights.are_random) == ("preset", False)


@pytest.mark.parametrize(
    ("backbone", "size", "message"),
    [
        ("CLIPBase", 256, "expected 224 for CLIPBase; got 256"),
        ("DINOv3Small", 40, "expected 32 or more, a multiple of 16 for DINOv3Small; got 40"),
    ],
)
def test_sizes_that_it_cannot_take_are_told(backbone: str, size: int, message: str) -> None:
    with pytest.raises(BadStudy, match=message):
        check_options(Model(backbone=backbone, weights="random", image_size=size))


def test_maps_of_every_depth_are_not_to_be_had() -> None:
    model = Model(backbone="CLIPBase", weights="random", image_size=224, pooling="moments")
    with pytest.raises(BadStudy, match="expected average or flatten for CLIPBase; got moments"):
        check_options(model)


def test_without_keras_hub_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "has_hub", lambda: False)
    with pytest.raises(PlatformError, match=r"pip install 'albumart\[hub\]'"):
        check_options(Model(backbone="CLIPBase", weights="preset", image_size=224))


@pytest.mark.parametrize(
    ("given", "expected"),
    [("Hip-Hop/Rap", "hip hop rap"), ("laid_back", "laid back"), ("R&B!", "r b")],
)
def test_texts_are_plain(given: str, expected: str) -> None:
    assert plain_text(given) == expected

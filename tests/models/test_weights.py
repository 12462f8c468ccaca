"""Weights are checked before Keras sees them, and brought from where they are."""

import hashlib
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import keras
import numpy as np
import pytest

from albumart.errors import BadStudy, FetchError, NotFound, UnsafeInput
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.models.groups import find_backbone_in
from albumart.models.head_network import HeadPlan, HeadShape, build_task_head, join_head
from albumart.models.network import build_extractor, to_bytes
from albumart.models.weights import (
    Kind,
    WeightSources,
    prepare_weights,
    resolve_weights,
)
from albumart.study import Model

FILE = "https://weights.example.org/small.weights.h5?download=1"
ABSENT = "0" * 64


def model(weights: str, backbone: str = "small") -> Model:
    return Model(backbone=backbone, weights=weights, image_size=32)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def source() -> keras.Model:
    return build_extractor(model("random"), seed=7)


@pytest.fixture(scope="module")
def weights_file(source: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    find_backbone_in(source).save_weights(path)
    return path


def assert_same_weights(chosen: Model, source: keras.Model) -> None:
    again = build_extractor(chosen)
    for ours, theirs in zip(again.get_weights(), source.get_weights(), strict=True):
        assert (ours == theirs).all()


def test_named_weights_need_no_file() -> None:
    assert resolve_weights(model("imagenet", "VGG16")).kind is Kind.IMAGENET
    assert resolve_weights(model("imagenet", "VGG16")).identity == "imagenet"
    assert resolve_weights(model("random")).are_random


@pytest.mark.parametrize("pin", [False, True], ids=["", "pinned"])
def test_a_file_is_named_by_its_digest_and_loads(
    weights_file: Path, source: keras.Model, pin: bool
) -> None:
    sha256 = digest(weights_file)
    chosen = model(f"{weights_file}#sha256={sha256}" if pin else str(weights_file))
    assert resolve_weights(chosen).identity == sha256
    assert_same_weights(chosen, source)


def test_another_file_than_the_one_that_was_meant_stops_the_run(weights_file: Path) -> None:
    with pytest.raises(UnsafeInput, match=f"expected weights with sha256 {ABSENT}; got") as refused:
        resolve_weights(model(f"{weights_file}#sha256={ABSENT}"))
    assert refused.value.code == "digest"


def test_imagenet_weights_of_a_network_of_ours_are_refused() -> None:
    with pytest.raises(BadStudy, match="no imagenet weights for small; expected .*'random'"):
        resolve_weights(model("imagenet"))


def test_a_missing_file_names_the_choices() -> None:
    with pytest.raises(NotFound, match="no weights at 'nowhere.h5'; expected 'imagenet'.*'random'"):
        resolve_weights(model("nowhere.h5"))


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "text.weights.h5", "model.keras"])
def test_other_files_are_refused_by_type(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x80\x04\x95 not HDF5 at all")
    with pytest.raises(UnsafeInput, match="is no file of Keras") as refused:
        resolve_weights(model(str(path)))
    assert refused.value.code == "weights"


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ("study:../etc", BadStudy, "expected study:<name of a study>"),
        ("a.h5#sha256=abc", BadStudy, "expected 64 hexadecimal digits"),
        ("https://example.org/a.h5", BadStudy, "expected #sha256=… after the address"),
        (f"https://example.org/a.pkl#sha256={ABSENT}", UnsafeInput, "expected an .h5 or .keras"),
        (f"http://example.org/a.h5#sha256={ABSENT}", UnsafeInput, "expected https; got http"),
        (f"https://10.0.0.1/a.h5#sha256={ABSENT}", UnsafeInput, "expected a public address"),
        (f"https://localhost/a.h5#sha256={ABSENT}", UnsafeInput, "expected a public DNS name"),
        (f"file:///tmp/a.h5#sha256={ABSENT}", UnsafeInput, "expected http or https; got file"),
        (f"ftp://example.org/a.h5#sha256={ABSENT}", UnsafeInput, "expected http or https; got ftp"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_asked(
    weights: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        resolve_weights(model(weights))


def test_weights_of_another_network_stop_the_run(tmp_path: Path) -> None:
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    for name in ("other.weights.h5", "other.keras"):
        path = tmp_path / name
        other.save_weights(path) if name.endswith("h5") else other.save(path)
        with pytest.raises(UnsafeInput, match="expected weights for small; got .*--weights"):
            build_extractor(model(str(path)))


def test_a_file_cut_short_stops_the_run(weights_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.weights.h5"
    path.write_bytes(weights_file.read_bytes()[:5000])
    with pytest.raises(UnsafeInput, match="expected weights for small; got"):
        build_extractor(model(str(path)))


def test_a_keras_file_that_carries_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "code.keras"
    inputs = keras.Input((32, 32, 3))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs)).save(path)
    with pytest.raises(UnsafeInput, match="got .*[Ll]ambda"):
        build_extractor(model(str(path)))


def test_a_zip_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnsafeInput, match="expected weights for small"):
        build_extractor(model(str(path)))


def test_imagenet_weights_that_cannot_be_downloaded_stop_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nobody listens to the discard port
    # urllib keeps the first opener that it makes, its proxies with it, for all that come after.
    monkeypatch.setattr("urllib.request._opener", None)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    with pytest.raises(FetchError, match="no imagenet weights for VGG16: .*'random', 'study:"):
        build_extractor(model("imagenet", "VGG16"))


# --- what is brought first


@pytest.fixture
def host(weights_file: Path) -> Iterator[tuple[str, list[str]]]:
    """A host that has the file, and the paths that it was asked for."""
    asked: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = weights_file.read_bytes()
            self.send_response(404 if "gone" in self.path else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sources(host: tuple[str, list[str]], tmp_path: Path) -> WeightSources:
    def no_champion(name: str) -> tuple[bytes, str]:
        raise NotFound(f"study {name!r} has no champion")

    def open_client() -> PoliteClient:
        return PoliteClient("", pacer=Pacer(tmp_path), mirror=host[0])

    return WeightSources(tmp_path / "weights", open_client, no_champion)


def test_an_address_is_fetched_once_and_loads(
    sources: WeightSources, host: tuple[str, list[str]], weights_file: Path, source: keras.Model
) -> None:
    sha256 = digest(weights_file)
    far = model(f"{FILE}#sha256={sha256}")
    assert resolve_weights(far).identity == sha256
    near = prepare_weights(far, sources)
    assert near.weights == f"{sources.folder}/{sha256}/small.weights.h5#sha256={sha256}"
    assert prepare_weights(far, sources) == near
    assert host[1] == ["/weights.example.org/small.weights.h5?download=1"]
    assert_same_weights(near, source)


def test_another_file_at_the_address_stops_the_run_and_is_not_kept(sources: WeightSources) -> None:
    with pytest.raises(UnsafeInput, match=f"expected a file with sha256 {ABSENT}; got") as refused:
        prepare_weights(model(f"{FILE}#sha256={ABSENT}"), sources)
    assert refused.value.code == "digest"
    assert not list(sources.folder.rglob("*.h5"))


def test_an_address_with_nothing_there(sources: WeightSources) -> None:
    gone = FILE.replace("small", "gone")
    with pytest.raises(NotFound, match="got status 404"):
        prepare_weights(model(f"{gone}#sha256={ABSENT}"), sources)


def test_what_lies_here_is_left_as_it_is(sources: WeightSources, weights_file: Path) -> None:
    for weights in ("random", str(weights_file)):
        assert prepare_weights(model(weights), sources) == model(weights)


def test_the_champion_of_a_study_lends_its_backbone(
    sources: WeightSources, source: keras.Model
) -> None:
    head = build_task_head(
        "softmax", HeadShape(128, 3), HeadPlan(), standardize=np.ones((2, 128), np.float32)
    )
    data = to_bytes(join_head(source, head))
    sha256 = hashlib.sha256(data).hexdigest()
    asked: list[str] = []

    def champion(name: str) -> tuple[bytes, str]:
        asked.append(name)
        return data, sha256

    lending = WeightSources(sources.folder, sources.open_client, champion)
    chosen = model("study:metal-vs-rap")
    with pytest.raises(ValueError, match="prepare_weights"):
        _ = resolve_weights(chosen).identity
    with pytest.raises(ValueError, match="prepare_weights"):
        build_extractor(chosen)
    near = prepare_weights(chosen, lending)
    assert prepare_weights(chosen, lending) == near
    assert asked == ["metal-vs-rap", "metal-vs-rap"]
    assert resolve_weights(near).identity == sha256
    assert_same_weights(near, source)


def test_a_champion_that_is_not_the_registered_one_stops_the_run(sources: WeightSources) -> None:
    data = to_bytes(build_extractor(model("random")))
    lying = WeightSources(sources.folder, sources.open_client, lambda _: (data, ABSENT))
    with pytest.raises(UnsafeInput, match=f"expected weights with sha256 {ABSENT}"):
        prepare_weights(model("study:metal-vs-rap"), lying)


def test_a_study_without_a_champion(sources: WeightSources) -> None:
    with pytest.raises(NotFound, match="has no champion"):
        prepare_weights(model("study:metal-vs-rap"), sources)

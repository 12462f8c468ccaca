"""Stores with a champion that tells colours, covers with colours to tell, and one hostile album."""

import hashlib
import io
from dataclasses import replace
from typing import Final

import numpy as np
from made_versions import made_answers, made_manifest, made_study, made_version
from PIL import Image

from albumart.album import Album, CoverResult, CoverStatus
from albumart.dataset.manifest import Manifest
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.not_sure import Threshold
from albumart.holdout import read_holdout, register_candidate, write_holdout
from albumart.images import inspect_cover
from albumart.models.network import to_bytes
from albumart.registry import promote_by_hand
from albumart.scoring import due_ranges, score_batch
from albumart.stores.changes import Told
from albumart.stores.models import ModelVersion, model_key
from albumart.stores.workspace import Workspace
from albumart.training.candidate import read_candidate, write_candidate

STUDY: Final = "made"
COLOURS: Final = {"blue": (40, 60, 200), "green": (50, 180, 60), "red": (210, 40, 50)}
EACH: Final = 40
HOSTILE: Final = "bandcamp:blue000"
SCRIPT: Final = "<img src=x onerror=alert(1)>"
PAGE: Final = "https://example.test/list"


def made_cover(label: str, number: int = 0, *, size: int = 64) -> bytes:
    """A JPEG of mostly one colour; with every number another one."""
    rng = np.random.default_rng(number)
    pixels = np.full((size, size, 3), COLOURS[label], np.int16)
    pixels += rng.integers(-30, 31, (1, 1, 3), np.int16)
    x, y = rng.integers(4, size - 24, 2)
    pixels[y : y + 16, x : x + 16] = rng.integers(0, 255, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def fill(workspace: Workspace) -> ModelVersion:
    """Albums, covers, a dataset, a champion, what it says of all of them, and its report."""
    manifest = _with_covers(workspace, made_manifest(dict.fromkeys(COLOURS, EACH)))
    version = promote(workspace, manifest)
    for keys in due_ranges(version, workspace):
        score_batch(version, keys, workspace)
    report = b"<!doctype html><title>r</title><script>document.title='ran'</script><p>The report"
    workspace.objects.put(f"reports/{STUDY}/v1.html", report)
    return version


def promote(
    workspace: Workspace, manifest: Manifest, *, run: str = "a", sharpness: float = 9.0
) -> ModelVersion:
    """A version whose network looks at the mean colour alone, made champion."""
    made_version(
        workspace, made_study(STUDY), manifest, made_answers(manifest, 0.9), run=f"{run}-made"
    )
    data = _network(sharpness)
    sha256 = hashlib.sha256(data).hexdigest()
    workspace.objects.put(model_key(sha256), data)
    candidate = read_candidate(workspace.objects, f"{run}-made")
    write_candidate(workspace.objects, replace(candidate, run=run, sha256=sha256))
    made = read_holdout(workspace.objects, f"{run}-made")
    share = Estimate(0.9, 0.8, 0.95, 36)
    sure = replace(made.findings, threshold=Threshold(0.5, 0.8, share, share))
    write_holdout(workspace.objects, run, replace(made, findings=sure))
    return promote_by_hand(workspace.models, STUDY, register_candidate(run, workspace).version)


def _with_covers(workspace: Workspace, manifest: Manifest) -> Manifest:
    """The manifest with the digests of covers that are stored."""
    albums, results, digests = [], [], []
    for number, key in enumerate(manifest.frame["album"]):
        label = manifest.frame["label"].iloc[number]
        data = made_cover(label, number)
        cover = inspect_cover(data)
        workspace.objects.put(cover.object_key, data)
        albums.append(_album(key, label))
        results.append(
            CoverResult(key, CoverStatus.STORED, url="https://example.test/c.jpg", cover=cover)
        )
        digests.append(cover.sha256)
    workspace.albums.upsert_albums(albums, Told("bandcamp", page=PAGE))
    workspace.albums.record_covers(results)
    titles = [album.title for album in albums]
    return replace(manifest, frame=manifest.frame.assign(cover_sha256=digests, title=titles))


def _album(key: str, label: str) -> Album:
    source, _, source_id = key.partition(":")
    told = Album(
        source, source_id, ("https://example.test/c.jpg",), (label,), title=f"The {source_id}",
        artist="Somebody", year=1999, page_url=f"https://example.test/{source_id}",
    )  # fmt: skip
    if key == HOSTILE:
        return replace(told, title=SCRIPT, artist="A\x07B", page_url="javascript:alert(1)")
    return told


def _network(sharpness: float) -> bytes:
    """Pixels → the shares of blue, green and red."""
    from keras import Input, Model, layers

    inputs = Input((32, 32, 3))
    colour = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(inputs))
    last = layers.Dense(3, activation="softmax")
    model = Model(inputs, last(colour))
    weights = np.fliplr(np.eye(3, dtype=np.float32)) * sharpness
    last.set_weights([weights, np.zeros(3, np.float32)])
    return to_bytes(model)

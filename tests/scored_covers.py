"""Covers whose colour tells their class, and versions whose network looks at nothing else."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from made_versions import made_answers, made_manifest, made_study, made_version
from PIL import Image

from albumart.album import Album, CoverResult, CoverStatus
from albumart.holdout import read_holdout, register_candidate, write_holdout
from albumart.images import inspect_cover
from albumart.models.network import to_bytes
from albumart.registry import promote_by_hand
from albumart.stores.models import ModelVersion, model_key
from albumart.stores.workspace import Workspace
from albumart.training.candidate import read_candidate, write_candidate

STUDY, COUNTS = "made", {"blue": 60, "red": 60}


def key_of(number: int) -> str:
    """Red ones, and blue ones; of the first 60 of each there are rows in the dataset."""
    return f"{'red' if number % 2 else 'blue'}{number // 2:03}"


def store_covers(workspace: Workspace, numbers: Sequence[int]) -> None:
    """Albums with covers; the higher the number, the redder or the bluer."""
    albums = [
        Album("bandcamp", key_of(n), ("http://x.test/c.png",), title=f"T{n}", artist="\x1b[31mA")
        for n in numbers
    ]
    workspace.albums.upsert_albums(albums)
    results = [_store(workspace, album.key, n) for album, n in zip(albums, numbers, strict=True)]
    workspace.albums.record_covers(results)


def _store(workspace: Workspace, key: str, number: int) -> CoverResult:
    colour = (60 + number, 0, 60) if number % 2 else (60, 0, 60 + number)
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), colour).save(buffer, "PNG")
    cover = inspect_cover(buffer.getvalue())
    workspace.objects.put(cover.object_key, buffer.getvalue())
    return CoverResult(key, CoverStatus.STORED, cover=cover)


def made_champion(workspace: Workspace, *, run: str = "a", sharpness: float = 8.0) -> ModelVersion:
    """A champion of the study that tells blue from red; the sharper, the surer."""
    study, manifest = made_study(STUDY), made_manifest(COUNTS)
    made_version(workspace, study, manifest, made_answers(manifest, 0.9), run=f"{run}-made")
    data = _network(sharpness)
    sha256 = hashlib.sha256(data).hexdigest()
    workspace.objects.put(model_key(sha256), data)
    candidate = read_candidate(workspace.objects, f"{run}-made")
    write_candidate(workspace.objects, replace(candidate, run=run, sha256=sha256))
    write_holdout(workspace.objects, run, read_holdout(workspace.objects, f"{run}-made"))
    version = register_candidate(run, workspace)
    return promote_by_hand(workspace.models, STUDY, version.version)


def _network(sharpness: float) -> bytes:
    """Pixels → the shares of blue and of red."""
    from keras import Input, Model, layers

    inputs = Input((32, 32, 3))
    colour = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(inputs))
    last = layers.Dense(2, activation="softmax")
    model = Model(inputs, last(colour))
    weights = np.array([[0, 1], [0, 0], [1, 0]], dtype=np.float32) * sharpness
    last.set_weights([weights, np.zeros(2, np.float32)])
    return to_bytes(model)

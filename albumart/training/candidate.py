"""A dataset version and a study → a candidate model in the object store.

A candidate is named by its *run*: the digest of everything that shaped it. The same run is never
trained twice, and a run that was killed is trained again to the same end.
"""

import hashlib
import importlib.metadata
import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from albumart.album import Origin
from albumart.dataset.cache import image_cache
from albumart.dataset.manifest import Manifest
from albumart.errors import NotFound
from albumart.evaluation.calibration import fit_temperature
from albumart.features.embeddings import compute_embeddings, embedding_path
from albumart.models.network import (
    apply_temperature,
    build_extractor,
    build_head,
    join,
    predict_proba,
    to_bytes,
)
from albumart.models.weights import resolve_weights
from albumart.progress import progress_bar
from albumart.stores.models import model_key
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.fit import MONITOR, Examples, fit

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

# Raised whenever this module trains differently from the same study and data.
RECIPE: Final = 1


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a run came about, for its report: the command that repeats it, and who answered.

    ``scope`` is the part of a source that was asked, where it was not the study's own.
    """

    command: str
    origin: Origin = Origin.LIVE
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What training leaves behind, beside the model file.

    ``history`` has one entry per epoch; ``temperature`` was fitted on validation and is already in
    the model's last layer; ``versions`` are those of the libraries it was trained with.
    """

    run: str
    study: str
    dataset: str
    classes: tuple[str, ...]
    image_size: int
    sha256: str
    temperature: float
    history: list[dict[str, float]]
    plan: dict[str, Any]
    versions: dict[str, str]
    provenance: Provenance


def run_digest(study: Study, manifest: Manifest) -> str:
    """Names the training of ``study`` on ``manifest``: 16 hex digits."""
    import keras

    shape = {
        "recipe": RECIPE,
        "study": study.name,
        "dataset": manifest.digest,
        "model": study.model.model_dump() | {"weights": resolve_weights(study.model).identity},
        "train": study.train.model_dump(),
        "keras": [keras.__version__, keras.backend.backend()],
    }
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]


def train_candidate(
    study: Study, manifest: Manifest, workspace: Workspace, provenance: Provenance
) -> Candidate:
    """Train ``study`` on ``manifest``, or return what an earlier run of the same left."""
    run = run_digest(study, manifest)
    try:
        candidate = read_candidate(workspace.objects, run)
    except NotFound:
        logger.info("train      %s, weights: %s", study.model.backbone, study.model.weights)
        candidate = _train(study, manifest, workspace, run=run, provenance=provenance)
        _keep(candidate, workspace.objects)
    else:
        logger.info("train      unchanged: run %s was trained before", run)
    return candidate


def _keep(candidate: Candidate, objects: ObjectStore) -> None:
    best = min(epoch[MONITOR] for epoch in candidate.history)
    logger.info(
        "           %d epochs, best validation loss %.3f, temperature %.2f",
        len(candidate.history),
        best,
        candidate.temperature,
    )
    record = json.dumps(asdict(candidate)).encode()
    objects.put(_record_key(candidate.run), record, content_type="application/json")


def read_candidate(objects: ObjectStore, run: str) -> Candidate:
    """The candidate of ``run``, or NotFound."""
    record = json.loads(objects.get(_record_key(run)))
    came = record["provenance"]
    provenance = Provenance(came["command"], Origin(came["origin"]), came.get("scope", ""))
    return Candidate(**record | {"classes": tuple(record["classes"]), "provenance": provenance})


def cached_pixels(manifest: Manifest, workspace: Workspace, size: int) -> NDArray[np.uint8]:
    """``(n, size, size, 3) uint8 RGB`` of every cover of ``manifest``, decoded once."""
    with progress_bar("decoding", len(manifest.frame)) as advance:
        return image_cache(
            workspace.cache / "images", manifest, workspace.objects, size=size, progress=advance
        )


def cached_features(study: Study, manifest: Manifest, workspace: Workspace) -> NDArray[np.float32]:
    """``(n, d) float32`` features of the study's frozen backbone, computed once."""
    pixels = cached_pixels(manifest, workspace, study.model.image_size)
    path = embedding_path(workspace.cache / "features", manifest.digest, study)
    return compute_embeddings(pixels, study, path)


def labels_of(manifest: Manifest) -> NDArray[np.intp]:
    """``(n,)`` class numbers, in manifest order."""
    return np.array([manifest.classes.index(label) for label in manifest.frame["label"]])


def splits_of(manifest: Manifest) -> NDArray[np.str_]:
    """``(n,)`` names of the splits, in manifest order."""
    return manifest.frame["split"].to_numpy(dtype=np.str_)


def _train(
    study: Study, manifest: Manifest, workspace: Workspace, *, run: str, provenance: Provenance
) -> Candidate:
    fit_model = _fit_head_on_features if study.train.frozen else _fit_whole_network
    model, history, temperature = fit_model(study, manifest, workspace)
    data = to_bytes(model)
    sha256 = hashlib.sha256(data).hexdigest()
    workspace.objects.put(model_key(sha256), data)
    return Candidate(
        run=run,
        study=study.name,
        dataset=manifest.digest,
        classes=manifest.classes,
        image_size=study.model.image_size,
        sha256=sha256,
        temperature=temperature,
        history=history,
        plan={"model": study.model.model_dump(), "train": study.train.model_dump()},
        versions=library_versions(),
        provenance=provenance,
    )


def _fit_head_on_features(
    study: Study, manifest: Manifest, workspace: Workspace
) -> "tuple[keras.Model, list[dict[str, float]], float]":
    features = cached_features(study, manifest, workspace)
    examples = _examples(features, manifest)
    head = build_head(
        study.train,
        classes=len(manifest.classes),
        normalize=features[examples.train],
        width=features.shape[1],
    )
    history = fit(head, examples, study.train, classes=len(manifest.classes))
    temperature = _calibrate(head, head, examples)
    return join(build_extractor(study.model, seed=study.train.seed), head), history, temperature


def _fit_whole_network(
    study: Study, manifest: Manifest, workspace: Workspace
) -> "tuple[keras.Model, list[dict[str, float]], float]":
    pixels = cached_pixels(manifest, workspace, study.model.image_size)
    examples = _examples(pixels, manifest)
    extractor = build_extractor(study.model, seed=study.train.seed)
    head = build_head(
        study.train,
        classes=len(manifest.classes),
        normalize=None,
        width=extractor.output_shape[-1],
    )
    model = join(extractor, head)
    history = fit(model, examples, study.train, classes=len(manifest.classes))
    return model, history, _calibrate(model, head, examples)


def _examples(inputs: NDArray[np.uint8] | NDArray[np.float32], manifest: Manifest) -> Examples:
    splits = splits_of(manifest)
    return Examples(
        inputs=inputs,
        labels=labels_of(manifest),
        train=np.flatnonzero(splits == "train"),
        validation=np.flatnonzero(splits == "validation"),
    )


def _calibrate(model: "keras.Model", head: "keras.Model", examples: Examples) -> float:
    """Fit the temperature on validation and lay it into the head's last layer."""
    rows = examples.validation
    probabilities = predict_proba(model, examples.inputs, rows)
    temperature = fit_temperature(probabilities, examples.labels[rows])
    apply_temperature(head, temperature)
    return float(temperature)


def library_versions() -> dict[str, str]:
    """Versions of what shapes a model's numbers."""
    import keras

    names = ("albumart", "keras", "numpy", "pillow", "scikit-learn")
    versions = {name: _version(name) for name in names}
    return versions | {"keras backend": keras.backend.backend()}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _record_key(run: str) -> str:
    return f"runs/{run}/candidate.json"

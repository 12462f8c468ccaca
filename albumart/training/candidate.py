"""A dataset version and a study → a candidate model in the object store.

A candidate is named by its *run*: the digest of everything that shaped it. The same run is never
trained twice, and a run that was killed is trained again to the same end.
"""

import hashlib
import importlib.metadata
import io
import json
import logging
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from albumart.album import Origin
from albumart.dataset.manifest import Manifest
from albumart.errors import NotFound
from albumart.models.label_vectors import space_identity
from albumart.models.network import to_bytes
from albumart.models.weights import resolve_weights
from albumart.stores.models import model_key
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Head, Study
from albumart.training.moving import forget_training
from albumart.training.networks import fit_network, splits_of, whole_model
from albumart.training.stages import MONITOR
from albumart.training.state import StageResult

logger = logging.getLogger(__name__)

# Raised whenever this module trains differently from the same study and data.
RECIPE: Final = 2


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a run came about, for its report: the command that repeats it, and who answered.

    ``scopes`` are the parts of sources that were asked, where they were not the study's own.
    """

    command: str
    origin: Origin = Origin.LIVE
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """What training leaves behind, beside the model file.

    ``history`` has one entry per epoch, ``stages`` one per stage; ``image_size`` is the last
    stage's; ``temperature`` was fitted on validation and is already in the model's last layer;
    ``versions`` are those of the libraries it was trained with.
    """

    run: str
    study: str
    dataset: str
    classes: tuple[str, ...]
    image_size: int
    sha256: str
    temperature: float
    history: list[dict[str, float]]
    stages: tuple[StageResult, ...]
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
        "head": _head_shape(study.head),
        "train": study.train.model_dump(),
        # It shapes no weight, but a version's threshold, which is registered with it.
        "sure": study.sure,
        "keras": [keras.__version__, keras.backend.backend()],
    }
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]


def _head_shape(head: Head) -> dict[str, object]:
    """What of a head shapes a training: word vectors are named by their content."""
    told = head.model_dump() | {"space": space_identity(head.space)}
    return told if head.metadata else {n: told[n] for n in told if "metadata" not in n}


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
        forget_training(workspace, run)
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
    write_candidate(objects, candidate)


def write_candidate(objects: ObjectStore, candidate: Candidate) -> None:
    """Keep the record of a candidate."""
    record = asdict(candidate) | {"stages": [stage.to_dict() for stage in candidate.stages]}
    key, data = _record_key(candidate.run), json.dumps(record).encode()
    objects.put(key, data, content_type="application/json")


def read_candidate(objects: ObjectStore, run: str) -> Candidate:
    """The candidate of ``run``, or NotFound."""
    record = json.loads(objects.get(_record_key(run)))
    came = record["provenance"]
    # Once there was one scope at most.
    scopes = came["scopes"] if "scopes" in came else filter(None, [came.get("scope")])
    provenance = Provenance(came["command"], Origin(came["origin"]), tuple(scopes))
    told = {
        "classes": tuple(record["classes"]),
        "stages": tuple(StageResult.from_dict(stage) for stage in record["stages"]),
        "provenance": provenance,
    }
    return Candidate(**record | told)


def read_held(objects: ObjectStore, run: str) -> NDArray[np.float32] | None:
    """``(n_validation, k)`` probabilities of validation before ``run`` learnt from it.

    None where it never did: then its model may be asked.
    """
    try:
        data = objects.get(_held_key(run))
    except NotFound:
        return None
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))


def array_bytes(array: NDArray[np.float32]) -> bytes:
    """The ``.npy`` file of ``array``."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _train(
    study: Study, manifest: Manifest, workspace: Workspace, *, run: str, provenance: Provenance
) -> Candidate:
    fitted = fit_network(study, manifest, workspace, splits_of(manifest), identity=run)
    data = to_bytes(whole_model(study, fitted))
    sha256 = hashlib.sha256(data).hexdigest()
    workspace.objects.put(model_key(sha256), data)
    if fitted.held is not None:
        workspace.objects.put(_held_key(run), array_bytes(fitted.held))
    return Candidate(
        run=run,
        study=study.name,
        dataset=manifest.digest,
        classes=manifest.classes,
        image_size=fitted.image_size,
        sha256=sha256,
        temperature=fitted.temperature,
        history=fitted.history,
        stages=fitted.stages,
        plan={
            name: getattr(study, name).model_dump(mode="json")
            for name in ("model", "head", "train")
        },
        versions=library_versions(),
        provenance=provenance,
    )


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


def _held_key(run: str) -> str:
    return f"runs/{run}/validation.npy"


def _record_key(run: str) -> str:
    return f"runs/{run}/candidate.json"

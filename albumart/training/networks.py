"""A study's network, fitted on the training split and calibrated on the validation split."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.cache import image_cache
from albumart.dataset.manifest import Manifest
from albumart.evaluation.calibration import fit_temperature
from albumart.features.embeddings import compute_embeddings
from albumart.features.makers import FeatureSpec
from albumart.models.head_network import HeadPlan, HeadShape, build_task_head, join_head
from albumart.models.heads import head_targets
from albumart.models.network import apply_temperature, build_extractor, predict_proba
from albumart.progress import progress_bar
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.feed import Inputs
from albumart.training.layout import Network, head_alone, whole_network
from albumart.training.stages import train_network
from albumart.training.state import StageResult
from albumart.training.task import Examples, Task

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """What was fitted, and what it looks at.

    Attributes:
        network: a row of ``inputs`` → calibrated probabilities. Of a frozen backbone it is the
            head alone.
        inputs: ``(n, d)`` features or ``(n, s, s, 3)`` pixels, in manifest order.
        image_size: of the last stage.
        history: one entry per epoch.
        stages: what each stage came to.
        temperature: fitted on validation; already in the network's last layer.
    """

    network: "keras.Model"
    inputs: Inputs
    image_size: int
    history: list[dict[str, float]]
    stages: tuple[StageResult, ...]
    temperature: float

    def predict(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """``(len(rows), k)`` probabilities."""
        return predict_proba(self.network, self.inputs, rows)


def fit_network(
    study: Study,
    manifest: Manifest,
    workspace: Workspace,
    splits: NDArray[np.str_],
    *,
    identity: str,
) -> FittedNetwork:
    """Train by the study's plan on the rows of ``train`` in ``splits`` and calibrate.

    A training that was killed goes on after its last epoch.

    Args:
        study: with plan, model and head.
        manifest: the rows.
        workspace: of the covers and caches.
        splits: ``(n,)``, which need not be the manifest's own.
        identity: names everything that shapes the training.
    """
    task = _task(study, manifest, workspace, splits, identity)
    # A head on features takes seconds; whatever takes longer is kept after each epoch.
    folder = None if study.train.trains_head_only else training_folder(workspace, identity)
    trained = train_network(study.train, task, folder)
    inputs, network = task.examples.inputs(trained.image_size), trained.network
    validation = task.examples.validation
    probabilities = predict_proba(network.model, inputs, validation)
    temperature = fit_temperature(probabilities, labels_of(manifest)[validation])
    apply_temperature(network.head, temperature)
    return FittedNetwork(
        network=network.model,
        inputs=inputs,
        image_size=trained.image_size,
        history=trained.history,
        stages=trained.stages,
        temperature=float(temperature),
    )


def training_folder(workspace: Workspace, identity: str) -> Path:
    """Where a training keeps how far it is; to be deleted when what it gave is kept."""
    return workspace.cache / "training" / identity


def whole_model(study: Study, fitted: FittedNetwork) -> "keras.Model":
    """From pixels to probabilities: what is saved."""
    if not study.train.trains_head_only:
        return fitted.network
    model = at_image_size(study, fitted.image_size).model
    return join_head(build_extractor(model, seed=study.train.seed), fitted.network)


def _task(
    study: Study,
    manifest: Manifest,
    workspace: Workspace,
    splits: NDArray[np.str_],
    identity: str,
) -> Task:
    train = np.flatnonzero(splits == "train")

    def features(size: int) -> NDArray[np.float32]:
        return cached_features(at_image_size(study, size), manifest, workspace)

    def pixels(size: int) -> Inputs:
        return cached_pixels(manifest, workspace, size)

    only_head = study.train.trains_head_only
    return Task(
        build=_builder(study, manifest, features, train),
        examples=Examples(
            inputs=features if only_head else pixels,
            targets=head_targets(study.head.kind, order_of(manifest)),
            train=train,
            validation=np.flatnonzero(splits == "validation"),
            features=features,
        ),
        head=study.head.kind,
        image_size=study.model.image_size,
        identity=identity,
    )


def _builder(
    study: Study,
    manifest: Manifest,
    features: Callable[[int], NDArray[np.float32]],
    train: NDArray[np.intp],
) -> Callable[[int], Network]:
    """Image size → the network to train. A head that learns first standardises its features."""
    plan = HeadPlan(study.train.seed, study.head.dropout, study.head.hidden)
    first = study.train.stages[0]

    def head_on(width: int) -> "keras.Model":
        size = first.image_size or study.model.image_size
        learnt_from = np.asarray(features(size)[train]) if first.trains_head_only else None
        shape = HeadShape(width, len(manifest.classes))
        return build_task_head(study.head.kind, shape, plan, standardize=learnt_from)

    def build(size: int) -> Network:
        if study.train.trains_head_only:
            return head_alone(head_on(features(size).shape[1]))
        extractor = build_extractor(at_image_size(study, size).model, seed=study.train.seed)
        return whole_network(extractor, head_on(extractor.output_shape[-1]))

    return build


def at_image_size(study: Study, size: int) -> Study:
    """The study with images of another size."""
    return study.model_copy(update={"model": study.model.model_copy(update={"image_size": size})})


def cached_pixels(manifest: Manifest, workspace: Workspace, size: int) -> NDArray[np.uint8]:
    """``(n, size, size, 3) uint8 RGB`` of every cover of ``manifest``, decoded once."""
    with progress_bar("decoding", len(manifest.frame)) as advance:
        return image_cache(
            workspace.cache / "images", manifest, workspace.objects, size=size, progress=advance
        )


def cached_features(study: Study, manifest: Manifest, workspace: Workspace) -> NDArray[np.float32]:
    """``(n, d) float32`` features of the study's frozen backbone, computed once for each cover."""

    @cache
    def pixels() -> NDArray[np.uint8]:
        return cached_pixels(manifest, workspace, study.model.image_size)

    spec = FeatureSpec(study.model, seed=study.train.seed)
    covers = manifest.frame["cover_sha256"].tolist()
    folder = workspace.cache / "features"
    return compute_embeddings(lambda rows: pixels()[rows], covers, spec, folder)


def order_of(manifest: Manifest) -> NDArray[np.int64]:
    """``(n, k)``: 1 for a cover's first label, 2 for its second, 0 where it has it not."""
    numbers = {name: number for number, name in enumerate(manifest.classes)}
    order = np.zeros((len(manifest.frame), len(numbers)), dtype=np.int64)
    for row, labels in enumerate(manifest.frame["labels"]):
        for place, label in enumerate(labels, start=1):
            order[row, numbers[label]] = place
    return order


def labels_of(manifest: Manifest) -> NDArray[np.intp]:
    """``(n,)`` class numbers, in manifest order."""
    return np.array([manifest.classes.index(label) for label in manifest.frame["label"]])


def splits_of(manifest: Manifest) -> NDArray[np.str_]:
    """``(n,)`` names of the splits, in manifest order."""
    return manifest.frame["split"].to_numpy(dtype=np.str_)


def groups_of(manifest: Manifest) -> NDArray[np.str_]:
    """``(n,)`` names of the groups, in manifest order."""
    return manifest.frame["group"].to_numpy(dtype=np.str_)

"""A study's network, fitted on the training split and calibrated on the validation split."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.cache import image_cache
from albumart.dataset.manifest import Manifest
from albumart.features.embeddings import compute_embeddings
from albumart.features.makers import FeatureSpec
from albumart.models.cooccurrence import learn_label_space
from albumart.models.glove import read_glove
from albumart.models.head_network import HeadPlan, HeadShape, build_task_head, join_head
from albumart.models.heads import find_head, head_targets
from albumart.models.label_space import LabelSpace
from albumart.models.network import build_extractor, predict_proba
from albumart.progress import progress_bar
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.answering import Heard, answer_in_probabilities
from albumart.training.feed import Inputs
from albumart.training.layout import Network, head_alone, whole_network
from albumart.training.stages import train_network
from albumart.training.state import StageResult
from albumart.training.task import Examples, Task

if TYPE_CHECKING:
    import keras


COOCCURRENCE: Final = "cooccurrence"


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
        space: where the labels lie, where an album may carry several.
    """

    network: "keras.Model"
    inputs: Inputs
    image_size: int
    history: list[dict[str, float]]
    stages: tuple[StageResult, ...]
    temperature: float
    space: LabelSpace | None = None

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
    space = find_label_space(study, manifest, splits)
    task = _task(_Lesson(study, manifest, workspace, splits, space), identity)
    # A head on features takes seconds; whatever takes longer is kept after each epoch.
    folder = None if study.train.trains_head_only else training_folder(workspace, identity)
    trained = train_network(study.train, task, folder)
    inputs, network = task.examples.inputs(trained.image_size), trained.network
    validation = task.examples.validation
    said = predict_proba(network.model, inputs, validation)
    heard = Heard(said, order_of(manifest)[validation], space)
    head, temperature = answer_in_probabilities(study.head.kind, network.head, heard)
    extractor = network.extractor
    return FittedNetwork(
        network=head if extractor is None else join_head(extractor, head),
        inputs=inputs,
        image_size=trained.image_size,
        history=trained.history,
        stages=trained.stages,
        temperature=temperature,
        space=space,
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


def find_label_space(
    study: Study, manifest: Manifest, splits: NDArray[np.str_]
) -> LabelSpace | None:
    """Where the labels lie; None where an album carries one. Learnt of the training split alone.

    Raises:
        NotFound, ParseError: the study names a file of vectors that is not there, or is none.
    """
    if not study.labels.several:
        return None
    if study.head.space != COOCCURRENCE:
        return read_glove(Path(study.head.space), manifest.classes)
    return learn_label_space(order_of(manifest)[splits == "train"] > 0, manifest.classes)


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """A study on the rows of a manifest, shared out by ``splits``."""

    study: Study
    manifest: Manifest
    workspace: Workspace
    splits: NDArray[np.str_]
    space: LabelSpace | None

    def rows(self, split: str) -> NDArray[np.intp]:
        return np.flatnonzero(self.splits == split)

    def features(self, size: int) -> NDArray[np.float32]:
        return cached_features(at_image_size(self.study, size), self.manifest, self.workspace)

    def pixels(self, size: int) -> Inputs:
        return cached_pixels(self.manifest, self.workspace, size)

    def build(self, size: int) -> Network:
        """The network to train, for images of ``size``."""
        study = self.study
        if study.train.trains_head_only:
            return head_alone(self.build_head(self.features(size).shape[1]))
        extractor = build_extractor(at_image_size(study, size).model, seed=study.train.seed)
        return whole_network(extractor, self.build_head(extractor.output_shape[-1]))

    def build_head(self, width: int) -> "keras.Model":
        """The head on features of ``width``; one that learns first standardises them."""
        study, first = self.study, self.study.train.stages[0]
        size = first.image_size or study.model.image_size
        shown = self.features(size)[self.rows("train")] if first.trains_head_only else None
        return build_task_head(
            study.head.kind,
            HeadShape(width, len(self.manifest.classes)),
            HeadPlan(study.train.seed, study.head.dropout, study.head.hidden),
            standardize=None if shown is None else np.asarray(shown),
            space=self.space if find_head(study.head.kind).in_label_space else None,
        )


def _task(lesson: _Lesson, identity: str) -> Task:
    study = lesson.study
    targets = head_targets(
        study.head.kind,
        order_of(lesson.manifest),
        lesson.space,
        weighting=study.head.weighting,
    )
    return Task(
        build=lesson.build,
        examples=Examples(
            inputs=lesson.features if study.train.trains_head_only else lesson.pixels,
            targets=targets,
            train=lesson.rows("train"),
            validation=lesson.rows("validation"),
            features=lesson.features,
        ),
        head=study.head.kind,
        image_size=study.model.image_size,
        identity=identity,
    )


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

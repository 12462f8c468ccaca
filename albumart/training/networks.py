"""A study's network, fitted on the training split and calibrated on the validation split."""

import itertools
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.cache import image_cache
from albumart.dataset.manifest import Manifest
from albumart.dataset.metadata import Row, build_metadata, common_genres, fit_metadata
from albumart.features.embeddings import compute_embeddings
from albumart.features.makers import FeatureSpec
from albumart.models.cooccurrence import learn_label_space
from albumart.models.head_network import (
    HeadPlan,
    HeadShape,
    build_task_head,
    join_head,
    pointing_head,
    predict_outputs,
)
from albumart.models.heads import find_head, head_targets
from albumart.models.label_space import LabelSpace
from albumart.models.label_vectors import find_space
from albumart.models.network import build_extractor
from albumart.progress import progress_bar
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.train_plan import TrainPlan
from albumart.training.answering import Heard, answer_in_probabilities
from albumart.training.feed import Inputs
from albumart.training.layout import Network, head_alone, whole_network
from albumart.training.moving import hand_over, take_over, training_folder
from albumart.training.stages import train_network
from albumart.training.state import StageResult
from albumart.training.task import Examples, Task, Trained

if TYPE_CHECKING:
    import keras


# Fewer albums of a genre teach a head nothing about it.
LEAST_OF_A_GENRE: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """What was fitted, and what it looks at.

    Attributes:
        network: a row of ``inputs``, and of ``metadata`` where there is some, → calibrated
            probabilities. Of a frozen backbone it is the head alone.
        inputs: ``(n, d)`` features or ``(n, s, s, 3)`` pixels, in manifest order.
        metadata: ``(n, m)`` that the head is shown beside them.
        pointing: of a head that answers in label space, the same up to its direction.
        image_size: of the last stage.
        history: one entry per epoch.
        stages: what each stage came to.
        temperature: fitted on validation; already in the network's last layer.
        space: where the labels lie, where an album may carry several.
        held: ``(n_validation, k)`` probabilities of validation before the network learnt from it;
            None where it did not.
    """

    network: "keras.Model"
    inputs: Inputs
    image_size: int
    history: list[dict[str, float]]
    stages: tuple[StageResult, ...]
    temperature: float
    space: LabelSpace | None = None
    metadata: NDArray[np.float32] | None = None
    pointing: "keras.Model | None" = None
    held: NDArray[np.float32] | None = None

    def predict(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """``(len(rows), k)`` probabilities."""
        return predict_outputs(self.network, _beside(self.inputs, self.metadata), rows)

    def predict_alone(self, rows: NDArray[np.intp]) -> NDArray[np.float32] | None:
        """The same where the metadata is hidden: an unknown album's are zeros."""
        if self.metadata is None:
            return None
        return predict_outputs(self.network, (self.inputs, np.zeros_like(self.metadata)), rows)

    def point(self, rows: NDArray[np.intp]) -> NDArray[np.float32] | None:
        """``(len(rows), d)`` directions, where the head answers in label space."""
        if self.pointing is None:
            return None
        return predict_outputs(self.pointing, _beside(self.inputs, self.metadata), rows)


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
    space = find_label_space(study, manifest, splits, workspace)
    metadata = find_metadata(study, manifest, splits)
    task = _task(_Lesson(study, manifest, workspace, splits, space, metadata), identity)
    trained = _train(study, task, workspace, identity)
    inputs, network = task.examples.inputs(trained.image_size), trained.network
    validation, beside = task.examples.validation, _beside(inputs, metadata)
    said = predict_outputs(network.model, beside, validation)
    heard = Heard(said, order_of(manifest)[validation], space)
    head, temperature = answer_in_probabilities(study.head.kind, network.head, heard)
    held = None
    if study.train.refit:
        held = predict_outputs(head, beside, validation)
        network = _refit(study.train, task, trained)
        head, _ = answer_in_probabilities(study.head.kind, network.head, heard)
    points = find_head(study.head.kind).in_label_space
    return FittedNetwork(
        network=_joined(network, head),
        inputs=inputs,
        image_size=trained.image_size,
        history=trained.history,
        stages=trained.stages,
        temperature=temperature,
        space=space,
        metadata=metadata,
        pointing=_joined(network, pointing_head(head)) if points else None,
        held=held,
    )


def _refit(plan: TrainPlan, task: Task, trained: Trained) -> Network:
    """Trained once more, on the rows of validation as well, for as many epochs as were best."""
    stages = tuple(
        stage.model_copy(update={"learning_rate": was.learning_rate})
        for stage, was in zip(plan.stages, trained.stages, strict=True)
    )
    rows = np.sort(np.concatenate([task.examples.train, task.examples.validation]))
    again = replace(task, examples=replace(task.examples, train=rows))
    lasting = [int(was.best["epoch"]) for was in trained.stages]
    return train_network(plan.model_copy(update={"stages": stages}), again, lasting=lasting).network


def _joined(network: Network, head: "keras.Model") -> "keras.Model":
    return head if network.extractor is None else join_head(network.extractor, head)


def _beside(inputs: Inputs, metadata: NDArray[np.float32] | None) -> tuple[Inputs, ...]:
    """What a network is asked with, in its order."""
    return (inputs,) if metadata is None else (inputs, metadata)


def _train(study: Study, task: Task, workspace: Workspace, identity: str) -> Trained:
    # A head on features takes seconds; whatever takes longer is kept after each epoch, and between
    # two stages where another machine can go on with it.
    if study.train.trains_head_only:
        return train_network(study.train, task)
    folder, objects = training_folder(workspace, identity), workspace.objects
    take_over(folder, objects)
    return train_network(study.train, task, folder, lambda: hand_over(folder, objects))


def whole_model(study: Study, fitted: FittedNetwork) -> "keras.Model":
    """From pixels to probabilities: what is saved."""
    if not study.train.trains_head_only:
        return fitted.network
    model = at_image_size(study, fitted.image_size).model
    return join_head(build_extractor(model, seed=study.train.seed), fitted.network)


def find_label_space(
    study: Study, manifest: Manifest, splits: NDArray[np.str_], workspace: Workspace
) -> LabelSpace | None:
    """Where the labels lie; None where an album carries one. Learnt of the training split alone.

    Raises:
        NotFound, ParseError: the study names a file of vectors that is not there, or is none.
    """
    if not study.labels.several:
        return None

    def learn() -> LabelSpace:
        return learn_label_space(order_of(manifest)[splits == "train"] > 0, manifest.classes)

    folder = workspace.cache / "label-spaces"
    return find_space(study.head.space, manifest.classes, folder, learn=learn)


def find_metadata(
    study: Study, manifest: Manifest, splits: NDArray[np.str_]
) -> NDArray[np.float32] | None:
    """``(n, m)`` genres and year of each row, where the head is shown them.

    Which genres there are, and the scale of the years, is the training split's to say.
    """
    if not study.head.metadata:
        return None
    told = manifest.frame[["album", "genres", "year"]].to_dict("records")
    rows = cast("list[Row]", told)
    known = [row for row, split in zip(rows, splits, strict=True) if split == "train"]
    spec = fit_metadata(known, genres=common_genres(known, LEAST_OF_A_GENRE))
    return build_metadata(rows, spec)


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """A study on the rows of a manifest, shared out by ``splits``."""

    study: Study
    manifest: Manifest
    workspace: Workspace
    splits: NDArray[np.str_]
    space: LabelSpace | None
    metadata: NDArray[np.float32] | None

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
        shown_beside = 0 if self.metadata is None else self.metadata.shape[1]
        hide = study.head.hide_metadata if study.head.metadata else 0.0
        shown = self.features(size)[self.rows("train")] if first.trains_head_only else None
        return build_task_head(
            study.head.kind,
            HeadShape(width, len(self.manifest.classes), shown_beside),
            HeadPlan(study.train.seed, study.head.dropout, study.head.hidden, hide),
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
            metadata=lesson.metadata,
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

    spec = feature_spec(study)
    covers = manifest.frame["cover_sha256"].tolist()
    folder = workspace.cache / "features"
    return compute_embeddings(lambda rows: pixels()[rows], covers, spec, folder, workspace.objects)


def feature_spec(study: Study) -> FeatureSpec:
    """What shapes the features of the study's frozen backbone."""
    return FeatureSpec(study.model, seed=study.train.seed)


def wanted_features(study: Study) -> list[FeatureSpec]:
    """The features that a training asks for: those of its first stages, while they are frozen."""
    frozen = itertools.takewhile(lambda stage: stage.trains_head_only, study.train.stages)
    sizes = dict.fromkeys(stage.image_size or study.model.image_size for stage in frozen)
    return [feature_spec(at_image_size(study, size)) for size in sizes]


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

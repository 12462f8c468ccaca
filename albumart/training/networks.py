"""A study's network, fitted on the training split and calibrated on the validation split."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.cache import image_cache
from albumart.dataset.manifest import Manifest
from albumart.evaluation.calibration import fit_temperature
from albumart.features.embeddings import compute_embeddings
from albumart.features.makers import FeatureSpec
from albumart.models.network import (
    apply_temperature,
    build_extractor,
    build_head,
    join,
    predict_proba,
)
from albumart.progress import progress_bar
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.fit import Examples, Inputs, fit

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """What was fitted, and what it looks at.

    Attributes:
        network: a row of ``inputs`` → calibrated probabilities. Of a frozen backbone it is the
            head alone.
        inputs: ``(n, d)`` features or ``(n, s, s, 3)`` pixels, in manifest order.
        history: one entry per epoch.
        temperature: fitted on validation; already in the network's last layer.
    """

    network: "keras.Model"
    inputs: Inputs
    history: list[dict[str, float]]
    temperature: float

    def predict(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """``(len(rows), k)`` probabilities."""
        return predict_proba(self.network, self.inputs, rows)


def fit_network(
    study: Study, manifest: Manifest, workspace: Workspace, splits: NDArray[np.str_]
) -> FittedNetwork:
    """Fit on the rows of ``train`` in ``splits`` ``(n,)``, which need not be the manifest's own."""
    inputs = cached_inputs(study, manifest, workspace)
    examples = Examples(
        inputs=inputs,
        labels=labels_of(manifest),
        train=np.flatnonzero(splits == "train"),
        validation=np.flatnonzero(splits == "validation"),
    )
    k = len(manifest.classes)
    if study.train.frozen:
        learnt_from = inputs[examples.train].astype(np.float32, copy=False)
        head = build_head(study.train, classes=k, normalize=learnt_from, width=inputs.shape[1])
        network = head
    else:
        extractor = build_extractor(study.model, seed=study.train.seed)
        width = extractor.output_shape[-1]
        head = build_head(study.train, classes=k, normalize=None, width=width)
        network = join(extractor, head)
    history = fit(network, examples, study.train, classes=k)
    probabilities = predict_proba(network, inputs, examples.validation)
    temperature = fit_temperature(probabilities, examples.labels[examples.validation])
    apply_temperature(head, temperature)
    return FittedNetwork(network, inputs, history, float(temperature))


def whole_model(study: Study, fitted: FittedNetwork) -> "keras.Model":
    """From pixels to probabilities: what is saved."""
    if not study.train.frozen:
        return fitted.network
    return join(build_extractor(study.model, seed=study.train.seed), fitted.network)


def cached_inputs(study: Study, manifest: Manifest, workspace: Workspace) -> Inputs:
    """What the study's network is fitted on: features of a frozen backbone, else pixels."""
    if study.train.frozen:
        return cached_features(study, manifest, workspace)
    return cached_pixels(manifest, workspace, study.model.image_size)


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


def labels_of(manifest: Manifest) -> NDArray[np.intp]:
    """``(n,)`` class numbers, in manifest order."""
    return np.array([manifest.classes.index(label) for label in manifest.frame["label"]])


def splits_of(manifest: Manifest) -> NDArray[np.str_]:
    """``(n,)`` names of the splits, in manifest order."""
    return manifest.frame["split"].to_numpy(dtype=np.str_)


def groups_of(manifest: Manifest) -> NDArray[np.str_]:
    """``(n,)`` names of the groups, in manifest order."""
    return manifest.frame["group"].to_numpy(dtype=np.str_)

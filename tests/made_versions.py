"""Versions made without training: a dataset, answers that are right as often as wanted, a registry.

The gate reads what training and evaluation left in the stores; here that is written at once.
"""

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from albumart.album import Origin
from albumart.dataset.manifest import COLUMNS, Manifest, as_manifest_frame, write_manifest
from albumart.evaluation.evaluate import evaluate_predictions
from albumart.evaluation.intervals import Estimate
from albumart.holdout import Findings, Holdout, register_candidate, write_holdout
from albumart.stores.models import ModelVersion, model_key
from albumart.stores.workspace import Workspace
from albumart.study import Head, Model, Promotion, Study, load_study
from albumart.train_plan import TrainPlan
from albumart.training.candidate import Candidate, Provenance, write_candidate

_TENTHS = ("test",) * 3 + ("validation",) + ("train",) * 6
PARAMETERS = {"seed": 0, "scheme": "single"}
_EMPTY = {"str": None, "object": None, "Int64": None, "int64": 300, "bool": False}


def made_study(name: str = "made", **rules: object) -> Study:
    """A study with these rules of promotion."""
    base = load_study("sandbox-genre")
    return base.model_copy(update={"name": name, "promotion": Promotion(**rules)})


def made_manifest(counts: Mapping[str, int], splits: Mapping[str, str] | None = None) -> Manifest:
    """So many albums of each class, three tenths of them in test; ``splits`` moves some albums."""
    rows = [
        {
            "album": f"bandcamp:{label}{number:03}",
            "label": label,
            "cover_sha256": label.encode().hex().ljust(64, "0"),
            "pixel_sha256": f"{label}{number:03}".encode().hex().ljust(64, "0"),
            "group": f"bandcamp:{label}{number:03}",
            "split": _TENTHS[number % 10],
        }
        for label, count in counts.items()
        for number in range(count)
    ]
    frame = pd.DataFrame([{**_defaults(), **row} for row in rows])
    frame = frame.drop(columns=["labels", "genres"])
    frame["split"] = [
        (splits or {}).get(album, split)
        for album, split in zip(frame["album"], frame["split"], strict=True)
    ]
    return Manifest("made", tuple(sorted(counts)), as_manifest_frame(frame), {}, PARAMETERS)


def made_answers(manifest: Manifest, share: float, *, seed: int = 0) -> np.ndarray:
    """``(n_test, k) float32``: the true class is most probable for about ``share`` of the rows."""
    test = manifest.frame[manifest.frame["split"] == "test"]
    truth = np.array([manifest.classes.index(label) for label in test["label"]])
    k = len(manifest.classes)
    right = np.random.default_rng(seed).random(len(truth)) < share
    told = np.where(right, truth, (truth + 1) % k)
    return np.where(np.arange(k) == told[:, None], 0.7, 0.3 / (k - 1)).astype(np.float32)


def made_version(
    workspace: Workspace,
    study: Study,
    manifest: Manifest,
    answers: np.ndarray,
    *,
    run: str,
    evaluated: Manifest | None = None,
    model: bytes = b"",
) -> ModelVersion:
    """Register ``run`` with these answers; its figures are those on ``evaluated``'s test split.

    ``model``: its ``.keras`` file, for who will open it.
    """
    write_manifest(workspace.objects, manifest)
    sha256 = hashlib.sha256(model).hexdigest()
    workspace.objects.put(model_key(sha256), model)
    candidate = Candidate(
        run=run, study=study.name, dataset=manifest.digest, classes=manifest.classes,
        image_size=32, sha256=sha256, temperature=1.0,
        history=[{"loss": 1.0, "val_loss": 1.0, "accuracy": 0.5, "val_accuracy": 0.5}],
        stages=[],
        plan={"model": Model(backbone="small", weights="random").model_dump(),
              "head": Head().model_dump(), "train": TrainPlan().model_dump()},
        versions={}, provenance=Provenance("albumart run made", Origin.SANDBOX),
    )  # fmt: skip
    write_candidate(workspace.objects, candidate)
    write_holdout(workspace.objects, run, _holdout(evaluated or manifest, answers))
    return register_candidate(run, workspace)


def _holdout(manifest: Manifest, answers: np.ndarray) -> Holdout:
    test = manifest.frame[manifest.frame["split"] == "test"]
    truth = np.array([manifest.classes.index(label) for label in test["label"]])
    figures = evaluate_predictions(
        truth, answers, classes=manifest.classes, groups=test["group"].to_numpy(dtype=np.str_)
    )
    share = 1 / len(manifest.classes)
    majority = {"majority": Estimate(share, share, share, len(truth))}
    return Holdout(evaluation=figures, findings=Findings(majority), probabilities=answers)


def _defaults() -> dict[str, object]:
    return {name: _EMPTY[kind] for name, kind in COLUMNS.items()} | {
        "url": "https://f1.bcbits.com/img/a1_2.jpg",
        "phash": "0" * 16,
        "cluster": "",
    }

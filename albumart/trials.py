"""The station of trials: a candidate's training again, to see what chance and leakage do.

Each trial's answers are kept in the object store as soon as it has them: what was killed goes on
where it was, and what was tried is not tried again.
"""

import hashlib
import io
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.dataset.folds import assign_folds, split_by_fold
from albumart.dataset.manifest import Manifest
from albumart.dataset.splits import assign_random_splits
from albumart.errors import NotFound
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.scores import Scores, check_scores
from albumart.evaluation.trials import (
    Trials,
    estimate_crossed,
    estimate_leakage,
    summarize_scores,
)
from albumart.holdout import read_holdout
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.candidate import Candidate, run_digest
from albumart.training.networks import fit_network, groups_of, labels_of, training_folder

logger = logging.getLogger(__name__)

OWN: Final = "own"  # name of the dataset's own split
RANDOM: Final = "random"


@dataclass(frozen=True, slots=True)
class Trial:
    """One training: on which split of the dataset, by which seed."""

    split: str
    seed: int
    splits: NDArray[np.str_]

    @property
    def test(self) -> NDArray[np.intp]:
        """Row numbers that it is tested on."""
        return np.flatnonzero(self.splits == "test")


Advance = Callable[[], object]


def plan_trials(study: Study, manifest: Manifest) -> list[Trial]:
    """The trainings that a study asks for; the first is the candidate's own."""
    wanted = study.trials
    seeds = range(study.train.seed, study.train.seed + wanted.seeds)
    return [
        Trial(name, seed, splits)
        for name, splits in _splits(study, manifest.frame)
        for seed in (seeds if name in (OWN, RANDOM) else seeds[:1])
    ]


def run_trials(
    candidate: Candidate,
    study: Study,
    manifest: Manifest,
    workspace: Workspace,
    advance: Advance | None = None,
) -> Trials:
    """Train and test each trial that was not tried before, and sum them up.

    Args:
        candidate: the model whose training is tried again; its own answers are not asked anew.
        study: with the ``trials`` to run.
        manifest: the candidate's dataset.
        workspace: where answers are kept.
        advance: called after each trial.
    """
    answers: dict[tuple[str, int], Scores] = {}
    trials = plan_trials(study, manifest)
    labels = labels_of(manifest)
    for trial in trials:
        probabilities = _answer(trial, candidate, study, manifest, workspace)
        answers[trial.split, trial.seed] = check_scores(labels[trial.test], probabilities)
        if advance:
            advance()
    found = _summarize(trials, answers, groups_of(manifest))
    record = json.dumps(found.to_dict()).encode()
    workspace.objects.put(_key(candidate.run), record, content_type="application/json")
    _tell(found)
    return found


def read_trials(objects: ObjectStore, run: str) -> Trials | None:
    """What the trials of ``run`` came to; None where none were made."""
    try:
        return Trials.from_dict(json.loads(objects.get(_key(run))))
    except NotFound:
        return None


def _splits(study: Study, frame: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.str_]]]:
    yield OWN, frame["split"].to_numpy(dtype=np.str_)
    if study.trials.random_split:
        mixed = assign_random_splits(frame, seed=study.split.seed)
        yield RANDOM, mixed["split"].to_numpy(dtype=np.str_)
    if k := study.trials.folds:
        folded = assign_folds(frame, k, seed=study.split.seed)
        for fold in range(k):
            dealt = split_by_fold(folded, fold, k=k)
            yield f"fold {fold + 1} of {k}", dealt["split"].to_numpy(dtype=np.str_)


def _answer(
    trial: Trial, candidate: Candidate, study: Study, manifest: Manifest, workspace: Workspace
) -> NDArray[np.float32]:
    """``(n_test, k)`` probabilities of one trial."""
    if trial.split == OWN and trial.seed == study.train.seed:
        return read_holdout(workspace.objects, candidate.run).probabilities
    seeded = study.model_copy(update={"train": study.train.model_copy(update={"seed": trial.seed})})
    key = _answer_key(seeded, manifest, trial)
    try:
        return _read_array(workspace.objects.get(key))
    except NotFound:
        logger.info("trial      split %s, seed %d", trial.split, trial.seed)
    identity = PurePosixPath(key).stem
    fitted = fit_network(seeded, manifest, workspace, trial.splits, identity=identity)
    probabilities = fitted.predict(trial.test)
    buffer = io.BytesIO()
    np.save(buffer, probabilities)
    workspace.objects.put(key, buffer.getvalue())
    shutil.rmtree(training_folder(workspace, identity), ignore_errors=True)
    return probabilities


def _summarize(
    trials: list[Trial], answers: dict[tuple[str, int], Scores], groups: NDArray[np.str_]
) -> Trials:
    rows = {trial.split: trial.test for trial in trials}
    own, random = (
        [answers[trial.split, trial.seed] for trial in trials if trial.split == name]
        for name in (OWN, RANDOM)
    )
    folds = [trial for trial in trials if trial.split not in (OWN, RANDOM)]
    return Trials(
        seeds=tuple(trial.seed for trial in trials if trial.split == OWN),
        grouped=summarize_scores(own, groups[rows[OWN]]),
        random=summarize_scores(random, groups[rows[RANDOM]]) if random else {},
        leakage=estimate_leakage(
            random, own, random_groups=groups[rows[RANDOM]], grouped_groups=groups[rows[OWN]]
        )
        if random
        else None,
        folds=len(folds),
        crossed=_crossed(folds, answers, groups),
    )


def _crossed(
    folds: list[Trial], answers: dict[tuple[str, int], Scores], groups: NDArray[np.str_]
) -> Estimate | None:
    if not folds:
        return None
    parts = [answers[trial.split, trial.seed] for trial in folds]
    together = Scores(
        truth=np.concatenate([part.truth for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
    )
    return estimate_crossed(together, np.concatenate([groups[trial.test] for trial in folds]))


def _tell(found: Trials) -> None:
    own, count = found.grouped["accuracy"], len(found.seeds)
    spread = f" ± {100 * own.spread:.1f} over {count}" if count > 1 else " with one"
    logger.info("trials     accuracy %.1f %%%s seed%s", 100 * own.mean, spread, "s"[: count - 1])
    if found.leakage is not None:
        logger.info(
            "           a random split gains %+.1f points (%+.1f to %+.1f): %s",
            100 * found.leakage.value,
            100 * found.leakage.low,
            100 * found.leakage.high,
            "what leaks" if found.leakage.low > 0 else "no leak that can be told from chance",
        )


def _answer_key(study: Study, manifest: Manifest, trial: Trial) -> str:
    split = hashlib.sha256("\n".join(trial.splits).encode()).hexdigest()[:16]
    return f"trials/{run_digest(study, manifest)}-{split}.npy"


def _read_array(data: bytes) -> NDArray[np.float32]:
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))


def _key(run: str) -> str:
    return f"runs/{run}/trials.json"

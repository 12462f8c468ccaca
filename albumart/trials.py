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
from albumart.evaluation.multi_scores import MultiScores
from albumart.evaluation.seeds import SeedSummary
from albumart.evaluation.trials import Side, Trials, estimate_leakage, summarize_figures
from albumart.holdout import read_holdout
from albumart.judged import (
    HEADLINE,
    Judged,
    estimate_figures,
    estimate_headline,
    headline_statistic,
    join_rows,
    judge_rows,
)
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Head, Study
from albumart.training.candidate import Candidate, run_digest
from albumart.training.networks import (
    find_label_space,
    fit_network,
    groups_of,
    splits_of,
    training_folder,
)

logger = logging.getLogger(__name__)

OWN: Final = "own"  # name of the dataset's own split
RANDOM: Final = "random"


@dataclass(frozen=True, slots=True)
class Trial:
    """One training: on which split of the dataset, by which seed, with which head."""

    split: str
    seed: int
    splits: NDArray[np.str_]
    head: Head

    @property
    def test(self) -> NDArray[np.intp]:
        """Row numbers that it is tested on."""
        return np.flatnonzero(self.splits == "test")


Advance = Callable[[], object]


def plan_trials(study: Study, manifest: Manifest) -> list[Trial]:
    """The trainings that a study asks for; the first is the candidate's own."""
    wanted = study.trials
    seeds = range(study.train.seed, study.train.seed + wanted.seeds)
    splits = dict(_splits(study, manifest.frame))
    again = [
        Trial(name, seed, rows, study.head)
        for name, rows in splits.items()
        for seed in (seeds if name in (OWN, RANDOM) else seeds[:1])
    ]
    return again + [Trial(OWN, study.train.seed, splits[OWN], head) for head in study.compare]


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
    outcomes = []
    space = find_label_space(study, manifest, splits_of(manifest))
    for trial in plan_trials(study, manifest):
        probabilities = _answer(trial, candidate, study, manifest, workspace)
        judged = judge_rows(manifest, trial.test, probabilities, space)
        outcomes.append(_Outcome(trial, judged, groups_of(manifest)[trial.test]))
        if advance:
            advance()
    found = _summarize(study.head, outcomes)
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
    if (trial.split, trial.seed, trial.head) == (OWN, study.train.seed, study.head):
        return read_holdout(workspace.objects, candidate.run).probabilities
    train = study.train.model_copy(update={"seed": trial.seed})
    seeded = study.model_copy(update={"train": train, "head": trial.head})
    key = _answer_key(seeded, manifest, trial)
    try:
        return _read_array(workspace.objects.get(key))
    except NotFound:
        head = trial.head.title or trial.head.kind
        logger.info("trial      split %s, seed %d, %s", trial.split, trial.seed, head)
    identity = PurePosixPath(key).stem
    fitted = fit_network(seeded, manifest, workspace, trial.splits, identity=identity)
    probabilities = fitted.predict(trial.test)
    buffer = io.BytesIO()
    np.save(buffer, probabilities)
    workspace.objects.put(key, buffer.getvalue())
    shutil.rmtree(training_folder(workspace, identity), ignore_errors=True)
    return probabilities


@dataclass(frozen=True, slots=True, eq=False)
class _Outcome:
    """What came of a trial, and the groups of its test rows."""

    trial: Trial
    judged: Judged
    groups: NDArray[np.str_]


def _summarize(head: Head, outcomes: list[_Outcome]) -> Trials:
    same = [outcome for outcome in outcomes if outcome.trial.head == head]
    own, random = ([o for o in same if o.trial.split == name] for name in (OWN, RANDOM))
    folds = [o for o in same if o.trial.split not in (OWN, RANDOM)]
    several = isinstance(own[0].judged, MultiScores)
    return Trials(
        seeds=tuple(outcome.trial.seed for outcome in own),
        grouped=_over_seeds(own),
        random=_over_seeds(random) if random else {},
        leakage=estimate_leakage(_side(random), _side(own), centred=several) if random else None,
        folds=len(folds),
        crossed=_crossed(folds),
        heads={
            outcome.trial.head.title or outcome.trial.head.kind: _figures(outcome)
            for outcome in outcomes
            if outcome.trial.head != head
        },
    )


def _figures(outcome: _Outcome) -> dict[str, Estimate]:
    return estimate_figures(outcome.judged, outcome.groups)


def _over_seeds(outcomes: list[_Outcome]) -> dict[str, SeedSummary]:
    return summarize_figures([_figures(outcome) for outcome in outcomes])


def _side(outcomes: list[_Outcome]) -> Side:
    return Side([headline_statistic(o.judged) for o in outcomes], outcomes[0].groups)


def _crossed(folds: list[_Outcome]) -> Estimate | None:
    if not folds:
        return None
    together = join_rows([outcome.judged for outcome in folds])
    return estimate_headline(together, np.concatenate([outcome.groups for outcome in folds]))


def _tell(found: Trials) -> None:
    figure = next(name for name in HEADLINE.values() if name in found.grouped)
    own, count, name = found.grouped[figure], len(found.seeds), figure.replace("_", " ")
    spread = f" ± {100 * own.spread:.1f} over {count}" if count > 1 else " with one"
    logger.info("trials     %s %.1f %%%s seed%s", name, 100 * own.mean, spread, "s"[: count - 1])
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

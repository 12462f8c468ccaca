"""The station of trials: a candidate's training again, to see what chance and leakage do.

Each trial's answers are kept in the object store as soon as it has them: what was killed goes on
where it was, and what was tried is not tried again.
"""

import hashlib
import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import PurePosixPath
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.dataset.folds import assign_folds, split_by_fold
from albumart.dataset.manifest import Manifest
from albumart.dataset.splits import assign_random_splits
from albumart.errors import NotFound
from albumart.evaluation.heads import HeadAnswers, HeadComparison, compare_heads
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.multi_scores import MultiScores, label_shares
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
from albumart.models.heads import find_head
from albumart.models.label_space import LabelSpace
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Head, Study
from albumart.training.candidate import Candidate, run_digest
from albumart.training.moving import forget_training
from albumart.training.networks import (
    find_label_space,
    fit_network,
    groups_of,
    order_of,
    splits_of,
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
    space = find_label_space(study, manifest, splits_of(manifest), workspace)
    for trial in plan_trials(study, manifest):
        answered = _answer(trial, candidate, study, manifest, workspace)
        outcomes.append(_judge(trial, answered, manifest, space))
        if advance:
            advance()
    found = _summarize(study.head, outcomes, _compare(outcomes, manifest, space))
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


@dataclass(frozen=True, slots=True, eq=False)
class _Answered:
    """What a trial's model said of its test rows.

    Attributes:
        probabilities: ``(n_test, k)``.
        directions: ``(n_test, d)`` of a head that answers in label space.
        alone: ``(n_test, k)`` where the metadata is hidden, of a head that is shown some.
    """

    probabilities: NDArray[np.float32]
    directions: NDArray[np.float32] | None = None
    alone: NDArray[np.float32] | None = None


_ARRAYS: Final = tuple(field.name for field in fields(_Answered))


def _answer(
    trial: Trial, candidate: Candidate, study: Study, manifest: Manifest, workspace: Workspace
) -> _Answered:
    """The answers of one trial, which is trained where there are none of it."""
    if (trial.split, trial.seed, trial.head) == (OWN, study.train.seed, study.head):
        held = read_holdout(workspace.objects, candidate.run)
        return _Answered(held.probabilities, held.directions)
    train = study.train.model_copy(update={"seed": trial.seed})
    seeded = study.model_copy(update={"train": train, "head": trial.head})
    key = _answer_key(seeded, manifest, trial)
    if (kept := _read_answers(workspace.objects, key)) is not None:
        return kept
    logger.info("trial      split %s, seed %d, %s", trial.split, trial.seed, trial.head.name)
    identity = PurePosixPath(key).stem
    fitted = fit_network(seeded, manifest, workspace, trial.splits, identity=identity)
    rows = trial.test
    answered = _Answered(fitted.predict(rows), fitted.point(rows), fitted.predict_alone(rows))
    _write_answers(workspace.objects, key, answered)
    forget_training(workspace, identity)
    return answered


@dataclass(frozen=True, slots=True, eq=False)
class _Outcome:
    """What came of a trial, and the groups of its test rows."""

    trial: Trial
    judged: Judged
    groups: NDArray[np.str_]
    alone: Judged | None = None


def _judge(
    trial: Trial, answered: _Answered, manifest: Manifest, space: LabelSpace | None
) -> _Outcome:
    # Where the heads' spaces differ, a direction in another one means nothing here.
    fits = space is not None and _width(answered.directions) == space.width
    directions = answered.directions if fits else None
    rows, alone = trial.test, answered.alone
    return _Outcome(
        trial,
        judge_rows(manifest, rows, answered.probabilities, space, answers=directions),
        groups_of(manifest)[rows],
        None if alone is None else judge_rows(manifest, rows, alone, space),
    )


def _width(directions: NDArray[np.float32] | None) -> int:
    return 0 if directions is None else directions.shape[1]


def _compare(
    outcomes: list[_Outcome], manifest: Manifest, space: LabelSpace | None
) -> HeadComparison | None:
    """The study's heads on its own split, by its own seed; the first outcome is its own head."""
    first = outcomes[0].trial
    others = [o for o in outcomes if o.trial.split == OWN and o.trial.head != first.head]
    if not others and space is None:
        return None
    answers = [
        HeadAnswers(
            title=outcome.trial.head.name,
            judged=outcome.judged,
            metadata=outcome.trial.head.metadata,
            in_label_space=find_head(outcome.trial.head.kind).in_label_space,
            alone=outcome.alone,
        )
        for outcome in (outcomes[0], *others)
    ]
    shares = None
    if space is not None:
        shares = label_shares(order_of(manifest)[splits_of(manifest) == "train"] > 0)
    return compare_heads(answers, outcomes[0].groups, shares=shares, space=space)


def _summarize(head: Head, outcomes: list[_Outcome], compared: HeadComparison | None) -> Trials:
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
        compared=compared,
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
    return f"trials/{run_digest(study, manifest)}-{split}.npz"


def _write_answers(objects: ObjectStore, key: str, answered: _Answered) -> None:
    buffer = io.BytesIO()
    arrays = {name: getattr(answered, name) for name in _ARRAYS}
    np.savez(buffer, **{name: array for name, array in arrays.items() if array is not None})
    objects.put(key, buffer.getvalue())


def _read_answers(objects: ObjectStore, key: str) -> _Answered | None:
    """What ``_write_answers`` kept; None where there is nothing."""
    try:
        data = objects.get(key)
    except NotFound:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        return _Answered(**{name: held[name] for name in _ARRAYS if name in held})


def _key(run: str) -> str:
    return f"runs/{run}/trials.json"

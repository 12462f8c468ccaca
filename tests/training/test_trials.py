"""Trials on real stores: what is trained again, what is not, and what comes of it."""

from typing import Any

import numpy as np
import pytest
from quick_study import study

from albumart import trials
from albumart.dataset.manifest import Manifest
from albumart.holdout import evaluate_candidate, read_holdout
from albumart.stores.workspace import Workspace
from albumart.study import Study, Trials
from albumart.training.candidate import Candidate, Provenance, train_candidate
from albumart.training.networks import labels_of
from albumart.trials import plan_trials, read_trials, run_trials


def asking(**wanted: object) -> Study:
    return study(head_only=True).model_copy(update={"trials": Trials.model_validate(wanted)})


@pytest.fixture
def candidate(filled: Workspace, manifest: Manifest) -> Candidate:
    trained = train_candidate(asking(), manifest, filled, Provenance("albumart run"))
    evaluate_candidate(trained, asking(), manifest, filled)
    return trained


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds that were trained with."""
    seeds: list[int] = []
    really = trials.fit_network

    def counting(chosen: Study, *rest: Any, **named: Any) -> object:
        seeds.append(chosen.train.seed)
        return really(chosen, *rest, **named)

    monkeypatch.setattr(trials, "fit_network", counting)
    return seeds


def test_a_plan_names_each_training(manifest: Manifest) -> None:
    plan = plan_trials(asking(seeds=2, random_split=True, folds=3), manifest)
    told = [(trial.split, trial.seed) for trial in plan]
    folds = [(f"fold {fold} of 3", 0) for fold in (1, 2, 3)]
    assert told == [("own", 0), ("own", 1), ("random", 0), ("random", 1), *folds]
    tested = np.concatenate([trial.test for trial in plan[4:]])
    assert sorted(tested) == list(range(len(manifest.frame)))


def test_seeds_a_random_split_and_folds_are_summed_up(
    filled: Workspace, manifest: Manifest, candidate: Candidate, trained: list[int]
) -> None:
    chosen, steps = asking(seeds=2, random_split=True, folds=3), []
    found = run_trials(candidate, chosen, manifest, filled, lambda: steps.append(1))
    assert len(steps) == 7
    assert trained == [1, 0, 1, 0, 0, 0]  # the candidate's own training is not repeated

    own = read_holdout(filled.objects, candidate.run).evaluation.metrics["accuracy"]
    assert found.seeds == (0, 1)
    assert found.grouped["accuracy"].values[0] == own.value
    assert found.leakage is not None
    gap = found.random["accuracy"].mean - found.grouped["accuracy"].mean
    assert found.leakage.value == pytest.approx(gap)
    assert found.crossed is not None
    assert found.crossed.n == len(manifest.frame) == len(labels_of(manifest))
    assert read_trials(filled.objects, candidate.run) == found

    trained.clear()
    assert run_trials(candidate, chosen, manifest, filled) == found
    assert trained == []


def test_a_killed_trial_goes_on_where_it_was(
    filled: Workspace, manifest: Manifest, candidate: Candidate, trained: list[int]
) -> None:
    chosen = asking(seeds=4, random_split=False)

    class Killed(BaseException):
        pass

    def die_after_one() -> None:
        if trained:
            raise Killed

    with pytest.raises(Killed):
        run_trials(candidate, chosen, manifest, filled, die_after_one)
    before = list(trained)
    found = run_trials(candidate, chosen, manifest, filled)
    assert len(before) == 1
    assert trained == [*before, *range(before[0] + 1, 4)]  # each once
    assert found.random == {}
    assert found.leakage is None
    assert found.crossed is None


def test_a_run_without_trials_has_none(filled: Workspace) -> None:
    assert read_trials(filled.objects, "0" * 16) is None

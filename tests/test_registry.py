"""The promotion gate, and the alias it moves, on a real MongoDB."""

import threading

import numpy as np
import pytest

from albumart.errors import NotFound
from albumart.evaluation.intervals import Estimate, wilson
from albumart.registry import (
    Answers,
    check_size,
    decide_promotion,
    promote,
    promote_by_hand,
    refuse,
    roll_back,
    was_rolled_back,
)
from albumart.stores.models import ModelStore, ModelVersion
from albumart.stores.workspace import Workspace
from albumart.study import Promotion

RULES = Promotion(delta=0.01, class_delta=0.10)
TRUTH = np.arange(400) % 4


def answers_right_on(share: float, *, seed: int = 0, truth: np.ndarray = TRUTH) -> np.ndarray:
    right = np.random.default_rng(seed).random(len(truth)) < share
    return np.where(right, truth, (truth + 1) % 4)


def judged(candidate: np.ndarray, champion: np.ndarray | None) -> tuple[bool, str]:
    groups = np.array([f"g{number}" for number in range(len(TRUTH))])
    right = int((candidate == TRUTH).sum())
    decision = decide_promotion(
        Answers(("jazz", "metal", "rap", "soul"), TRUTH, candidate, champion, groups),
        accuracy=wilson(right, len(TRUTH)),
        majority=Estimate(0.25, 0.21, 0.29, len(TRUTH)),
        rules=RULES,
    )
    return decision.promoted, decision.reason


def test_a_first_champion_must_beat_the_majority_class() -> None:
    promoted, reason = judged(answers_right_on(0.6), None)
    assert promoted
    assert "first champion" in reason
    promoted, reason = judged(answers_right_on(0.26), None)
    assert not promoted
    assert "does not lie above the majority class" in reason


def test_a_better_candidate_replaces_the_champion() -> None:
    assert judged(answers_right_on(0.8), answers_right_on(0.5, seed=1))[0]


def test_a_worse_or_uncertain_candidate_does_not() -> None:
    promoted, reason = judged(answers_right_on(0.6), answers_right_on(0.6, seed=1))
    assert not promoted
    assert "the lower bound is not above −1.0%" in reason


def test_the_same_answers_are_no_worse() -> None:
    same = answers_right_on(0.6)
    assert judged(same, same)[0]


def test_a_class_that_loses_too_much_stops_a_better_candidate() -> None:
    champion = answers_right_on(0.5, seed=1)
    candidate = TRUTH.copy()
    candidate[TRUTH == 2] = 0
    promoted, reason = judged(candidate, champion)
    assert not promoted
    assert "'rap' loses" in reason


def draft(run: str) -> ModelVersion:
    return ModelVersion(
        study="s", version=0, run=run, dataset="d", albums=9, sha256="0" * 64, classes=("a", "b"),
        image_size=32, evaluation={}, baselines={},
    )  # fmt: skip


@pytest.fixture
def store(workspace: Workspace) -> ModelStore:
    return workspace.models


def test_versions_are_numbered_and_a_run_has_one(store: ModelStore) -> None:
    assert [store.add_version(draft(run)).version for run in ("x", "y", "x")] == [1, 2, 1]
    assert [version.run for version in store.list_versions("s")] == ["y", "x"]
    with pytest.raises(NotFound, match=r"no version 9 of study 's'; there are: \[1, 2\]"):
        store.find_version("s", 9)


def test_many_registrations_at_once_get_different_numbers(store: ModelStore) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(store.add_version(draft(f"r{n}")).version))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 9))


def test_promotion_roll_back_and_history(store: ModelStore) -> None:
    first, second = store.add_version(draft("x")), store.add_version(draft("y"))
    assert store.champion("s") is None
    assert promote(store, first, replaced=None, reason="first")
    refuse(store, second, "not yet")
    assert promote(store, second, replaced=1, reason="better")
    assert roll_back(store, "s").version == 1
    champion = store.champion("s")
    assert champion is not None
    assert champion.version == 1
    assert [(e.action, e.version) for e in store.history("s")] == [
        ("promote", 1), ("refuse", 2), ("promote", 2), ("rollback", 1),
    ]  # fmt: skip


def test_two_promotions_at_once_end_with_one_winner(store: ModelStore) -> None:
    versions = [store.add_version(draft(run)) for run in "abcdef"]
    assert promote(store, versions[0], replaced=None, reason="first")
    won: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda v=v: won.append(promote(store, v, replaced=1, reason="race"))
        )
        for v in versions[1:]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1
    assert len(store.history("s")) == 2


def test_rolling_back_again_goes_further_back_and_never_forth(store: ModelStore) -> None:
    versions = [store.add_version(draft(run)) for run in "abc"]
    for number, version in enumerate(versions):
        assert promote(store, version, replaced=number or None, reason="better")
    assert roll_back(store, "s").version == 2
    assert roll_back(store, "s").version == 1
    assert was_rolled_back(store, versions[2])
    assert not was_rolled_back(store, versions[0])
    promote_by_hand(store, "s", 3)
    assert not was_rolled_back(store, versions[2])


def test_a_shrunken_dataset_is_never_promoted() -> None:
    assert check_size(95, 100) is None
    refused = check_size(80, 100)
    assert refused is not None
    assert not refused.promoted
    assert "has 80 albums, the champion's 100" in refused.reason


def test_roll_back_needs_something_to_go_back_to(store: ModelStore) -> None:
    with pytest.raises(NotFound, match="no champion"):
        roll_back(store, "s")
    promote(store, store.add_version(draft("x")), replaced=None, reason="first")
    with pytest.raises(NotFound, match="replaced no other version"):
        roll_back(store, "s")


def test_promotion_by_hand_is_recorded_as_such(store: ModelStore) -> None:
    store.add_version(draft("x"))
    store.add_version(draft("y"))
    promote_by_hand(store, "s", 2)
    promote_by_hand(store, "s", 2)
    assert [event.reason for event in store.history("s")] == ["promoted by hand"]

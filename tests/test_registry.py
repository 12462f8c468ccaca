"""The alias and its history on a real MongoDB: who moved it, who may, and races for it."""

import math
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from albumart.endpoints import Endpoints
from albumart.errors import Diverged, NotFound
from albumart.evaluation.intervals import Estimate
from albumart.registry import (
    Answer,
    promote,
    promote_by_hand,
    record_answer,
    refuse,
    rejection,
    roll_back,
    standing_approval,
    was_rolled_back,
)
from albumart.stores.models import Event, ModelStore, ModelVersion
from albumart.stores.workspace import Workspace, open_workspace

ROUNDS = 6


def draft(run: str, study: str = "s") -> ModelVersion:
    return ModelVersion(
        study=study, version=0, run=run, dataset="d", albums=9, sha256="0" * 64,
        classes=("a", "b"), image_size=32, evaluation={}, baselines={},
    )  # fmt: skip


@pytest.fixture
def store(workspace: Workspace) -> ModelStore:
    return workspace.models


def champion_of(store: ModelStore, study: str = "s") -> int | None:
    found = store.champion(study)
    return found.version if found else None


def moves(store: ModelStore, study: str = "s") -> list[tuple[str, int, int | None]]:
    return [(e.action, e.version, e.replaced) for e in store.history(study)]


def test_versions_are_numbered_and_a_run_has_one(store: ModelStore) -> None:
    assert [store.add_version(draft(run)).version for run in ("x", "y", "x")] == [1, 2, 1]
    assert [version.run for version in store.list_versions("s")] == ["y", "x"]
    with pytest.raises(NotFound, match=r"no version 9 of study 's'; there are: \[1, 2\]"):
        store.find_version("s", 9)


def test_many_registrations_at_once_get_different_numbers(store: ModelStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda n: store.add_version(draft(f"r{n}")).version, range(8))
        assert sorted(found) == list(range(1, 9))


def test_promotion_roll_back_and_history(store: ModelStore) -> None:
    first, second = store.add_version(draft("x")), store.add_version(draft("y"))
    assert store.champion("s") is None
    assert promote(store, first, replaced=None, reason="first", evidence={"n": 7})
    refuse(store, second, "not yet")
    assert promote(store, second, replaced=1, reason="better")
    assert roll_back(store, "s").version == 1
    assert champion_of(store) == 1
    assert moves(store) == [
        ("promote", 1, None), ("refuse", 2, 1), ("promote", 2, 1), ("rollback", 1, 2),
    ]  # fmt: skip
    assert [event.evidence for event in store.history("s")] == [{"n": 7}, None, None, None]


def test_a_refusal_that_says_nothing_new_is_written_once(store: ModelStore) -> None:
    version = store.add_version(draft("x"))
    for reason in ("NaN", "NaN", "shrunken", "NaN"):
        refuse(store, version, reason)
    assert [event.reason for event in store.history("s")] == ["NaN", "shrunken", "NaN"]


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


def test_rolling_back_a_version_that_was_champion_before_walks_the_whole_way(
    store: ModelStore,
) -> None:
    for run in "abc":
        store.add_version(draft(run))
    for number in (1, 2, 3, 2):
        promote_by_hand(store, "s", number)
    assert [roll_back(store, "s").version for _ in range(3)] == [3, 2, 1]


def test_roll_back_needs_something_to_go_back_to(store: ModelStore) -> None:
    with pytest.raises(NotFound, match="no champion"):
        roll_back(store, "s")
    promote(store, store.add_version(draft("x")), replaced=None, reason="first")
    with pytest.raises(NotFound, match="replaced no other version"):
        roll_back(store, "s")


def test_a_machine_whose_clock_is_behind_writes_its_line_last_all_the_same(
    store: ModelStore,
) -> None:
    """Else the order of champions, and with it the roll-back, would be another."""
    for run in "ab":
        store.add_version(draft(run))
    promote_by_hand(store, "s", 1)
    refuse(store, store.find_version("s", 2), "not yet")
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    late = Event("s", "promote", 2, replaced=1, reason="better", who="ann", when=an_hour_ago)
    assert store.swap_champion(late)
    assert [action for action, _, _ in moves(store)] == ["promote", "refuse", "promote"]
    assert roll_back(store, "s").version == 1
    times = [event.when for event in store.history("s")]
    assert times == sorted(set(times))


def test_promotion_by_hand_is_recorded_as_such(store: ModelStore) -> None:
    store.add_version(draft("x"))
    store.add_version(draft("y"))
    promote_by_hand(store, "s", 2, comment="it \x1b[2Jlooks\n better")
    promote_by_hand(store, "s", 2)
    (event,) = store.history("s")
    assert event.reason == "promoted by hand"
    assert event.comment == "it [2Jlooks better"


def test_what_is_not_a_number_is_not_promoted_by_hand_either(store: ModelStore) -> None:
    nan, fine = Estimate(math.nan, 0.0, 1.0, 0).to_dict(), Estimate(0.5, 0.4, 0.6, 90).to_dict()
    diverged = replace(draft("x"), evaluation={"metrics": {"accuracy": fine, "log_loss": nan}})
    store.add_version(diverged)
    with pytest.raises(Diverged, match="version 1 of 's': expected figures; got NaN for log_loss"):
        promote_by_hand(store, "s", 1)
    assert champion_of(store) is None


def test_promotion_by_hand_does_not_win_over_another_at_the_same_time(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = store.add_version(draft("x")), store.add_version(draft("y"))
    swap = store.swap_champion

    def late(event: Event) -> bool:
        monkeypatch.setattr(store, "swap_champion", swap)
        assert promote(store, first, replaced=None, reason="first")
        return swap(event)

    monkeypatch.setattr(store, "swap_champion", late)
    with pytest.raises(NotFound, match="champion of 's' is no longer nobody; look again"):
        promote_by_hand(store, "s", second.version)
    assert champion_of(store) == 1


def test_an_approval_is_void_once_the_champion_moves(store: ModelStore) -> None:
    first, second, third = (store.add_version(draft(run)) for run in "abc")
    promote(store, first, replaced=None, reason="first")
    record_answer(store, third, Answer(approve=True, who="ann", comment="fine"), replaced=1)
    assert standing_approval(store, third, replaced=1) == Answer(True, "ann", "fine")
    assert standing_approval(store, third, replaced=2) is None
    assert standing_approval(store, second, replaced=1) is None
    promote(store, second, replaced=1, reason="better")
    roll_back(store, "s")
    assert standing_approval(store, third, replaced=1) is None


def test_a_rejection_stands_until_somebody_promotes_the_version_by_hand(store: ModelStore) -> None:
    first, second = store.add_version(draft("a")), store.add_version(draft("b"))
    record_answer(store, second, Answer(approve=False, who=" \n", comment="no"), replaced=None)
    promote(store, first, replaced=None, reason="first")
    found = rejection(store, second)
    assert found is not None
    assert (found.who, found.comment, found.reason) == ("unnamed", "no", "rejected by unnamed")
    assert rejection(store, first) is None
    promote_by_hand(store, "s", 2)
    assert rejection(store, second) is None


@pytest.mark.parametrize("replaced", [None, 1], ids=["first", "later"])
def test_promotions_from_several_threads_have_one_winner(
    store: ModelStore, replaced: int | None
) -> None:
    for number in range(ROUNDS):
        study = f"s{number}"
        versions = [store.add_version(draft(run, study)) for run in "abcde"]
        if replaced:
            assert promote(store, versions[0], replaced=None, reason="first")
        ready = threading.Barrier(4)

        def run(version: ModelVersion, ready: threading.Barrier = ready) -> bool:
            ready.wait(timeout=30)
            return promote(store, version, replaced=replaced, reason="race")

        with ThreadPoolExecutor(4) as pool:
            won = list(pool.map(run, versions[1:]))
        assert won.count(True) == 1
        assert champion_of(store, study) == versions[1 + won.index(True)].version
        assert moves(store, study)[-1] == ("promote", champion_of(store, study), replaced)
        assert len(moves(store, study)) == (2 if replaced else 1)


def contend(endpoints: Endpoints, cache: Path, ready: Barrier, run: str) -> None:
    """One process: in each round, promote its own version in place of the first."""
    with open_workspace(endpoints, cache) as workspace:
        for number in range(ROUNDS):
            version = workspace.models.add_version(draft(run, f"s{number}"))
            ready.wait(timeout=60)
            promote(workspace.models, version, replaced=1, reason=run)


def test_promotions_from_two_processes_have_one_winner(
    store: ModelStore, own_endpoints: Endpoints, tmp_path: Path
) -> None:
    for number in range(ROUNDS):
        first = store.add_version(draft("first", f"s{number}"))
        assert promote(store, first, replaced=None, reason="first")
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(2)
    processes = [
        context.Process(target=contend, args=(own_endpoints, tmp_path, ready, run))
        for run in ("a", "b")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
        assert process.exitcode == 0
    for number in range(ROUNDS):
        study = f"s{number}"
        assert [action for action, _, _ in moves(store, study)] == ["promote", "promote"]
        assert moves(store, study)[-1] == ("promote", champion_of(store, study), 1)


def attempt(act: Callable[[], object]) -> bool:
    try:
        return act() is not False
    except NotFound:
        return False


def test_a_promotion_and_a_roll_back_at_once_have_one_winner_or_follow_each_other(
    store: ModelStore,
) -> None:
    for number in range(ROUNDS):
        study = f"s{number}"
        first, second, third = (store.add_version(draft(run, study)) for run in "abc")
        promote(store, first, replaced=None, reason="first")
        promote(store, second, replaced=1, reason="better")
        ready = threading.Barrier(2)

        def forth(third: ModelVersion = third, ready: threading.Barrier = ready) -> bool:
            ready.wait(timeout=30)
            return promote(store, third, replaced=2, reason="race")

        def back(study: str = study, ready: threading.Barrier = ready) -> object:
            ready.wait(timeout=30)
            return roll_back(store, study)

        with ThreadPoolExecutor(2) as pool:
            promoted, rolled = pool.map(attempt, (forth, back))
        told = moves(store, study)[2:]
        outcomes = {
            (True, False): [("promote", 3, 2)],
            (False, True): [("rollback", 1, 2)],
            # The roll-back looked after the promotion, and took that back.
            (True, True): [("promote", 3, 2), ("rollback", 2, 3)],
        }
        assert told == outcomes[promoted, rolled]
        assert champion_of(store, study) == told[-1][1]

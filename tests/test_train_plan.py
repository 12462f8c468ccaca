"""A plan says what it means, and refuses what it cannot mean."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from albumart.train_plan import Stage, TrainPlan


def test_the_published_metal_vs_rap_plan_can_be_said() -> None:
    head = {"epochs": 5, "learning_rate": 1e-3, "schedule": "one_cycle", "image_size": 224}
    whole = head | {"learning_rate": [1e-4, 2e-4], "unfrozen": "all"}
    large = {"image_size": 320}
    plan = TrainPlan.model_validate({"stages": [head, whole, head | large, whole | large]})
    assert plan.epochs == 20
    assert [stage.trains_head_only for stage in plan.stages] == [True, False, True, False]
    assert plan.stages[1].peak == 2e-4
    assert plan.stages[1].multipliers(3) == pytest.approx((0.5, 0.5**0.5, 1.0))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"learning_rate": "search"}, "expected a rate between 0 and 10, .low, high. or 'find'"),
        ({"learning_rate": 0.0}, "expected a rate between 0 and 10"),
        ({"learning_rate": [1e-3]}, "expected a rate between 0 and 10"),
        ({"learning_rate": [1e-3, 1e-2, 1]}, "expected a rate between 0 and 10"),
        ({"learning_rate": True}, "expected a rate between 0 and 10"),
        ({"learning_rate": [1e-2, 1e-3]}, "expected .low, high.; got .0.01, 0.001."),
        ({"learning_rate": [1e-3, 1e-2], "discriminative": 2}, "expected discriminative, or"),
        ({"unfrozen": "head"}, "expected 'all' or names of groups"),
        ({"unfrozen": []}, "expected 'all' or names of groups"),
        ({"unfrozen": ["head", "head"]}, "each group of layers once"),
        ({"schedule": "constant", "warmup": 0.1}, "a constant schedule has no warmup"),
        ({"schedule": "linear"}, "one_cycle"),
        ({"epoch": 3}, "Extra inputs"),
    ],
)
def test_an_impossible_stage_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Stage.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"stages": []}, "at least 1 item"),
        ({"augment": ["flip", "flip"]}, "expected each change once"),
        ({"augment": ["zoom"]}, "flip"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"refit": True, "stages": [{"unfrozen": "all"}]}, "refit: expected stages of the head"),
        ({"refit": True, "augment": ["flip"]}, "refit: expected stages of the head alone"),
    ],
)
def test_an_impossible_plan_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TrainPlan.model_validate(fields)


def test_a_rate_that_is_found_has_no_peak_yet() -> None:
    assert Stage(learning_rate="find").peak is None


def test_each_group_learns_slower_than_the_next() -> None:
    assert Stage(discriminative=2.0).multipliers(3) == (0.25, 0.5, 1.0)
    assert Stage(learning_rate=(1e-4, 1e-2)).multipliers(1) == (1.0,)


@given(low=st.floats(1e-6, 1e-2), times=st.floats(1, 100), groups=st.integers(2, 12))
def test_low_and_high_are_the_rates_of_the_ends(low: float, times: float, groups: int) -> None:
    stage = Stage(learning_rate=(low, low * times))
    found = [stage.peak * each for each in stage.multipliers(groups)]
    assert found[0] == pytest.approx(low)
    assert found[-1] == low * times
    assert all(b >= a * (1 - 1e-12) for a, b in pairwise(found))

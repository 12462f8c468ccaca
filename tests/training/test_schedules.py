"""Rates by the step equal those worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.training.schedules import SCHEDULES, rates


def test_one_cycle_equals_hand_computed_values() -> None:
    # 8 steps at a peak of 1, the first two rising from 1/25; then down to 1e-5 by a cosine.
    low, span = 1e-5, (1 - 1e-5) / 2
    falling = [1.0, *(low + span * (1 + c) for c in (3**0.5 / 2, 0.5, 0.0, -0.5, -(3**0.5) / 2))]
    assert rates("one_cycle", 8, peak=1.0) == pytest.approx([0.04, 0.52, *falling], rel=1e-6)


def test_one_cycle_rises_for_as_long_as_it_is_told() -> None:
    found = rates("one_cycle", 8, peak=2.0, warmup=0.5)
    assert found[1] == pytest.approx(2 * (0.04 + 0.96 * (1 - 0.5**0.5) / 2))
    assert found[4] == 2.0


def test_cosine_equals_hand_computed_values() -> None:
    assert rates("cosine", 4, peak=2.0) == pytest.approx(
        [2.0, 1 + math.sqrt(0.5), 1.0, 1 - math.sqrt(0.5)]
    )
    assert rates("cosine", 4, peak=2.0, warmup=0.5) == pytest.approx([0.0, 1.0, 2.0, 1.0])


def test_constant_stays() -> None:
    assert rates("constant", 3, peak=0.5).tolist() == [0.5] * 3


@given(
    name=st.sampled_from(sorted(SCHEDULES)),
    total=st.integers(1, 300),
    peak=st.floats(1e-6, 5),
    warmup=st.floats(0, 0.9),
)
def test_no_rate_is_above_the_peak_and_each_rises_once(
    name: str, total: int, peak: float, warmup: float
) -> None:
    found = rates(name, total, peak=peak, warmup=warmup)
    assert found.shape == (total,)
    assert found.dtype == np.float32
    assert (found >= 0).all()
    assert found.max() <= peak * (1 + 1e-6)
    top = int(found.argmax())
    assert (np.diff(found[: top + 1]) >= 0).all()
    assert (np.diff(found[top:]) <= 0).all()

"""Learning rates by the step, as pure functions: step, total steps, peak → rate.

One-cycle is that of Smith (2018, arXiv:1803.09820) in fastai's form: two halves of a cosine, the
rate alone, without the counter-cycle of the momentum.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

Schedule = Callable[[float, float], float]

# fastai's: where it starts, below the peak; where it ends; which share of the steps it rises.
START_DIVISOR: Final = 25.0
END_DIVISOR: Final = 1e5
ONE_CYCLE_WARMUP: Final = 0.25


def rates(
    name: str, total: int, *, peak: float, warmup: float | None = None
) -> NDArray[np.float32]:
    """``(total,)`` the rate of each step of a stage.

    ``warmup`` is the share of the steps in which the rate rises.
    """
    warmup = DEFAULT_WARMUP[name] if warmup is None else warmup
    schedule = SCHEDULES[name]
    return np.array(
        [peak * schedule(step / total, warmup) for step in range(total)], dtype=np.float32
    )


def one_cycle(progress: float, warmup: float) -> float:
    """Share of the peak: from 1/25 up to 1 by a cosine, then down to 1e-5 by another."""
    if progress < warmup:
        return _cosine_between(1 / START_DIVISOR, 1.0, progress / warmup)
    return _cosine_between(1.0, 1 / END_DIVISOR, (progress - warmup) / (1 - warmup))


def cosine(progress: float, warmup: float) -> float:
    """Share of the peak: up from 0 by a straight line, then down to 0 by a cosine."""
    if progress < warmup:
        return progress / warmup
    return _cosine_between(1.0, 0.0, (progress - warmup) / (1 - warmup))


def constant(progress: float, warmup: float) -> float:
    """Share of the peak: all of it."""
    del progress, warmup
    return 1.0


def _cosine_between(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


SCHEDULES: Final[Mapping[str, Schedule]] = MappingProxyType(
    {"one_cycle": one_cycle, "cosine": cosine, "constant": constant}
)
DEFAULT_WARMUP: Final[Mapping[str, float]] = MappingProxyType(
    {"one_cycle": ONE_CYCLE_WARMUP, "cosine": 0.0, "constant": 0.0}
)

"""The learning-rate range test of Smith (2017, arXiv:1506.01186): which rate to train at.

The rate rises from step to step by a constant factor while the network trains; the loss first
stays, then falls, then explodes. Suggested is the rate two thirds down the longest valley of the
smoothed losses, as fastai's ``valley`` does, which stops short of the edge at which it explodes.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from albumart.errors import Diverged
from albumart.training.feed import Batch
from albumart.training.variables import read_variables, write_variables

if TYPE_CHECKING:
    import keras

LOWEST: Final = 1e-7
HIGHEST: Final = 10.0
STEPS: Final = 100
SMOOTHING: Final = 0.98
DIVERGED_AT: Final = 4.0  # times the best smoothed loss
SKIPPED_AT_END: Final = 5  # the explosion itself
FEWEST: Final = 10


@dataclass(frozen=True, slots=True)
class RateSearch:
    """One range test: ``rates`` and, at each, the smoothed loss; ``suggestion`` is one of them."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "RateSearch":
        """The inverse of ``to_dict``."""
        return cls(tuple(record["rates"]), tuple(record["losses"]), record["suggestion"])


def find_learning_rate(
    model: "keras.Model", batches: Iterable[Batch], *, steps: int = STEPS
) -> RateSearch:
    """Try rising rates on a compiled model, whose variables are then as they were.

    Args:
        model: compiled with an optimizer whose rate is a number, not a schedule. Of that optimizer
            nothing is left but its moments: compile anew to train.
        batches: ``steps`` of them, or more; fewer end the test early.
        steps: from the lowest rate to the highest.

    Raises:
        Diverged: the loss exploded before a curve could be seen.
    """
    before = read_variables(model.variables)
    smooth = _Smoothing()
    tried: list[float] = []
    try:
        for rate, (inputs, targets, weights) in zip(
            ramp(steps), islice(batches, steps), strict=False
        ):
            model.optimizer.learning_rate = rate
            logs = model.train_on_batch(inputs, targets, sample_weight=weights, return_dict=True)
            tried.append(rate)
            if smooth.add(float(logs["loss"])):
                break
    finally:
        write_variables(model.variables, before)
    return _conclude(tried, smooth.curve)


def ramp(steps: int) -> list[float]:
    """Rates from LOWEST to HIGHEST, each so many times the one before."""
    return [float(rate) for rate in np.geomspace(LOWEST, HIGHEST, steps)]


def suggest_rate(rates: Sequence[float], losses: Sequence[float]) -> float:
    """The rate two thirds down the longest valley: the longest falling subsequence of losses."""
    lengths = _longest_falls(losses)
    end = int(np.argmax(lengths))
    start = end - (lengths[end] - 1)
    return rates[start + round((end - start) * 2 / 3)]


def _longest_falls(losses: Sequence[float]) -> list[int]:
    """Length of the longest falling subsequence that ends at each loss."""
    lengths: list[int] = []
    for number, loss in enumerate(losses):
        before = [lengths[j] for j in range(number) if losses[j] > loss]
        lengths.append(1 + max(before, default=0))
    return lengths


def _conclude(rates: list[float], losses: list[float]) -> RateSearch:
    rates = rates[: len(losses)]
    if len(losses) < FEWEST:
        raise Diverged(
            f"expected {FEWEST} steps or more of a range test before the loss explodes; got "
            f"{len(losses)}; give train.stages a learning_rate that is a number"
        )
    seen = slice(len(rates) // 10, max(len(rates) - SKIPPED_AT_END, FEWEST))
    return RateSearch(tuple(rates), tuple(losses), suggest_rate(rates[seen], losses[seen]))


class _Smoothing:
    """An exponential moving average without its bias to the start."""

    def __init__(self) -> None:
        self.curve: list[float] = []
        self._average = 0.0

    def add(self, loss: float) -> bool:
        """Take a loss in; whether the curve has exploded."""
        if not math.isfinite(loss):
            return True
        self._average = SMOOTHING * self._average + (1 - SMOOTHING) * loss
        self.curve.append(self._average / (1 - SMOOTHING ** (len(self.curve) + 1)))
        best = min(self.curve)
        return self.curve[-1] - best > (DIVERGED_AT - 1) * abs(best)

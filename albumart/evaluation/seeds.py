"""The same training from several seeds: what chance in training, not in the covers, does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from albumart.evaluation.intervals import Estimate, Number


@dataclass(frozen=True, slots=True)
class SeedSummary:
    """One figure over seeds.

    Attributes:
        values: of each seed, in the order given; a diverged one is ``nan``.
        mean: of the values; ``nan`` where one is.
        spread: their standard deviation (n − 1); ``nan`` for fewer than two.
        low: the least of the seeds' lower ends.
        high: the greatest of their upper ends, so that no seed's interval sticks out.
        n: rows of the test split, which is the same for all.
    """

    values: tuple[Number, ...]
    mean: Number
    spread: Number
    low: Number
    high: Number
    n: int


def summarize_seeds(estimates: Sequence[Estimate]) -> SeedSummary:
    """Mean and spread of one figure on one test split.

    The spread is not an interval: three seeds on the same covers share the covers' luck. That is
    in each seed's own interval; ``low`` and ``high`` enclose them all.

    Raises:
        ValueError: no estimate, or estimates of different numbers of rows.
    """
    sizes = {estimate.n for estimate in estimates}
    if len(sizes) != 1:
        raise ValueError(
            f"expected one estimate or more on the same rows; got {len(estimates)} "
            f"on {sorted(sizes)} rows"
        )
    values = tuple(estimate.value for estimate in estimates)
    return SeedSummary(
        values=values,
        mean=float(np.mean(values)),
        spread=float(np.std(values, ddof=1)) if len(values) > 1 else math.nan,
        low=float(np.min([estimate.low for estimate in estimates])),
        high=float(np.max([estimate.high for estimate in estimates])),
        n=sizes.pop(),
    )

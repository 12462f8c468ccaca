"""Intervals: what a figure might have been on other covers of the same kind.

Proportions get Wilson's interval, of as many rows as their groups are worth. Everything else is
bootstrapped by group: whole groups (an artist's covers, a cluster of near-duplicates) are drawn,
never single rows, because rows of one group repeat each other and drawing them apart would promise
more than the data knows.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import WrapValidator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Statistic = Callable[[FloatArray], FloatArray]
Ends = Callable[[FloatArray, float], tuple[float, float]]

# JSON has no nan: it is written as null, and null is read as the one math.nan, which is equal to
# itself where records are compared, because Python compares by identity first.
Number = Annotated[
    float,
    WrapValidator(lambda value, validate: math.nan if value is None else validate(value)),
]

CONFIDENCE: Final = 0.95
BLOCK_CELLS: Final = 2_000_000  # weights held at once: 16 MB, whatever n and the resamples are


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure from ``n`` rows with its 95 % interval; ``nan`` where the data cannot say."""

    value: Number
    low: Number
    high: Number
    n: int

    def within(self, least: float, most: float) -> "Estimate":
        """The same with an interval that does not leave what is possible."""
        return replace(self, low=max(self.low, least), high=min(self.high, most))

    def to_dict(self) -> dict[str, float | int | None]:
        """Plain JSON: ``nan`` becomes ``None``."""
        return {
            name: None if math.isnan(number) else number for name, number in asdict(self).items()
        }


def wilson(successes: int, n: int) -> Estimate:
    """Wilson's score interval of a proportion; of nothing, the whole range from 0 to 1."""
    if n == 0:
        return Estimate(math.nan, 0.0, 1.0, 0)
    from scipy.stats import binomtest

    interval = binomtest(int(successes), int(n)).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(successes / n, float(interval.low), float(interval.high), int(n))


def wilson_by_group(hits: ArrayLike, groups: ArrayLike) -> Estimate:
    """Wilson's interval of the share of ``(n,)`` hits whose rows are of ``(n,)`` groups.

    Rows that are right and wrong together tell less than as many that are not. So n is divided by
    the design effect (Kish 1965): the variance of the share by groups over that by rows, where it
    is greater. Where each row is a group it is Wilson's own; all rows of one group count as one.
    """
    values, index = np.asarray(hits, dtype=np.float64), group_index(groups)
    found = wilson(int(values.sum()), len(values))
    effect = _design_effect(values, index)
    if effect <= 1:
        return found
    low, high = _wilson_ends(found.value, found.n / effect)
    return replace(found, low=low, high=high)


def wilson_within(hits: ArrayLike, among: ArrayLike, groups: ArrayLike) -> Estimate:
    """``wilson_by_group`` of the rows alone that ``(n,)`` bool ``among`` marks; none may be."""
    chosen = np.asarray(among, dtype=bool)
    if not chosen.any():
        return wilson(0, 0)
    return wilson_by_group(np.asarray(hits)[chosen], np.asarray(groups)[chosen])


def _design_effect(values: FloatArray, index: IntArray) -> float:
    """How many rows tell as much as one that stands alone; 1 where each is a group."""
    sizes, share = np.bincount(index), float(values.mean())
    count, rows = len(sizes), len(values)
    if count == rows:
        return 1.0
    spread = rows * share * (1 - share)
    # Groups do not differ where there is one, or all are hits, or none: their rows are then taken
    # to be wholly alike.
    if count == 1 or not spread:
        return float(np.square(sizes).sum()) / rows
    together = np.bincount(index, weights=values - share)
    return count / (count - 1) * float(np.square(together).sum()) / spread


def _wilson_ends(share: float, n: float) -> tuple[float, float]:
    """As scipy has them, for an n that need not be whole."""
    from scipy.special import ndtri

    z = float(ndtri((1 + CONFIDENCE) / 2))
    middle = share + z**2 / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    whole = 1 + z**2 / n
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def bootstrap_by_group(
    statistic: Statistic,
    groups: ArrayLike,
    *,
    centred: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Bias-corrected percentile bootstrap (Efron 1981) over whole groups.

    Args:
        statistic: ``(b, n)`` weights of the rows → ``(b,)`` values. A weight says how often the
            row was drawn; all ones is the sample itself.
        groups: ``(n,)`` the group of each row.
        centred: put the spread of the draws round the value instead. It is for statistics that
            repeated rows push to one side (a cover that is drawn twice is ranked beside itself;
            a bin's gap grows with noise). The correction takes that for a bias of the value and
            moves the interval off it: of 95 % it then covers 60 to 80.
        resamples: draws of as many groups as there are.
        seed: of the draws; equal seeds give equal intervals.

    Returns:
        The interval's ends are ``nan`` where there are fewer than two groups to draw from. A
        resample in which the statistic is undefined (``nan``) is left out.
    """
    (found,) = bootstrap_each(
        lambda weights: statistic(weights)[:, None],
        groups,
        centred=centred,
        resamples=resamples,
        seed=seed,
    )
    return found


def bootstrap_each(
    statistic: Statistic,
    groups: ArrayLike,
    *,
    centred: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[Estimate, ...]:
    """``bootstrap_by_group`` of m figures at once: ``(b, n)`` weights → ``(b, m)`` values.

    All figures see the same draws, so that one which is the difference of two others is paired.
    """
    index = group_index(groups)
    first = statistic(np.ones((1, len(index))))[0].tolist()
    values = [math.nan if math.isnan(value) else value for value in first]
    if index.max() < 1 or all(map(math.isnan, values)):
        return tuple(Estimate(value, math.nan, math.nan, len(index)) for value in values)
    blocks = _resampled_weights(index, resamples=resamples, seed=seed)
    drawn = np.concatenate([statistic(weights) for weights in blocks])
    ends = _centred if centred else _bias_corrected
    return tuple(
        Estimate(value, *_of_defined(ends, column, value), len(index))
        for column, value in zip(drawn.T, values, strict=True)
    )


def paired_difference(
    correct_a: ArrayLike,
    correct_b: ArrayLike,
    groups: ArrayLike,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Accuracy of a minus accuracy of b on the same rows, bootstrapped by group.

    Args:
        correct_a: ``(n,)`` whether a is right; any per-row score will do.
        correct_b: ``(n,)`` the same of b, in the same order.
        groups: ``(n,)`` the group of each row.
        resamples: see ``bootstrap_by_group``.
        seed: see ``bootstrap_by_group``.
    """
    a, b = np.asarray(correct_a, dtype=float), np.asarray(correct_b, dtype=float)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"expected two vectors of the same length; got {a.shape} and {b.shape}")
    difference = a - b
    return bootstrap_by_group(
        lambda weights: weights @ difference / weights.sum(axis=1),
        groups,
        resamples=resamples,
        seed=seed,
    )


def mean_defined(values: FloatArray) -> FloatArray:
    """``(b, q)`` → ``(b,)`` mean over what is not ``nan``; ``nan`` where nothing is left."""
    defined = ~np.isnan(values)
    counts, sums = defined.sum(axis=1), np.where(defined, values, 0).sum(axis=1)
    return np.asarray(np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0))


def group_index(groups: ArrayLike) -> IntArray:
    """``(n,)`` names of groups → ``(n,)`` numbers from 0, in the order of the names."""
    names = np.asarray(groups)
    if names.ndim != 1 or names.size == 0:
        raise ValueError(f"expected one group for each of n ≥ 1 rows; got shape {names.shape}")
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _resampled_weights(index: IntArray, *, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Blocks of ``(b, n)`` weights: how often each row's group was drawn."""
    rng = np.random.default_rng(seed)
    groups = int(index.max()) + 1
    step = max(1, BLOCK_CELLS // len(index))
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = rng.integers(0, groups, size=(size, groups)) + np.arange(size)[:, None] * groups
        counts = np.bincount(drawn.ravel(), minlength=size * groups).reshape(size, groups)
        yield counts[:, index].astype(np.float64)


def _of_defined(ends: Ends, drawn: FloatArray, value: float) -> tuple[float, float]:
    defined = drawn[~np.isnan(drawn)]
    if math.isnan(value) or len(defined) == 0:
        return math.nan, math.nan
    return ends(defined, value)


def _centred(drawn: FloatArray, value: float) -> tuple[float, float]:
    tail = (1 - CONFIDENCE) / 2
    low, middle, high = np.quantile(drawn, (tail, 0.5, 1 - tail))
    return value - float(middle - low), value + float(high - middle)


def _bias_corrected(drawn: FloatArray, value: float) -> tuple[float, float]:
    """Ends of the interval; they are widened to hold ``value`` should the draws all miss it."""
    from scipy.special import ndtr, ndtri

    # Ties count half, so that a statistic that never moves is not taken for a biased one.
    below = np.mean(drawn < value) + np.mean(drawn == value) / 2
    edge = 1 / (2 * len(drawn))
    shift = 2 * ndtri(np.clip(below, edge, 1 - edge))
    reach = ndtri((1 + CONFIDENCE) / 2)
    low, high = np.quantile(drawn, ndtr([shift - reach, shift + reach]))
    return min(float(low), value), max(float(high), value)

"""The same training again: with other seeds, on a random split, in folds, with other heads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import ArrayLike
from pydantic import TypeAdapter

from albumart.evaluation.heads import HeadComparison
from albumart.evaluation.intervals import (
    Estimate,
    FloatArray,
    Statistic,
    bootstrap_by_group,
)
from albumart.evaluation.seeds import SeedSummary, summarize_seeds


@dataclass(frozen=True, slots=True)
class Trials:
    """What chance in training, and what leaks from train to test, do to the figures.

    Attributes:
        seeds: of the trainings.
        grouped: metric → over the seeds, on the dataset's own test split.
        random: the same on the test split of a random split; empty where there is none.
        leakage: the headline figure on the random split minus that on the dataset's own.
        folds: parts of the cross-validation; 0 is none.
        crossed: the headline figure over all rows, each tested once by a model that did not learn
            its group.
        compared: the study's heads side by side, on the dataset's own test split; None where it
            has one and its labels lie in no space.
    """

    seeds: tuple[int, ...]
    grouped: dict[str, SeedSummary]
    random: dict[str, SeedSummary]
    leakage: Estimate | None = None
    folds: int = 0
    crossed: Estimate | None = None
    compared: HeadComparison | None = None

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; what is undefined is ``None``."""
        return cast("dict[str, object]", json.loads(_adapter().dump_json(self)))

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> "Trials":
        """The trials that ``to_dict`` wrote. Raises ValueError on another shape."""
        return _adapter().validate_python(fields)


@cache
def _adapter() -> TypeAdapter[Trials]:
    return TypeAdapter(Trials)


def summarize_figures(by_seed: Sequence[Mapping[str, Estimate]]) -> dict[str, SeedSummary]:
    """Metric → its values over the seeds, all on the same rows."""
    return {name: summarize_seeds([each[name] for each in by_seed]) for name in by_seed[0]}


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One split's test rows, as the models of several seeds answer them.

    Attributes:
        statistics: of each seed, the headline figure of rows as they are drawn.
        groups: ``(n,)`` group of each row.
    """

    statistics: Sequence[Statistic]
    groups: ArrayLike


def estimate_leakage(random: Side, grouped: Side, *, centred: bool = False) -> Estimate:
    """The figure on a random split minus that on a grouped one, each the mean of its seeds.

    The two test splits have other rows, so that the difference is not paired; but rows of one
    group may be in both, and are drawn together. ``centred`` as in ``bootstrap_by_group``.
    """
    size = len(np.asarray(random.groups))

    def difference(weights: FloatArray) -> FloatArray:
        sides = ((random, weights[:, :size]), (grouped, weights[:, size:]))
        means = [
            np.mean([statistic(drawn) for statistic in side.statistics], axis=0)
            for side, drawn in sides
        ]
        return np.asarray(means[0] - means[1])

    groups = np.concatenate([np.asarray(random.groups), np.asarray(grouped.groups)])
    return bootstrap_by_group(difference, groups, centred=centred)

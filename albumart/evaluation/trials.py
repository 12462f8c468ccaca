"""The same training again: with other seeds, on a random split, in folds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import ArrayLike
from pydantic import TypeAdapter

from albumart.evaluation.intervals import Estimate, FloatArray, bootstrap_by_group
from albumart.evaluation.metrics import estimate_metrics
from albumart.evaluation.scores import Scores
from albumart.evaluation.seeds import SeedSummary, summarize_seeds


@dataclass(frozen=True, slots=True)
class Trials:
    """What chance in training, and what leaks from train to test, do to the figures.

    Attributes:
        seeds: of the trainings.
        grouped: metric → over the seeds, on the dataset's own test split.
        random: the same on the test split of a random split; empty where there is none.
        leakage: accuracy on the random split minus accuracy on the dataset's own.
        folds: parts of the cross-validation; 0 is none.
        crossed: accuracy over all rows, each tested once by a model that did not learn its group.
    """

    seeds: tuple[int, ...]
    grouped: dict[str, SeedSummary]
    random: dict[str, SeedSummary]
    leakage: Estimate | None = None
    folds: int = 0
    crossed: Estimate | None = None

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


def summarize_scores(by_seed: Sequence[Scores], groups: ArrayLike) -> dict[str, SeedSummary]:
    """Metric → its values over the seeds, all on the same rows of these groups ``(n,)``."""
    estimates = [estimate_metrics(scores, groups) for scores in by_seed]
    return {name: summarize_seeds([each[name] for each in estimates]) for name in estimates[0]}


def estimate_leakage(
    random: Sequence[Scores],
    grouped: Sequence[Scores],
    *,
    random_groups: ArrayLike,
    grouped_groups: ArrayLike,
) -> Estimate:
    """Accuracy on a random split minus accuracy on a grouped one, each the mean of its seeds.

    The two test splits have other rows, so that the difference is not paired; but rows of one
    group may be in both, and are drawn together.

    Args:
        random: one for each seed, of ``(n,)`` rows.
        grouped: the same of ``(m,)`` rows.
        random_groups: ``(n,)`` group of each row.
        grouped_groups: ``(m,)`` group of each row.
    """
    hits = [np.mean([scores.correct for scores in side], axis=0) for side in (random, grouped)]
    sides = np.repeat([0, 1], [len(side) for side in hits])
    values = np.concatenate(hits)
    in_random, in_grouped = (sides == 0).astype(float), (sides == 1).astype(float)

    def difference(weights: FloatArray) -> FloatArray:
        means = [
            (weights @ (values * rows)) / np.maximum(weights @ rows, 1)
            for rows in (in_random, in_grouped)
        ]
        return np.asarray(means[0] - means[1])

    groups = np.concatenate([np.asarray(random_groups), np.asarray(grouped_groups)])
    return bootstrap_by_group(difference, groups)


def estimate_crossed(scores: Scores, groups: ArrayLike) -> Estimate:
    """Accuracy over rows that were each tested once, drawn by group ``(n,)``."""
    hits = scores.correct.astype(np.float64)
    return bootstrap_by_group(lambda weights: weights @ hits / weights.sum(axis=1), groups)

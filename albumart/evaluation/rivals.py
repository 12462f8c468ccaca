"""MEASURES: two models on the same frozen test split, compared in one figure and class by class.

A measure is a row: what the candidate gets, what knowing the commonest classes gets, the paired
difference to the champion, and the same figure of each class. A cover may have several labels; one
that has one is the case of one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.evaluation.intervals import (
    Estimate,
    FloatArray,
    paired_difference,
    wilson_by_group,
)
from albumart.evaluation.multi_metrics import (
    MULTI_METRICS,
    compare_multi_metrics,
    estimate_multi_metric,
)
from albumart.evaluation.multi_scores import MultiScores, by_popularity


@dataclass(frozen=True, eq=False)
class Rivals:
    """A candidate and a champion on the same n covers of k classes.

    Attributes:
        classes: names of the k classes.
        truth: ``(n, k)`` which classes a cover is of.
        shares: ``(k,)`` how common each class is in the training split.
        candidate: ``(n, k)`` probabilities.
        champion: ``(n, k + 1)`` probabilities, or None where there is no champion. The last column
            is the most that it gives to a class which is none of the k, where it knows such.
        groups: ``(n,)`` group of each cover, by which intervals are drawn.
    """

    classes: tuple[str, ...]
    truth: NDArray[np.bool_]
    shares: FloatArray
    candidate: FloatArray
    champion: FloatArray | None
    groups: NDArray[np.str_]

    @property
    def n(self) -> int:
        """Number of covers."""
        return len(self.truth)


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure in which two models are compared.

    Attributes:
        title: its name for people.
        class_title: the name of its part for one class.
        floor_title: what one knows who has seen no cover.
        of_answers: ``(n, k) truth, (n, k) probabilities`` → the figure without its interval.
        value: the candidate's figure.
        floor: the figure of one who has seen no cover.
        difference: candidate minus champion, paired.
        by_class: ``(n, k) truth, (n, k or more) probabilities → (k,)``; nan where a class has no
            cover.
        every_label: whether a cover is of all its labels, or of its first alone.
    """

    title: str
    class_title: str
    floor_title: str
    of_answers: Callable[[NDArray[np.bool_], FloatArray], float]
    value: Callable[[Rivals], Estimate]
    floor: Callable[[Rivals], float]
    difference: Callable[[Rivals, FloatArray], Estimate]
    by_class: Callable[[NDArray[np.bool_], FloatArray], FloatArray]
    every_label: bool = False


def align_classes(
    probabilities: FloatArray, known: tuple[str, ...], wanted: tuple[str, ...]
) -> FloatArray:
    """``(n, len(known))`` → ``(n, len(wanted) + 1)``, as in ``Rivals.champion``."""
    aligned = np.zeros((len(probabilities), len(wanted) + 1))
    for column, name in enumerate(known):
        place = wanted.index(name) if name in wanted else len(wanted)
        aligned[:, place] = np.maximum(aligned[:, place], probabilities[:, column])
    return aligned


def _hits(truth: NDArray[np.bool_], probabilities: FloatArray) -> NDArray[np.bool_]:
    """``(n,)`` whether the most probable class is a true one."""
    padded = np.zeros((len(truth), probabilities.shape[1]), dtype=bool)
    padded[:, : truth.shape[1]] = truth
    return np.asarray(padded[np.arange(len(truth)), probabilities.argmax(axis=1)])


def _share_of_hits(truth: NDArray[np.bool_], probabilities: FloatArray) -> float:
    return float(_hits(truth, probabilities).mean())


def _accuracy(rivals: Rivals) -> Estimate:
    return wilson_by_group(_hits(rivals.truth, rivals.candidate), rivals.groups)


def _majority(rivals: Rivals) -> float:
    return float(rivals.truth[:, rivals.shares.argmax()].mean())


def _accuracy_difference(rivals: Rivals, champion: FloatArray) -> Estimate:
    mine, theirs = (_hits(rivals.truth, said) for said in (rivals.candidate, champion))
    return paired_difference(mine, theirs, rivals.groups)


def _recalls(truth: NDArray[np.bool_], probabilities: FloatArray) -> FloatArray:
    top = probabilities.argmax(axis=1)[:, None] == np.arange(truth.shape[1])
    covers = truth.sum(axis=0).astype(np.float64)
    empty = np.full_like(covers, np.nan)
    return np.asarray(np.divide((truth & top).sum(axis=0), covers, out=empty, where=covers > 0))


def _ranked_precision(truth: NDArray[np.bool_], probabilities: FloatArray) -> float:
    statistic = MULTI_METRICS["micro_pr_auc"].prepare(MultiScores(truth, probabilities))
    return float(statistic(np.ones((1, len(truth))))[0])


def _candidate_scores(rivals: Rivals) -> MultiScores:
    return MultiScores(rivals.truth, rivals.candidate)


def _micro_precision(rivals: Rivals) -> Estimate:
    metric = MULTI_METRICS["micro_pr_auc"]
    return estimate_multi_metric(metric, _candidate_scores(rivals), rivals.groups)


def _popularity(rivals: Rivals) -> float:
    popular = by_popularity(_candidate_scores(rivals), rivals.shares)
    return _ranked_precision(popular.truth, popular.probabilities)


def _precision_difference(rivals: Rivals, champion: FloatArray) -> Estimate:
    theirs = MultiScores(rivals.truth, champion[:, :-1])
    compared = compare_multi_metrics(_candidate_scores(rivals), theirs, rivals.groups)
    return compared.difference["micro_pr_auc"]


def _precisions(truth: NDArray[np.bool_], probabilities: FloatArray) -> FloatArray:
    ranking = MultiScores(truth, probabilities[:, : truth.shape[1]]).by_label
    found = np.full(truth.shape[1], np.nan)
    found[ranking.questions] = ranking.average_precision(np.ones((1, len(truth))))[0]
    return found


MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "accuracy": Measure(
            title="accuracy",
            class_title="recall",
            floor_title="the majority class",
            of_answers=_share_of_hits,
            value=_accuracy,
            floor=_majority,
            difference=_accuracy_difference,
            by_class=_recalls,
        ),
        "micro_pr_auc": Measure(
            title="micro PR-AUC",
            class_title="average precision",
            floor_title="knowing the commonest labels",
            of_answers=_ranked_precision,
            value=_micro_precision,
            floor=_popularity,
            difference=_precision_difference,
            by_class=_precisions,
            every_label=True,
        ),
    }
)

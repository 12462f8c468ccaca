"""What a model said of rows of a manifest, ready to be judged, whatever kind its labels are of.

A study's albums carry one label or several. Everything after training asks here which, and goes on
with Scores or MultiScores.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from albumart.dataset.labels import LABEL_SCHEMES
from albumart.dataset.manifest import Manifest
from albumart.evaluation.evaluate import Evaluation, evaluate_predictions
from albumart.evaluation.intervals import Estimate, FloatArray, Statistic
from albumart.evaluation.metrics import METRICS, estimate_metric, estimate_metrics
from albumart.evaluation.multi_evaluate import MultiEvaluation, evaluate_multi_predictions
from albumart.evaluation.multi_metrics import (
    MULTI_METRICS,
    estimate_multi_metric,
    estimate_multi_metrics,
)
from albumart.evaluation.multi_scores import MultiScores, check_multi_scores, label_shares
from albumart.evaluation.scores import Scores, check_scores
from albumart.models.label_space import LabelSpace
from albumart.training.networks import groups_of, labels_of, order_of, splits_of

Judged: TypeAlias = Scores | MultiScores
Rows: TypeAlias = NDArray[np.intp]

HEADLINE: Final = {Scores: "accuracy", MultiScores: "micro_pr_auc"}


def carries_several(manifest: Manifest) -> bool:
    """Whether the manifest's albums may carry more than one label."""
    return LABEL_SCHEMES[str(manifest.parameters["scheme"])].several


def judge_rows(
    manifest: Manifest,
    rows: Rows,
    probabilities: ArrayLike,
    space: LabelSpace | None = None,
    *,
    answers: ArrayLike | None = None,
) -> Judged:
    """``(len(rows), k)`` probabilities beside the truth of these rows.

    ``answers``: ``(len(rows), d)`` of a head that answers in ``space``.
    """
    if not carries_several(manifest):
        return check_scores(labels_of(manifest)[rows], probabilities)
    order = order_of(manifest)[rows]
    ordered = manifest.parameters["scheme"] == "ordered"
    return check_multi_scores(
        order > 0,
        probabilities,
        order=order if ordered else None,
        vectors=None if space is None else space.vectors,
        answers=None if space is None else answers,
    )


def evaluate_rows(
    manifest: Manifest, rows: Rows, judged: Judged, *, threshold: float = 0.5
) -> Evaluation | MultiEvaluation:
    """Everything a report asks about these rows. ``threshold`` is of labels that are said."""
    groups = groups_of(manifest)[rows]
    if isinstance(judged, Scores):
        return evaluate_predictions(
            judged.truth, judged.probabilities, classes=manifest.classes, groups=groups
        )
    train = splits_of(manifest) == "train"
    return evaluate_multi_predictions(
        judged,
        manifest.classes,
        groups=groups,
        shares=label_shares(order_of(manifest)[train] > 0),
        threshold=threshold,
    )


def estimate_figures(judged: Judged, groups: ArrayLike) -> dict[str, Estimate]:
    """Every metric that means something here, with its interval."""
    if isinstance(judged, Scores):
        return estimate_metrics(judged, groups)
    return estimate_multi_metrics(judged, groups)


def headline_statistic(judged: Judged) -> Statistic:
    """The headline figure of rows as they are drawn: ``(b, n)`` weights → ``(b,)``."""
    if isinstance(judged, MultiScores):
        return MULTI_METRICS[HEADLINE[MultiScores]].prepare(judged)
    hits = judged.correct.astype(np.float64)

    def accuracy(weights: FloatArray) -> FloatArray:
        # Of a draw without any of these rows there is no accuracy.
        drawn = weights.sum(axis=1)
        nothing = np.full_like(drawn, np.nan)
        return np.asarray(np.divide(weights @ hits, drawn, out=nothing, where=drawn > 0))

    return accuracy


def join_rows(parts: Sequence[Judged]) -> Judged:
    """Rows of several splits as one; of the same manifest."""
    first = parts[0]
    probabilities = np.concatenate([part.probabilities for part in parts])
    truth = np.concatenate([part.truth for part in parts])
    if isinstance(first, Scores):
        return Scores(truth, probabilities)
    orders = [part.order for part in parts if isinstance(part, MultiScores)]
    order = None if first.order is None else np.concatenate([o for o in orders if o is not None])
    return MultiScores(truth, probabilities, order=order, vectors=first.vectors)


def estimate_headline(judged: Judged, groups: ArrayLike) -> Estimate:
    """The headline figure with its interval by group ``(n,)``."""
    name = HEADLINE[type(judged)]
    if isinstance(judged, MultiScores):
        return estimate_multi_metric(MULTI_METRICS[name], judged, groups)
    return estimate_metric(METRICS[name], judged, groups)


def choose_label_threshold(judged: MultiScores) -> float:
    """From which probability on a label is said: where micro F1 is greatest. Ask validation."""
    order = np.argsort(-judged.probabilities, axis=None, kind="stable")
    said = judged.probabilities.ravel()[order]
    hits = np.cumsum(judged.truth.ravel()[order])
    f1 = 2 * hits / (np.arange(1, len(said) + 1) + hits[-1])
    # Equals are said together or not at all.
    ends = np.append(said[1:] < said[:-1], True)
    return float(said[int(np.argmax(np.where(ends, f1, -1.0)))])

"""Each kind of interval, drawn again and again, holds the truth about 95 times in 100."""

import numpy as np
import pytest

from albumart.evaluation.intervals import (
    Estimate,
    bootstrap_by_group,
    paired_difference,
    wilson,
    wilson_by_group,
)
from albumart.evaluation.metrics import METRICS, estimate_metric
from albumart.evaluation.multi_metrics import MULTI_METRICS, estimate_multi_metrics
from albumart.evaluation.multi_scores import MultiScores, check_multi_scores
from albumart.evaluation.scores import Scores, check_scores

SIMULATIONS = 1000
OF_RANKINGS = 200  # these are slower
RESAMPLES = 400


def coverage(estimates: list[Estimate], truths: list[float]) -> float:
    held = [e.low <= truth <= e.high for e, truth in zip(estimates, truths, strict=True)]
    return float(np.mean(held))


def groups_of(rng: np.random.Generator, count: int = 120) -> np.ndarray:
    """Groups of 1–4 rows."""
    return np.repeat(np.arange(count), rng.integers(1, 5, count))


def test_wilson_covers() -> None:
    rng = np.random.default_rng(0)
    shares = rng.uniform(0.03, 0.97, SIMULATIONS)
    sizes = rng.integers(40, 600, SIMULATIONS)
    found = [wilson(int(rng.binomial(n, p)), int(n)) for n, p in zip(sizes, shares, strict=True)]
    assert 0.93 <= coverage(found, shares.tolist()) <= 0.97


def test_wilson_by_group_covers_where_wilson_promises_too_much() -> None:
    """Artists of 1–4 covers, of whom the model finds some easier than others."""
    rng = np.random.default_rng(5)
    by_row, by_group = [], []
    for _ in range(SIMULATIONS):
        groups = groups_of(rng)
        easy = rng.beta(0.35, 0.65, groups.max() + 1)[groups]
        hits = rng.random(len(groups)) < easy
        by_row.append(wilson(int(hits.sum()), len(hits)))
        by_group.append(wilson_by_group(hits, groups))
    assert 0.93 <= coverage(by_group, [0.35] * SIMULATIONS) <= 0.97
    assert coverage(by_row, [0.35] * SIMULATIONS) < 0.87


def test_bootstrap_by_group_covers() -> None:
    rng = np.random.default_rng(1)
    found = []
    for seed in range(SIMULATIONS):
        groups = groups_of(rng)
        # A group shares half of its luck.
        luck = rng.normal(size=groups.max() + 1)[groups] + rng.normal(size=len(groups))
        values = 3 + luck

        def mean(weights: np.ndarray, values: np.ndarray = values) -> np.ndarray:
            return weights @ values / weights.sum(axis=1)

        found.append(bootstrap_by_group(mean, groups, resamples=RESAMPLES, seed=seed))
    assert 0.93 <= coverage(found, [3.0] * SIMULATIONS) <= 0.97


def test_paired_difference_covers() -> None:
    rng = np.random.default_rng(2)
    found = []
    for seed in range(SIMULATIONS):
        groups = groups_of(rng)
        hard = 0.6 * rng.random(groups.max() + 1)[groups] + 0.4 * rng.random(len(groups))
        a = hard + 0.05 * rng.normal(size=len(groups)) < 0.55
        b = hard + 0.05 * rng.normal(size=len(groups)) < 0.50
        found.append(paired_difference(a, b, groups, resamples=RESAMPLES, seed=seed))
    expected = float(np.mean([e.value for e in found]))  # within 0.002 of the truth
    assert 0.93 <= coverage(found, [expected] * SIMULATIONS) <= 0.97


def artists_answers(rng: np.random.Generator) -> tuple[Scores, np.ndarray]:
    """Artists of 1–4 covers of one rare or common class, some of whom are easier to tell."""
    groups = groups_of(rng)
    truth = rng.choice(4, groups.max() + 1, p=(0.4, 0.3, 0.2, 0.1))[groups]
    logits = rng.normal(size=(len(groups), 4))
    logits[np.arange(len(groups)), truth] += 1 + 0.5 * rng.normal(size=groups.max() + 1)[groups]
    shares = np.exp(1.5 * logits)
    return check_scores(truth, shares / shares.sum(axis=1, keepdims=True)), groups


BOOTSTRAPPED = [name for name, row in METRICS.items() if not (row.proportion or row.biased)]


@pytest.fixture(scope="module")
def bootstrapped() -> list[dict[str, Estimate]]:
    rng, found = np.random.default_rng(6), []
    for seed in range(OF_RANKINGS):
        scores, groups = artists_answers(rng)
        found.append(
            {
                name: estimate_metric(METRICS[name], scores, groups, resamples=200, seed=seed)
                for name in BOOTSTRAPPED
            }
        )
    return found


@pytest.mark.parametrize("name", BOOTSTRAPPED)
def test_bootstrapped_intervals_cover(bootstrapped: list[dict[str, Estimate]], name: str) -> None:
    found = [metrics[name] for metrics in bootstrapped]
    expected = float(np.mean([e.value for e in found]))
    assert 0.91 <= coverage(found, [expected] * len(found)) <= 0.99


def many_labels(rng: np.random.Generator) -> tuple[MultiScores, np.ndarray]:
    """Rare labels, of which a cover that is drawn twice is ranked beside itself."""
    groups = groups_of(rng, 150)
    truth = rng.random((len(groups), 8)) < np.geomspace(0.05, 0.3, 8)
    logits = rng.normal(size=truth.shape) + 1.2 * truth - 1
    return check_multi_scores(truth, 1 / (1 + np.exp(-logits))), groups


def honest_answers(rng: np.random.Generator) -> tuple[Scores, np.ndarray]:
    """Perfectly calibrated, so that the calibration error is nothing but noise."""
    shares = np.exp(1.5 * rng.normal(size=(250, 4)))
    shares /= shares.sum(axis=1, keepdims=True)
    truth = np.minimum((shares.cumsum(axis=1) < rng.random((250, 1))).sum(axis=1), 3)
    return check_scores(truth, shares), np.arange(250)


@pytest.fixture(scope="module")
def rankings() -> list[dict[str, Estimate]]:
    rng = np.random.default_rng(3)
    return [
        estimate_multi_metrics(*many_labels(rng), resamples=200, seed=seed)
        for seed in range(OF_RANKINGS)
    ]


@pytest.mark.parametrize(
    "name", [name for name, row in MULTI_METRICS.items() if row.needs == "truth"]
)
def test_centred_intervals_of_rankings_cover(
    rankings: list[dict[str, Estimate]], name: str
) -> None:
    # What the metric is on as many other covers: the mean of all simulations.
    found = [metrics[name] for metrics in rankings]
    expected = float(np.mean([e.value for e in found]))
    assert 0.92 <= coverage(found, [expected] * len(found)) <= 0.99


def test_without_centring_rare_labels_would_promise_too_much() -> None:
    rng = np.random.default_rng(3)
    found = []
    for seed in range(OF_RANKINGS):
        groups = groups_of(rng, 150)
        truth = rng.random((len(groups), 25)) < 0.02
        logits = rng.normal(size=truth.shape) + 1.2 * truth - 1
        scores = check_multi_scores(truth, 1 / (1 + np.exp(-logits)))
        statistic = MULTI_METRICS["macro_pr_auc"].prepare(scores)
        found.append(bootstrap_by_group(statistic, groups, resamples=100, seed=seed))
    expected = float(np.mean([e.value for e in found]))
    assert coverage(found, [expected] * len(found)) < 0.8


def test_centred_interval_of_the_calibration_error_covers() -> None:
    rng = np.random.default_rng(4)
    found = [
        estimate_metric(METRICS["ece"], *honest_answers(rng), resamples=200, seed=seed)
        for seed in range(OF_RANKINGS)
    ]
    expected = float(np.mean([e.value for e in found]))
    assert coverage(found, [expected] * len(found)) >= 0.93
    assert all(e.low >= 0 for e in found)

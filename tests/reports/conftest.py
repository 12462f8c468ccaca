"""A report with everything in it, and one with nothing that may be left out."""

import numpy as np
import pytest

from albumart.evaluation.evaluate import evaluate_predictions
from albumart.evaluation.intervals import wilson
from albumart.reports.inputs import (
    CoverExample,
    DatasetFacts,
    Decision,
    ExpectationRow,
    PublishedResult,
    ReportInput,
    StudyFacts,
)

CLASSES = (
    *("ambient", "dubstep", "folk", "hiphop_rap", "jazz"),
    *("metal", "pop", "punk", "rock", "soul"),
)
SCRIPT = '<img src=x onerror="alert(1)">'
LINK = "[x](javascript:alert(1))"


def made_evaluation(n=560, strength=1.3, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.choice(10, n, p=np.r_[0.188, np.full(9, 0.812 / 9)])
    logits = rng.normal(size=(n, 10))
    logits[np.arange(n), truth] += strength * rng.uniform(0.3, 1.7, 10)[truth]
    shares = np.exp(1.5 * logits)
    shares /= shares.sum(axis=1, keepdims=True)
    return evaluate_predictions(truth, shares, classes=CLASSES, groups=np.arange(n) // 2)


def made_cover(seed, side=64):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return coarse.repeat(side // 8, axis=0).repeat(side // 8, axis=1)


def made_history(epochs=12):
    for epoch in range(epochs):
        yield {
            "epoch": epoch,
            "loss": 2.2 * 0.88**epoch,
            "val_loss": 2.2 * 0.92**epoch + 0.01 * epoch,
            "accuracy": 0.6 - 0.5 * 0.85**epoch,
            "val_accuracy": 0.42 - 0.3 * 0.8**epoch,
            "stage": 0 if epoch < 8 else 1,
        }


def made_losses():
    texts = [(SCRIPT, LINK), ("Night | `drive`", "Ghost"), (None, None), ("A" * 300, "B")]
    for number, (title, artist) in enumerate(texts):
        yield CoverExample(
            album=f"bandcamp:{number}",
            thumbnail=made_cover(number),
            label=CLASSES[number],
            predicted=CLASSES[number + 1],
            probability=0.97 - number / 20,
            title=title,
            artist=artist,
        )


def split_counts(scale):
    return {name: scale * (10 + number) for number, name in enumerate(CLASSES)}


@pytest.fixture(scope="session")
def full_report():
    return ReportInput(
        study=StudyFacts("sandbox-genre", "Ten made genres", "Covers that the sandbox draws."),
        dataset=DatasetFacts(
            digest="3f9a" * 16,
            by_split={
                "train": split_counts(20),
                "validation": split_counts(4),
                "test": split_counts(4),
            },
            by_status={"stored": 4444, "absent": 5556, "again": 0},
            excluded={"contradicting_labels": 31, "blank": 4},
        ),
        evaluation=made_evaluation(),
        headline_note="trained from scratch: no ImageNet weights",
        published=(
            PublishedResult("VGG16 bottleneck features, 3,000 test covers", 0.33, 0.313, 0.347),
            PublishedResult("colour histogram and Annoy", 0.13, source="albumNet"),
        ),
        validation=(
            ExpectationRow("albums", "album ids are unique", "critical", passed=True),
            ExpectationRow(
                "covers", "no class below 50", "warning", passed=False, detail="soul: 9"
            ),
            ExpectationRow("split", "is a rumour", "unheard_of", passed=False),
        ),
        baselines={"majority": wilson(105, 560), "histogram_neighbours": wilson(140, 560)},
        history=tuple(made_history()),
        covers={name: tuple(made_cover(seed) for seed in range(8)) for name in CLASSES},
        top_losses=tuple(made_losses()),
        decision=Decision(promoted=True, reason="first champion: above guessing", version="v1"),
        temperature=1.4,
        plan={
            "backbone": "small",
            "weights": "random",
            "epochs": 12,
            "learning_rate": 2e-3,
            "frozen": False,
            "image_size": (64, 64),
            "augment": {"flip": True, "crop": 0.1},
        },
        reproduce="albumart run sandbox-genre --sandbox",
        versions={"python": "3.11.7", "keras": "3.15.0"},
        seconds={"collect": 3.21, "covers": 41.0, "train": 75.2},
        made_on="21 November 2026",
    )


@pytest.fixture(scope="session")
def minimal_report():
    """Two classes, one test cover, nothing else: the least that can be asked for."""
    evaluation = evaluate_predictions([0], [[0.5, 0.5]], classes=("metal", "rap"), groups=["a"])
    return ReportInput(
        study=StudyFacts("tiny", "Tiny"), dataset=DatasetFacts("0" * 64), evaluation=evaluation
    )

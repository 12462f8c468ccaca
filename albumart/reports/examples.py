"""Covers to show in a report: a few of each label, the most typical ones, the worst mistakes."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from albumart.album import cover_key
from albumart.dataset.manifest import Manifest
from albumart.evaluation.evaluate import most_typical, top_losses
from albumart.evaluation.multi_evaluate import multi_most_confused, multi_top_losses
from albumart.evaluation.multi_scores import MultiScores
from albumart.holdout import Holdout
from albumart.images import RGB, load_rgb
from albumart.judged import Judged, judge_rows
from albumart.reports.inputs import CoverExample
from albumart.stores.objects import ObjectStore
from albumart.training.networks import splits_of

THUMBNAIL: Final = 112
COVERS_PER_CLASS: Final = 6
MOST_CLASSES: Final = 40  # of more, the commonest are shown: a page of a thousand covers says less
WORST: Final = 12
CONFUSED: Final = 12
EXAMPLE_SEED: Final = 0


def cover_grid(objects: ObjectStore, manifest: Manifest) -> dict[str, tuple[RGB, ...]]:
    """A few random covers of each class, of the commonest classes where there are many."""
    grid: dict[str, tuple[RGB, ...]] = {}
    for name in shown_classes(manifest):
        rows = manifest.frame[[name in labels for labels in manifest.frame["labels"]]]
        some = rows.sample(min(COVERS_PER_CLASS, len(rows)), random_state=EXAMPLE_SEED)
        grid[name] = tuple(_thumbnail(objects, sha256) for sha256 in some["cover_sha256"])
    return grid


def worst_mistakes(
    objects: ObjectStore, manifest: Manifest, holdout: Holdout
) -> Iterator[CoverExample]:
    """The covers to whose labels the model gave the least, worst first."""
    judged = _judged(manifest, holdout)
    worst = (
        multi_top_losses(judged, WORST)
        if isinstance(judged, MultiScores)
        else top_losses(judged.truth, judged.probabilities, WORST)
    )
    test = np.flatnonzero(splits_of(manifest) == "test")
    for position in worst:
        answer = int(holdout.probabilities[position].argmax())
        probability = float(holdout.probabilities[position, answer])
        row = manifest.frame.iloc[int(test[position])]
        yield _example(objects, row, manifest.classes[answer], probability)


def typical_covers(
    objects: ObjectStore, manifest: Manifest, holdout: Holdout
) -> Iterator[tuple[str, tuple[CoverExample, ...]]]:
    """Each class and the test covers that look most like it to the model, whatever they are."""
    rows = manifest.frame[splits_of(manifest) == "test"]
    for name in shown_classes(manifest):
        told = holdout.probabilities[:, manifest.classes.index(name)]
        best = most_typical(told[:, np.newaxis], 0, COVERS_PER_CLASS)
        examples = (
            _example(objects, rows.iloc[int(position)], name, float(told[position]))
            for position in best
        )
        yield name, tuple(examples)


def confused_labels(manifest: Manifest, holdout: Holdout) -> tuple[tuple[str, str, int], ...]:
    """``(label missed, label said in its stead, covers)`` where an album carries several."""
    judged = _judged(manifest, holdout)
    if not isinstance(judged, MultiScores):
        return ()
    return multi_most_confused(judged, manifest.classes, CONFUSED)


def shown_classes(manifest: Manifest) -> list[str]:
    """The commonest classes, in the order of the classes."""
    counts = manifest.label_counts()
    commonest = sorted(counts, key=lambda name: -counts[name])[:MOST_CLASSES]
    return [name for name in manifest.classes if name in commonest]


def _judged(manifest: Manifest, holdout: Holdout) -> Judged:
    test = np.flatnonzero(splits_of(manifest) == "test")
    return judge_rows(manifest, test, holdout.probabilities)


def _example(
    objects: ObjectStore, row: "pd.Series[Any]", predicted: str, probability: float
) -> CoverExample:
    return CoverExample(
        album=row["album"],
        thumbnail=_thumbnail(objects, row["cover_sha256"]),
        label=", ".join(row["labels"]),
        predicted=predicted,
        probability=probability,
        title=_text(row["title"]),
        artist=_text(row["artist"]),
    )


def _thumbnail(objects: ObjectStore, sha256: str) -> RGB:
    return load_rgb(objects.get(cover_key(sha256)), THUMBNAIL)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

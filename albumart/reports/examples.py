"""Covers to show in a report: a few of each label, the most typical ones, the worst mistakes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.album import cover_key
from albumart.dataset.manifest import Manifest
from albumart.evaluation.evaluate import most_typical, top_losses
from albumart.evaluation.multi_evaluate import multi_most_confused, multi_top_losses
from albumart.evaluation.multi_scores import MultiScores
from albumart.holdout import Holdout
from albumart.images import RGB, load_rgb
from albumart.judged import judge_rows
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


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The covers of the test split, by their positions in it, and what the model said of them."""

    objects: ObjectStore
    manifest: Manifest
    holdout: Holdout

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Their rows of the manifest."""
        return self.manifest.frame.iloc[_test_rows(self.manifest)]

    def worst(self) -> list[int]:
        """Positions of the covers to whose labels the model gave the least, worst first."""
        judged = judge_rows(self.manifest, _test_rows(self.manifest), self.holdout.probabilities)
        worst = (
            multi_top_losses(judged, WORST)
            if isinstance(judged, MultiScores)
            else top_losses(judged.truth, judged.probabilities, WORST)
        )
        return [int(position) for position in worst]

    def typical(self, number: int, count: int) -> list[int]:
        """Positions of the covers that look most like class ``number`` to the model."""
        told = self.holdout.probabilities[:, number]
        return [int(position) for position in most_typical(told[:, np.newaxis], 0, count)]

    def probability(self, position: int, number: int) -> float:
        """What the model gave a cover for class ``number``."""
        return float(self.holdout.probabilities[position, number])

    def answer(self, position: int) -> int:
        """Number of the class that the model gave most."""
        return int(self.holdout.probabilities[position].argmax())

    def example(self, position: int, number: int) -> CoverExample:
        """A cover, with class ``number`` as what the model says of it."""
        row = self.rows.iloc[position]
        return CoverExample(
            album=row["album"],
            thumbnail=_thumbnail(self.objects, row["cover_sha256"]),
            label=", ".join(row["labels"]),
            predicted=self.manifest.classes[number],
            probability=self.probability(position, number),
            title=_text(row["title"]),
            artist=_text(row["artist"]),
        )

    def pixels(self, position: int, size: int) -> RGB:
        """A cover as the model sees it: ``(size, size, 3) uint8 RGB``."""
        return load_rgb(self.objects.get(cover_key(self.rows.iloc[position]["cover_sha256"])), size)


def worst_mistakes(
    objects: ObjectStore, manifest: Manifest, holdout: Holdout
) -> Iterator[CoverExample]:
    """The covers to whose labels the model gave the least, worst first."""
    held_out = HeldOut(objects, manifest, holdout)
    for position in held_out.worst():
        yield held_out.example(position, held_out.answer(position))


def typical_covers(
    objects: ObjectStore, manifest: Manifest, holdout: Holdout
) -> Iterator[tuple[str, tuple[CoverExample, ...]]]:
    """Each class and the test covers that look most like it to the model, whatever they are."""
    held_out = HeldOut(objects, manifest, holdout)
    for name in shown_classes(manifest):
        number = manifest.classes.index(name)
        best = held_out.typical(number, COVERS_PER_CLASS)
        yield name, tuple(held_out.example(position, number) for position in best)


def confused_labels(manifest: Manifest, holdout: Holdout) -> tuple[tuple[str, str, int], ...]:
    """``(label missed, label said in its stead, covers)`` where an album carries several."""
    judged = judge_rows(manifest, _test_rows(manifest), holdout.probabilities)
    if not isinstance(judged, MultiScores):
        return ()
    return multi_most_confused(judged, manifest.classes, CONFUSED)


def shown_classes(manifest: Manifest, most: int = MOST_CLASSES) -> list[str]:
    """The commonest classes, in the order of the classes."""
    counts = manifest.label_counts()
    commonest = sorted(counts, key=lambda name: -counts[name])[:most]
    return [name for name in manifest.classes if name in commonest]


def _test_rows(manifest: Manifest) -> NDArray[np.intp]:
    return np.flatnonzero(splits_of(manifest) == "test")


def _thumbnail(objects: ObjectStore, sha256: str) -> RGB:
    return load_rgb(objects.get(cover_key(sha256)), THUMBNAIL)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

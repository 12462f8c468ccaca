"""The promotion gate: what a candidate must show before it is compared with the champion at all.

Was it evaluated soundly, and on data that the champion's can be compared with? A check is one row
of CHECKS, and each refusal a sentence of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.dataset.manifest import Manifest, count_labels
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.rivals import MEASURES
from albumart.stores.models import ModelVersion
from albumart.study import Promotion

SHRINK_LIMIT: Final = 0.10  # of a dataset
CLASS_SHRINK_LIMIT: Final = 0.20
MOVED_LIMIT: Final = 0.05  # of the test covers that two datasets have both
KNOWN_LIMIT: Final = 0.50  # of the test covers, that the champion learnt from
TOLERANCE: Final = 1e-6
_KNOWN_BY: Final = ("album", "group", "pixel_sha256")


@dataclass(frozen=True, eq=False)
class Entry:
    """A version and the dataset that it was trained and tested on."""

    version: ModelVersion
    manifest: Manifest


@dataclass(frozen=True, eq=False)
class Case:
    """What the gate looks at before it compares.

    Attributes:
        candidate: who wants to be champion.
        metrics: its recorded figures on the test split.
        probabilities: ``(n_test, k)`` its recorded answers.
        champion: whom it would replace, if there is one.
        broken: critical checks that its dataset failed when it was last validated.
    """

    candidate: Entry
    metrics: Mapping[str, Estimate]
    probabilities: NDArray[np.float32]
    champion: Entry | None
    broken: tuple[str, ...] = ()


Check = Callable[[Case, Promotion], str | None]


def find_objection(case: Case, rules: Promotion) -> str | None:
    """Why the candidate cannot be compared with the champion at all; None if it can."""
    reasons = (check(case, rules) for check in CHECKS.values())
    return next((reason for reason in reasons if reason is not None), None)


def rows_of_training(champion: Manifest, candidate: Manifest) -> NDArray[np.bool_]:
    """``(n,)`` rows of ``candidate`` that the champion learnt from, in manifest order.

    That is a row of a group of which it learnt an album, a picture or the artist, be it from
    albums that ``candidate`` has no more.
    """
    learnt = champion.frame[champion.frame["split"] != "test"]
    frame = candidate.frame
    known = np.any([frame[name].isin(learnt[name]) for name in _KNOWN_BY], axis=0)
    return frame["group"].isin(frame["group"][known]).to_numpy(dtype=bool)


def truth_of(manifest: Manifest, *, every_label: bool) -> NDArray[np.bool_]:
    """``(n, k)`` which classes each cover is of, by all its labels or by its first alone."""
    told = manifest.frame["labels" if every_label else "label"]
    words = [(word,) if isinstance(word, str) else word for word in told]
    return np.array([[name in own for name in manifest.classes] for own in words])


def _test_rows(manifest: Manifest) -> pd.DataFrame:
    return manifest.frame[manifest.frame["split"] == "test"]


def _dataset_passed_validation(case: Case, _: Promotion) -> str | None:
    """Training stops at such a dataset too; but it may have been trained on before, or by hand."""
    if not case.broken:
        return None
    return f"validation stopped its dataset: {', '.join(case.broken)} failed"


def _answers_its_test_split(case: Case, _: Promotion) -> str | None:
    manifest, version = case.candidate.manifest, case.candidate.version
    if version.classes != manifest.classes:
        return (
            f"it answers {', '.join(version.classes)}; its dataset has "
            f"{', '.join(manifest.classes)}: it was made for other data"
        )
    covers, classes = len(_test_rows(manifest)), len(manifest.classes)
    if case.probabilities.shape == (covers, classes):
        return None
    rows, columns = case.probabilities.shape
    return (
        f"it has answers for {rows} covers and {columns} classes; the test split of its dataset "
        f"has {covers} and {classes}: it was evaluated on another test split"
    )


def _answers_are_numbers(case: Case, _: Promotion) -> str | None:
    bad = int((~np.isfinite(case.probabilities)).any(axis=1).sum())
    return f"{bad} of its {len(case.probabilities)} answers are not numbers (NaN)" if bad else None


def _figures_are_numbers(case: Case, _: Promotion) -> str | None:
    bad = [name for name, found in case.metrics.items() if not np.isfinite(found.value)]
    return f"its {', '.join(bad)} is not a number (NaN)" if bad else None


def _figures_are_those_of_the_answers(case: Case, _: Promotion) -> str | None:
    """A test split, or a record, that was changed after the evaluation."""
    name = next((name for name in MEASURES if name in case.metrics), None)
    if name is None:
        return f"its record has none of {', '.join(MEASURES)}"
    measure, recorded, manifest = MEASURES[name], case.metrics[name].value, case.candidate.manifest
    test = (manifest.frame["split"] == "test").to_numpy(dtype=bool)
    truth = truth_of(manifest, every_label=measure.every_label)[test]
    found = measure.of_answers(truth, case.probabilities.astype(np.float64)) if len(truth) else 0.0
    if abs(recorded - found) < TOLERANCE:
        return None
    return (
        f"its record says {measure.title} {recorded:.1%}, its answers on the test split of its "
        f"dataset get {found:.1%}: it was evaluated on another test split"
    )


def _dataset_did_not_shrink(case: Case, _: Promotion) -> str | None:
    if case.champion is None:
        return None
    mine, theirs = case.candidate.version.albums, case.champion.version.albums
    if mine >= (1 - SHRINK_LIMIT) * theirs:
        return None
    return (
        f"its dataset has {mine} albums, the champion's {theirs}: "
        f"a dataset that shrank by more than {SHRINK_LIMIT:.0%} is never promoted"
    )


def _no_class_shrank(case: Case, _: Promotion) -> str | None:
    if case.champion is None:
        return None
    mine = case.candidate.manifest.label_counts()
    theirs = case.champion.manifest.label_counts()
    kept = {name: mine.get(name, 0) / count for name, count in theirs.items() if count}
    name = min(kept, key=lambda name: kept[name])
    if kept[name] >= 1 - CLASS_SHRINK_LIMIT:
        return None
    return (
        f"class {name!r} has {mine.get(name, 0)} albums, in the champion's dataset "
        f"{theirs[name]}: with a class that shrank by more than {CLASS_SHRINK_LIMIT:.0%} it is "
        "never promoted"
    )


def _test_split_is_frozen(case: Case, _: Promotion) -> str | None:
    if case.champion is None:
        return None
    frames = [entry.manifest.frame for entry in (case.candidate, case.champion)]
    mine, theirs = (frame.set_index("album")["split"] for frame in frames)
    both = pd.concat([mine, theirs], axis=1, join="inner", keys=["mine", "theirs"])
    tested = int((both == "test").any(axis=1).sum())
    moved = int(((both == "test").any(axis=1) & (both == "train").any(axis=1)).sum())
    if moved <= MOVED_LIMIT * tested:
        return None
    return (
        f"{moved} of {tested} test covers that its dataset shares with the champion's changed "
        "sides between training and test: the test split is not the frozen one"
    )


def _champion_does_not_know_it(case: Case, _: Promotion) -> str | None:
    if case.champion is None:
        return None
    manifest = case.candidate.manifest
    test = (manifest.frame["split"] == "test").to_numpy(dtype=bool)
    known = int(rows_of_training(case.champion.manifest, manifest)[test].sum())
    if known <= KNOWN_LIMIT * test.sum():
        return None
    return (
        f"the champion learnt from {known} of its {test.sum()} test covers: "
        "what is left is not the test split that both can be compared on"
    )


def _classes_have_enough_covers(case: Case, rules: Promotion) -> str | None:
    """Of those on which the two are compared: what the champion learnt from is left out."""
    manifest, compared = case.candidate.manifest, case.candidate.manifest.frame["split"] == "test"
    which = ""
    if case.champion is not None:
        known = rows_of_training(case.champion.manifest, manifest)
        which = " that the champion did not learn from" if (compared & known).any() else ""
        compared &= ~known
    found = count_labels(manifest.frame[compared])
    name = min(manifest.classes, key=lambda name: found[name])
    if found[name] >= rules.class_floor:
        return None
    covers = f"{found[name]} cover{'' if found[name] == 1 else 's'}" if found[name] else "no cover"
    return (
        f"class {name!r} has {covers} in the test split{which}; promotion.class_floor asks for "
        f"{rules.class_floor}: collect more, or leave it out by labels.min_covers"
    )


CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "its dataset passed validation": _dataset_passed_validation,
        "answers its test split": _answers_its_test_split,
        "answers are numbers": _answers_are_numbers,
        "figures are numbers": _figures_are_numbers,
        "figures are those of the answers": _figures_are_those_of_the_answers,
        "the dataset did not shrink": _dataset_did_not_shrink,
        "no class shrank": _no_class_shrank,
        "the test split is frozen": _test_split_is_frozen,
        "the champion does not know it": _champion_does_not_know_it,
        "classes have enough covers": _classes_have_enough_covers,
    }
)

"""A registered version → everything its report is made of."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from albumart import __version__
from albumart.album import cover_key
from albumart.dataset.duplicates import count_duplicates
from albumart.dataset.manifest import Manifest, read_manifest
from albumart.evaluation.evaluate import most_typical, top_losses
from albumart.holdout import Holdout, read_holdout, sources_of
from albumart.images import RGB, load_rgb
from albumart.reports.inputs import (
    CoverExample,
    DatasetFacts,
    Decision,
    ExpectationRow,
    PublishedResult,
    ReportInput,
    StudyFacts,
)
from albumart.stores.models import ModelVersion
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Model, Study
from albumart.training.candidate import (
    Candidate,
    Provenance,
    read_candidate,
)
from albumart.training.networks import labels_of, splits_of
from albumart.trials import read_trials
from albumart.validation.stations import recorded_results

THUMBNAIL: Final = 112
COVERS_PER_CLASS: Final = 6
WORST: Final = 12
EXAMPLE_SEED: Final = 0


def assemble_report(workspace: Workspace, study: Study, version: ModelVersion) -> ReportInput:
    """Gather what the stores know about ``version``. Reads only; no network, no training."""
    manifest = read_manifest(workspace.objects, version.dataset)
    candidate = read_candidate(workspace.objects, version.run)
    holdout = read_holdout(workspace.objects, version.run)
    return ReportInput(
        study=StudyFacts(study.name, study.title, study.description.strip(), study.labels.noun),
        dataset=_dataset_facts(workspace, study, manifest, candidate.provenance),
        evaluation=holdout.evaluation,
        headline_note=" ".join(_notes(study, candidate, manifest)),
        published=tuple(PublishedResult(**row.model_dump()) for row in study.published),
        validation=_validation(workspace, study, manifest),
        baselines=holdout.findings.baselines,
        slices=holdout.findings.slices,
        threshold=holdout.findings.threshold,
        wanted_precision=study.sure,
        probe=holdout.findings.probe,
        trials=read_trials(workspace.objects, version.run),
        duplicates=count_duplicates(manifest),
        typical=dict(_typical(workspace.objects, manifest, holdout)),
        history=tuple(candidate.history),
        stages=candidate.stages,
        covers=_cover_grid(workspace.objects, manifest),
        top_losses=tuple(_worst(workspace.objects, manifest, holdout)),
        decision=_decision(workspace, version),
        temperature=candidate.temperature,
        plan={**candidate.plan["model"], **candidate.plan["head"], **candidate.plan["train"]},
        reproduce=candidate.provenance.command,
        versions={"albumart": __version__, **candidate.versions},
        made_on=f"{version.created:%-d %B %Y}",
    )


def _dataset_facts(
    workspace: Workspace, study: Study, manifest: Manifest, provenance: Provenance
) -> DatasetFacts:
    counts = manifest.frame.groupby(["split", "label"]).size()
    return DatasetFacts(
        digest=manifest.digest,
        by_split={
            split: {name: int(counts.get((split, name), 0)) for name in manifest.classes}
            for split in ("train", "validation", "test")
        },
        by_status=workspace.every_origin[provenance.origin].cover_counts(
            *(provenance.scopes or study.scopes)
        ),
        excluded=dict(manifest.excluded),
        by_source=dict(Counter(sources_of(manifest.frame)).most_common()),
    )


def _notes(study: Study, candidate: Candidate, manifest: Manifest) -> Iterator[str]:
    model = Model(**candidate.plan["model"])
    if model.weights == "random":
        yield "Trained from scratch: the network starts from random weights, not from ImageNet."
    missing = [name for name in study.labels.classes if name not in manifest.classes]
    if missing:
        yield (
            f"{len(manifest.classes)} of the study's {len(study.labels.classes)} classes have "
            f"{study.labels.min_covers} covers or more; left out: {', '.join(missing)}."
        )
    if manifest.frame["artist"].isna().all():
        yield (
            "The source names no artists, so the split keeps duplicate covers together but cannot "
            "keep an artist's albums on one side."
        )


def _validation(
    workspace: Workspace, study: Study, manifest: Manifest
) -> tuple[ExpectationRow, ...]:
    found = recorded_results(workspace.objects, study, manifest)
    names = ("suite", "expectation", "severity", "passed", "detail")
    return tuple(ExpectationRow(**{name: result[name] for name in names}) for result in found)


def _cover_grid(objects: ObjectStore, manifest: Manifest) -> dict[str, tuple[RGB, ...]]:
    grid: dict[str, tuple[RGB, ...]] = {}
    for name in manifest.classes:
        rows = manifest.frame[manifest.frame["label"] == name]
        some = rows.sample(min(COVERS_PER_CLASS, len(rows)), random_state=EXAMPLE_SEED)
        grid[name] = tuple(_thumbnail(objects, sha256) for sha256 in some["cover_sha256"])
    return grid


def _worst(objects: ObjectStore, manifest: Manifest, holdout: Holdout) -> Iterator[CoverExample]:
    test = np.flatnonzero(splits_of(manifest) == "test")
    worst = top_losses(labels_of(manifest)[test], holdout.probabilities, WORST)
    for position in worst:
        answer = int(holdout.probabilities[position].argmax())
        probability = float(holdout.probabilities[position, answer])
        row = manifest.frame.iloc[int(test[position])]
        yield _example(objects, row, manifest.classes[answer], probability)


def _typical(
    objects: ObjectStore, manifest: Manifest, holdout: Holdout
) -> Iterator[tuple[str, tuple[CoverExample, ...]]]:
    """Each class and the test covers that look most like it to the model, whatever they are."""
    test = np.flatnonzero(splits_of(manifest) == "test")
    for number, name in enumerate(manifest.classes):
        best = most_typical(holdout.probabilities, number, COVERS_PER_CLASS)
        yield (
            name,
            tuple(
                _example(
                    objects,
                    manifest.frame.iloc[int(test[position])],
                    name,
                    float(holdout.probabilities[position, number]),
                )
                for position in best
            ),
        )


def _example(
    objects: ObjectStore, row: "pd.Series[Any]", predicted: str, probability: float
) -> CoverExample:
    return CoverExample(
        album=row["album"],
        thumbnail=_thumbnail(objects, row["cover_sha256"]),
        label=row["label"],
        predicted=predicted,
        probability=probability,
        title=_text(row["title"]),
        artist=_text(row["artist"]),
    )


def _thumbnail(objects: ObjectStore, sha256: str) -> RGB:
    return load_rgb(objects.get(cover_key(sha256)), THUMBNAIL)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _decision(workspace: Workspace, version: ModelVersion) -> Decision | None:
    events = [e for e in workspace.models.history(version.study) if e.version == version.version]
    if not events:
        return None
    last = events[-1]
    return Decision(last.action in ("promote", "rollback"), last.reason, str(version.version))

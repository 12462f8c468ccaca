"""A registered version → everything its report is made of."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from albumart import __version__
from albumart.album import cover_key
from albumart.dataset.manifest import Manifest, read_manifest
from albumart.evaluation.evaluate import top_losses
from albumart.holdout import Holdout, read_holdout
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
    labels_of,
    read_candidate,
    splits_of,
)
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
        study=StudyFacts(study.name, study.title, study.description.strip()),
        dataset=_dataset_facts(workspace, study, manifest, candidate.provenance),
        evaluation=holdout.evaluation,
        headline_note=" ".join(_notes(study, candidate, manifest)),
        published=tuple(PublishedResult(**row.model_dump()) for row in study.published),
        validation=_validation(workspace, study, manifest),
        baselines=holdout.baselines,
        history=tuple(candidate.history),
        covers=_cover_grid(workspace.objects, manifest),
        top_losses=tuple(_worst(workspace.objects, manifest, holdout)),
        decision=_decision(workspace, version),
        temperature=candidate.temperature,
        plan={**candidate.plan["model"], **candidate.plan["train"]},
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
            provenance.scope or study.collect.scope
        ),
        excluded=dict(manifest.excluded),
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
        row = manifest.frame.iloc[int(test[position])]
        answer = int(holdout.probabilities[position].argmax())
        yield CoverExample(
            album=row["album"],
            thumbnail=_thumbnail(objects, row["cover_sha256"]),
            label=row["label"],
            predicted=manifest.classes[answer],
            probability=float(holdout.probabilities[position, answer]),
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
    return Decision(last.action != "refuse", last.reason, str(version.version))

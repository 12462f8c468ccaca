"""A registered version → everything its report is made of."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from albumart import __version__
from albumart.album import Origin
from albumart.dataset.card import Card, read_card
from albumart.dataset.duplicates import count_duplicates
from albumart.dataset.manifest import Manifest, count_labels, read_manifest
from albumart.errors import NotFound
from albumart.explain.imagenet import ImageNetTop
from albumart.guessing import summarize_players
from albumart.holdout import read_holdout, sources_of
from albumart.models.network import load_model
from albumart.reports.cover_plane import find_cover_plane
from albumart.reports.examples import (
    HeldOut,
    confused_labels,
    cover_grid,
    typical_covers,
    worst_mistakes,
)
from albumart.reports.inputs import (
    DatasetFacts,
    Decision,
    ExpectationRow,
    PublishedResult,
    ReportInput,
    StudyFacts,
)
from albumart.reports.looking import find_looks, find_sightings
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace
from albumart.study import Model, Study
from albumart.training.candidate import (
    Candidate,
    Provenance,
    read_candidate,
)
from albumart.trials import read_trials
from albumart.validation.stations import recorded_results

if TYPE_CHECKING:
    from albumart.models.network import Network


def assemble_report(
    workspace: Workspace,
    study: Study,
    version: ModelVersion,
    *,
    imagenet: ImageNetTop | None = None,
) -> ReportInput:
    """Gather what the stores know about ``version``, and ask its model where it looks.

    Reads only; no training, and no network but where ``imagenet`` wants one.

    Args:
        workspace: of the version.
        study: of the version.
        version: of the registry.
        imagenet: what its backbone's top is, to show what it saw in covers before.
    """
    manifest = read_manifest(workspace.objects, version.dataset)
    candidate = read_candidate(workspace.objects, version.run)
    holdout = read_holdout(workspace.objects, version.run)
    held_out = HeldOut(workspace.objects, manifest, holdout)
    model = Model(**candidate.plan["model"])
    network = _load_network(workspace, version)
    return ReportInput(
        study=StudyFacts(study.name, study.title, study.description.strip(), study.labels.noun),
        dataset=_dataset_facts(workspace, study, manifest, candidate.provenance),
        evaluation=holdout.evaluation,
        card=_card(workspace, study, manifest),
        headline_note=" ".join(_notes(study, candidate, manifest)),
        published=tuple(PublishedResult(**row.model_dump()) for row in study.published),
        validation=_validation(workspace, study, manifest),
        baselines=holdout.findings.baselines,
        gains=holdout.findings.gains,
        slices=holdout.findings.slices,
        threshold=holdout.findings.threshold,
        wanted_precision=study.sure,
        probe=holdout.findings.probe,
        people=summarize_players(version, workspace),
        trials=read_trials(workspace.objects, version.run),
        duplicates=count_duplicates(manifest),
        confused=confused_labels(manifest, holdout),
        typical=dict(typical_covers(workspace.objects, manifest, holdout)),
        looks=find_looks(network, held_out),
        plane=find_cover_plane(network, held_out, workspace.cache / "features"),
        sightings=find_sightings(imagenet, model, held_out) if imagenet else (),
        history=tuple(candidate.history),
        stages=candidate.stages,
        covers=cover_grid(workspace.objects, manifest),
        top_losses=tuple(worst_mistakes(workspace.objects, manifest, holdout)),
        decision=_decision(workspace, version),
        temperature=candidate.temperature,
        plan={**candidate.plan["model"], **candidate.plan["head"], **candidate.plan["train"]},
        reproduce=candidate.provenance.command,
        versions={"albumart": __version__, **candidate.versions},
        made_on=f"{version.created:%-d %B %Y}",
    )


def _load_network(workspace: Workspace, version: ModelVersion) -> "Network":
    data = workspace.objects.get(version.object_key)
    return load_model(data, version.sha256, workspace.cache / "models")


def _card(workspace: Workspace, study: Study, manifest: Manifest) -> Card | None:
    try:
        return read_card(workspace.objects, manifest.digest, study.name)
    except NotFound:  # built before versions had one
        return None


def _dataset_facts(
    workspace: Workspace, study: Study, manifest: Manifest, provenance: Provenance
) -> DatasetFacts:
    counts = {split: count_labels(rows) for split, rows in manifest.frame.groupby("split")}
    return DatasetFacts(
        digest=manifest.digest,
        by_split={
            split: {name: counts.get(split, Counter())[name] for name in manifest.classes}
            for split in ("train", "validation", "test")
        },
        by_status=workspace.every_origin[provenance.origin].cover_counts(
            *(provenance.scopes or study.scopes)
        ),
        excluded=dict(manifest.excluded),
        by_source=dict(Counter(sources_of(manifest.frame)).most_common()),
        artists_known=bool(manifest.frame["artist"].notna().any()),
    )


def _notes(study: Study, candidate: Candidate, manifest: Manifest) -> Iterator[str]:
    model = Model(**candidate.plan["model"])
    if candidate.provenance.origin is Origin.SANDBOX and not study.sandbox:
        mine, theirs = model.backbone, study.model.backbone
        other = f", with the network {mine!r} in the place of {theirs}" if mine != theirs else ""
        yield (
            f"Run in the sandbox, on covers that it drew{other}: this shows that the study works. "
            "It says nothing about music, and no published figure is of this task."
        )
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


def _decision(workspace: Workspace, version: ModelVersion) -> Decision | None:
    events = [e for e in workspace.models.history(version.study) if e.version == version.version]
    if not events:
        return None
    last = events[-1]
    return Decision(last.action in ("promote", "rollback"), last.reason, str(version.version))

"""The station of promotion: a version through the gate, and the alias moved if it passes.

Where the study asks for a person's approval, a version that passes waits for it: whoever runs the
station asks, and comes back with the answer. Each step is recorded before the next, so that a run
which was killed in between is run again to the same end.
"""

import logging
from collections.abc import Iterator
from typing import Final

import numpy as np

from albumart.dataset.manifest import Manifest, read_manifest
from albumart.errors import ValidationFailed
from albumart.evaluation.intervals import FloatArray
from albumart.evaluation.rivals import MEASURES, Measure, Rivals, align_classes
from albumart.gate import Case, Entry, find_objection, rows_of_training, truth_of
from albumart.holdout import read_holdout
from albumart.models.network import load_model, predict_proba
from albumart.registry import (
    Answer,
    promote,
    record_answer,
    refuse,
    rejection,
    standing_approval,
    was_rolled_back,
)
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.candidate import read_candidate
from albumart.training.networks import cached_pixels, groups_of, splits_of
from albumart.validation.record import find_record
from albumart.verdict import Decision, weigh

logger = logging.getLogger(__name__)

LENT_LIMIT: Final = 0.01  # of the test covers, that a champion who lends its weights learnt from


def judge_version(study: Study, number: int, workspace: Workspace) -> Decision:
    """Put version ``number`` through the promotion gate and move the alias if it passes.

    A version that is champion already stays so; one that a person rolled back or rejected is left
    alone; a race with another promotion ends with one winner. A decision that ``waits`` wants
    ``settle_approval`` next.
    """
    version = workspace.models.find_version(study.name, number)
    champion = workspace.models.champion(study.name)
    known = _known_already(version, champion, workspace)
    if known is not None:
        return known
    decision = ask_gate(study, version, champion, workspace)
    if not decision.promoted:
        refuse(workspace.models, version, decision.reason, evidence=_told(decision))
        return decision
    return _promote(study, version, champion, decision, workspace)


def settle_approval(
    study: Study, number: int, answer: Answer | None, workspace: Workspace, *, seen: int | None
) -> Decision:
    """What comes of a person's answer, or of none, about version ``number``.

    The gate is asked again: should the champion be no longer the version ``seen`` by whoever
    approved, then the decision may wait for their word on the new one.
    """
    version = workspace.models.find_version(study.name, number)
    champion = workspace.models.champion(study.name)
    known = _known_already(version, champion, workspace)
    if known is not None:
        return known
    if answer is None:
        hours = study.promotion.approval_hours
        decision = Decision(False, f"nobody approved it within {hours:g} hours")
        refuse(workspace.models, version, decision.reason)
        return decision
    record_answer(workspace.models, version, answer, replaced=seen)
    return judge_version(study, number, workspace)


def ask_gate(
    study: Study, version: ModelVersion, champion: ModelVersion | None, workspace: Workspace
) -> Decision:
    """What the gate says of ``version`` as successor of ``champion``. Reads only."""
    rules = study.promotion
    case = case_of(version, champion, workspace)
    objection = find_objection(case, rules)
    if objection is not None:
        return Decision(False, objection)
    return weigh(rivals_of(case, MEASURES[rules.metric], workspace), rules, case=case)


def require_unseen_test(study: Study, manifest: Manifest, workspace: Workspace) -> None:
    """Stop where the weights are a version's that learnt from covers which are tested on here.

    What a lender learnt it may have from another lender: all of them are asked.

    Raises:
        ValidationFailed: of more than LENT_LIMIT of the test covers one of them knows the group.
    """
    lenders = list(_lenders(study.model.weights, workspace))
    if not lenders:  # whoever fetches the weights says what is wrong with them
        return
    test = splits_of(manifest) == "test"
    datasets = {lender.dataset for lender in lenders}
    manifests = [read_manifest(workspace.objects, digest) for digest in datasets]
    learnt = np.any([rows_of_training(each, manifest) for each in manifests], axis=0)
    known, tested = int((learnt & test).sum()), int(test.sum())
    chain = ", lent by ".join(f"version {each.version} of {each.study}" for each in lenders)
    told = f"weights {study.model.weights}: {chain} learnt from {known} of the {tested} test covers"
    if known > LENT_LIMIT * tested:
        raise ValidationFailed(
            f"{told}, expected {LENT_LIMIT:.0%} at most; give both studies the same [split], or "
            "take other weights"
        )
    if known:
        logger.warning("train      %s: the figures flatter by as much", told)


def _lenders(weights: str, workspace: Workspace) -> Iterator[ModelVersion]:
    """The version whose weights these are, the one that lent it its own, and so on."""
    models, seen = workspace.models, set[str]()
    lender = (
        models.champion(weights.removeprefix("study:"))
        if weights.startswith("study:")
        else _of_file(weights, workspace)
    )
    while lender is not None and lender.run not in seen:
        yield lender
        seen.add(lender.run)
        candidate = read_candidate(workspace.objects, lender.run)
        lender = _of_file(candidate.plan["model"]["weights"], workspace)


def _of_file(weights: str, workspace: Workspace) -> ModelVersion | None:
    """The version whose file is pinned by its digest; what was lent is remembered so."""
    _, pin, sha256 = weights.rpartition("#sha256=")
    return workspace.models.find_by_file(sha256) if pin else None


def case_of(version: ModelVersion, champion: ModelVersion | None, workspace: Workspace) -> Case:
    """What the stores know about the two."""
    holdout = read_holdout(workspace.objects, version.run)
    record = find_record(workspace.objects, version.dataset, version.study)
    return Case(
        candidate=_entry(version, workspace),
        metrics=holdout.evaluation.metrics,
        probabilities=holdout.probabilities,
        champion=_entry(champion, workspace) if champion else None,
        broken=() if record is None else record.broken,
    )


def rivals_of(case: Case, measure: Measure, workspace: Workspace) -> Rivals:
    """Candidate and champion on the candidate's test split.

    Covers of which the champion learnt the group are left out: it would know them by heart.
    """
    manifest = case.candidate.manifest
    test = splits_of(manifest) == "test"
    kept, theirs = test, None
    if case.champion is not None:
        kept = test & ~rows_of_training(case.champion.manifest, manifest)
        answers = _predict(case.champion, manifest, workspace)
        theirs = align_classes(answers, case.champion.version.classes, manifest.classes)
    among = kept[test]
    truth = truth_of(manifest, every_label=measure.every_label)
    return Rivals(
        classes=manifest.classes,
        truth=truth[kept],
        shares=truth[splits_of(manifest) == "train"].mean(axis=0),
        candidate=case.probabilities[among].astype(np.float64),
        champion=None if theirs is None else theirs[among],
        groups=groups_of(manifest)[kept],
    )


def _known_already(
    version: ModelVersion, champion: ModelVersion | None, workspace: Workspace
) -> Decision | None:
    """What was settled before, by the gate or by a person."""
    if champion is not None and champion.version == version.version:
        return Decision(True, "it is the champion already: nothing changed since it was promoted")
    by_hand = f"to have it all the same: albumart models promote {version.study} {version.version}"
    if was_rolled_back(workspace.models, version):
        return Decision(False, f"it was rolled back; {by_hand}")
    rejected = rejection(workspace.models, version)
    if rejected is not None:
        comment = f" ({rejected.comment})" if rejected.comment else ""
        return Decision(False, f"it was rejected by {rejected.who}{comment}; {by_hand}")
    return None


def _promote(
    study: Study,
    version: ModelVersion,
    champion: ModelVersion | None,
    decision: Decision,
    workspace: Workspace,
) -> Decision:
    models, replaced = workspace.models, champion.version if champion else None
    approval = standing_approval(models, version, replaced=replaced)
    if study.promotion.approval and approval is None:
        return Decision(False, decision.reason, decision.evidence, waits=True)
    reason = decision.reason + (f"; approved by {approval.who}" if approval else "")
    moved = promote(
        models, version, replaced=replaced, reason=reason, answer=approval, evidence=_told(decision)
    )
    if moved:
        return Decision(True, reason, decision.evidence)
    return _beaten(version, replaced, workspace)


def _beaten(version: ModelVersion, replaced: int | None, workspace: Workspace) -> Decision:
    now = workspace.models.champion(version.study)
    before = f"version {replaced}" if replaced else "nobody"
    reason = (
        f"it was compared with {before}, but version {now.version if now else '?'} became champion "
        "meanwhile; run again to be compared with that"
    )
    logger.info("promote    version %d: %s", version.version, reason)
    return Decision(False, reason)


def _told(decision: Decision) -> dict[str, object] | None:
    return None if decision.evidence is None else decision.evidence.to_dict()


def _entry(version: ModelVersion, workspace: Workspace) -> Entry:
    return Entry(version, read_manifest(workspace.objects, version.dataset))


def _predict(entry: Entry, manifest: Manifest, workspace: Workspace) -> FloatArray:
    """``(n_test, k)`` what ``entry`` says about the test split of ``manifest``."""
    version = entry.version
    if version.dataset == manifest.digest:
        return read_holdout(workspace.objects, version.run).probabilities.astype(np.float64)
    data = workspace.objects.get(version.object_key)
    model = load_model(data, version.sha256, workspace.cache / "models")
    pixels = cached_pixels(manifest, workspace, version.image_size)
    test = np.flatnonzero(splits_of(manifest) == "test")
    return predict_proba(model, pixels, test).astype(np.float64)

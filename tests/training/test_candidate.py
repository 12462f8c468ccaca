"""The stations from stored covers to a judged model, on real stores and a made collection."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from quick_study import study
from sklearn.metrics import log_loss

from albumart.dataset.manifest import Manifest, read_manifest
from albumart.dataset.version import build_version
from albumart.errors import NotFound, ValidationFailed
from albumart.evaluation.baselines import NotRun
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.rivals import MEASURES
from albumart.holdout import evaluate_candidate, read_holdout, register_candidate
from albumart.models.network import load_model, predict_proba
from albumart.promotion import case_of, judge_version, rivals_of
from albumart.registry import promote_by_hand, roll_back
from albumart.reports.store import fetch_report, write_report
from albumart.serving.inputs import Reader, find_inputs
from albumart.serving.predictor import Predictor
from albumart.stores.models import model_key
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.candidate import (
    Candidate,
    Provenance,
    read_candidate,
    read_held,
    run_digest,
    train_candidate,
)
from albumart.training.networks import cached_pixels, labels_of
from albumart.validation.stations import recorded_results, validate_manifest

MADE = Provenance("albumart run sandbox-genre")


def test_the_same_covers_give_the_same_digest(filled: Workspace, manifest: Manifest) -> None:
    assert build_version(study(), filled).digest == manifest.digest
    assert read_manifest(filled.objects, manifest.digest).summary() == manifest.summary()


def test_what_validation_found_is_kept_for_the_report(
    filled: Workspace, manifest: Manifest
) -> None:
    found = recorded_results(filled.objects, study(), manifest)
    assert {result["suite"] for result in found} == {"albums", "covers", "split"}
    unknown = study().model_copy(update={"name": "other"})
    assert {r["suite"] for r in recorded_results(filled.objects, unknown, manifest)} == {"split"}


def test_too_few_covers_stop_before_a_dataset_is_built(filled: Workspace) -> None:
    demanding = study().model_copy(
        update={"labels": study().labels.model_copy(update={"min_covers": 5000})}
    )
    with pytest.raises(ValidationFailed, match="expected two classes or more with 5000 covers"):
        build_version(demanding, filled)


def test_a_planted_leak_stops_before_training(filled: Workspace, manifest: Manifest) -> None:
    frame = manifest.frame.copy()
    twins = frame["cluster"].value_counts()
    rows = frame.index[frame["cluster"] == twins.index[0]]
    frame.loc[rows[0], "split"] = "test"
    frame.loc[rows[1:], "split"] = "train"
    leaking = Manifest(manifest.study, manifest.classes, frame, {}, manifest.parameters)
    with pytest.raises(ValidationFailed, match="split/"):
        validate_manifest(leaking, filled)


@pytest.mark.parametrize("frozen", [False, True], ids=["whole-network", "frozen-features"])
def test_from_dataset_to_prediction(
    filled: Workspace, manifest: Manifest, frozen: bool, tmp_path: Path
) -> None:
    chosen = study(head_only=frozen)
    candidate = train_candidate(chosen, manifest, filled, MADE)
    assert candidate.run == run_digest(chosen, manifest)
    assert train_candidate(chosen, manifest, filled, MADE) == candidate
    assert read_candidate(filled.objects, candidate.run) == candidate

    holdout = evaluate_candidate(candidate, chosen, manifest, filled)
    again = evaluate_candidate(candidate, chosen, manifest, filled)
    assert again.to_dict() == holdout.to_dict()
    test = manifest.frame["split"] == "test"
    right = holdout.probabilities.argmax(axis=1) == labels_of(manifest)[test]
    assert holdout.evaluation.metrics["accuracy"].value == pytest.approx(right.mean())
    baselines, probe = holdout.findings.baselines, holdout.findings.baselines["linear_probe"]
    assert isinstance(probe, Estimate if frozen else NotRun)
    assert isinstance(baselines["boosted_histograms"], Estimate)
    by_column = Counter(found.column for found in holdout.findings.slices)
    assert set(by_column) == {"source", "decade", "size", "colour", "skin colour", "duplicates"}
    assert holdout.findings.probe is None  # all are of one source
    assert read_holdout(filled.objects, candidate.run).findings == holdout.findings
    assert_saved_model_is_the_trained_one(candidate, manifest, filled)

    version = register_candidate(candidate.run, filled)
    assert register_candidate(candidate.run, filled).version == version.version
    decision = judge_version(chosen, version.version, filled)
    assert decision.reason
    report = write_report(filled, chosen, version.version, folder=tmp_path)
    assert chosen.title in report.read_text()
    assert fetch_report(filled, chosen, version.version, folder=tmp_path / "x").is_file()


def assert_saved_model_is_the_trained_one(
    candidate: Candidate, manifest: Manifest, workspace: Workspace
) -> None:
    """The file's accuracy on validation is that of the epoch which training kept."""
    rows = np.flatnonzero(manifest.frame["split"] == "validation")
    said = answers(candidate, manifest, workspace, rows).argmax(axis=1)
    kept = min(candidate.history, key=lambda epoch: epoch["val_loss"])
    assert (said == labels_of(manifest)[rows]).mean() == pytest.approx(kept["val_accuracy"])


def test_a_refit_head_learns_from_validation_and_is_calibrated_before(
    filled: Workspace, manifest: Manifest
) -> None:
    plain = study(head_only=True, epochs=4).model_copy(update={"sure": 0.05})
    train = plain.train.model_copy(update={"refit": True})
    refit = plain.model_copy(update={"train": train})
    before, after = (train_candidate(each, manifest, filled, MADE) for each in (plain, refit))
    assert (after.history, after.temperature) == (before.history, before.temperature)

    rows = np.flatnonzero(manifest.frame["split"] == "validation")
    labels = labels_of(manifest)[rows]
    unseen, seen = (answers(each, manifest, filled, rows) for each in (before, after))
    assert log_loss(labels, seen) < log_loss(labels, unseen)
    held = read_held(filled.objects, after.run)
    assert held == pytest.approx(unseen, abs=1e-5)
    assert read_held(filled.objects, before.run) is None

    chosen = []
    for candidate, its in ((before, plain), (after, refit)):
        threshold = evaluate_candidate(candidate, its, manifest, filled).findings.threshold
        assert threshold is not None
        chosen.append(threshold.confidence)
    assert chosen[0] == pytest.approx(chosen[1], abs=1e-5)


def answers(
    candidate: Candidate, manifest: Manifest, workspace: Workspace, rows: NDArray[np.intp]
) -> NDArray[np.float32]:
    """What the saved file says of rows."""
    data = workspace.objects.get(model_key(candidate.sha256))
    model = load_model(data, candidate.sha256, workspace.cache / "models")
    return predict_proba(model, cached_pixels(manifest, workspace, candidate.image_size), rows)


def test_training_again_from_nothing_gives_the_same_model(
    filled: Workspace, manifest: Manifest
) -> None:
    chosen = study(seed=5)
    first = train_candidate(chosen, manifest, filled, MADE)
    weights = evaluate_candidate(first, chosen, manifest, filled).probabilities
    for key in list(filled.objects.keys(f"runs/{first.run}/")):
        filled.objects.delete(key)
    second = train_candidate(chosen, manifest, filled, MADE)
    assert second.history == first.history
    assert (evaluate_candidate(second, chosen, manifest, filled).probabilities == weights).all()


def test_the_champion_predicts_and_files_that_are_no_images_do_not_stop_it(
    filled: Workspace, manifest: Manifest, tmp_path: Path
) -> None:
    chosen = study(epochs=3)
    candidate = train_candidate(chosen, manifest, filled, MADE)
    evaluate_candidate(candidate, chosen, manifest, filled)
    version = register_candidate(candidate.run, filled)
    with pytest.raises(NotFound, match="no champion yet; run: albumart run nobody"):
        Predictor.of_champion("nobody", filled)
    promote_by_hand(filled.models, chosen.name, version.version)
    judged = judge_version(chosen, version.version, filled)
    assert judged.promoted

    row = manifest.frame[manifest.frame["split"] == "test"].iloc[0]
    image, text = tmp_path / "cover.jpg", tmp_path / "text.jpg"
    sha256 = row["cover_sha256"]
    image.write_bytes(filled.objects.get(f"covers/{sha256[:2]}/{sha256}"))
    text.write_text("not an image")
    predictor = Predictor.of_champion(chosen.name, filled)
    words = [str(image), str(text), str(tmp_path / "nowhere.jpg")]
    good, bad, missing = predictor.predict_items(find_inputs(words).items, Reader(), top=3)
    probabilities = read_holdout(filled.objects, candidate.run).probabilities[0]
    assert [label.label for label in good.labels] == [
        manifest.classes[i] for i in np.argsort(-probabilities)[:3]
    ]
    assert good.labels[0].probability == pytest.approx(float(probabilities.max()), abs=1e-5)
    assert "expected JPEG" in str(bad.error)
    assert missing.error == "No such file or directory"


def registered(chosen: Study, manifest: Manifest, workspace: Workspace) -> int:
    candidate = train_candidate(chosen, manifest, workspace, MADE)
    evaluate_candidate(candidate, chosen, manifest, workspace)
    return register_candidate(candidate.run, workspace).version


def test_a_later_candidate_is_compared_with_the_champion(
    filled: Workspace, manifest: Manifest
) -> None:
    """On the candidate's own test split, whatever dataset the champion was trained on."""
    chosen = study(seed=7).model_copy(update={"name": "later"})
    fewer = build_version(chosen, filled, limit=240)
    assert len(fewer.frame) < len(manifest.frame)
    first = registered(chosen, fewer, filled)
    second = registered(chosen, manifest, filled)
    third = registered(study(seed=8).model_copy(update={"name": "later"}), manifest, filled)
    versions = {n: filled.models.find_version("later", n) for n in (first, second, third)}
    for champion in (first, second):
        case = case_of(versions[third], versions[champion], filled)
        rivals = rivals_of(case, MEASURES["accuracy"], filled)
        assert rivals.candidate.shape == rivals.truth.shape == (rivals.n, len(manifest.classes))
        assert rivals.champion is not None
        assert rivals.champion.shape == (rivals.n, len(manifest.classes) + 1)

    promote_by_hand(filled.models, "later", second)
    assert "dataset that shrank" in judge_version(chosen, first, filled).reason
    assert judge_version(chosen, third, filled).reason
    promote_by_hand(filled.models, "later", third)
    roll_back(filled.models, "later")
    assert judge_version(chosen, third, filled).reason.startswith("it was rolled back")

"""The stations from stored covers to a judged model, on real stores and a made collection."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from albumart.album import Origin
from albumart.collect.scrape import collect_albums
from albumart.covers import download_covers
from albumart.dataset.manifest import Manifest, read_manifest
from albumart.dataset.version import build_version
from albumart.endpoints import Endpoints
from albumart.errors import NotFound, ValidationFailed
from albumart.holdout import evaluate_candidate, read_holdout, register_candidate
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.models.network import load_model, predict_proba
from albumart.promotion import answers_beside_champion, judge_version
from albumart.registry import promote_by_hand, roll_back
from albumart.reports.store import fetch_report, write_report
from albumart.sandbox.server import running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.serving.predictor import Predictor
from albumart.sources import SOURCES, Query
from albumart.stores.models import model_key
from albumart.stores.workspace import Workspace, open_workspace
from albumart.study import Study, load_study
from albumart.training.candidate import (
    Candidate,
    Provenance,
    cached_pixels,
    labels_of,
    read_candidate,
    run_digest,
    train_candidate,
)
from albumart.validation.stations import (
    recorded_results,
    validate_manifest,
    validate_stored_rows,
)

MADE = Provenance("albumart run sandbox-genre")


def study(**train: object) -> Study:
    base = load_study("sandbox-genre")
    quick = {"epochs": 2, "batch_size": 32} | train
    labels = base.labels.model_copy(update={"min_covers": 10})
    model = base.model.model_copy(update={"image_size": 32})
    return base.model_copy(
        update={"labels": labels, "model": model, "train": base.train.model_copy(update=quick)}
    )


@pytest.fixture(scope="module")
def filled(endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Stores with the covers of a small made collection, shared by the tests of this module."""
    import dataclasses

    own = dataclasses.replace(
        endpoints,
        mongodb_database="test_stations",
        s3=dataclasses.replace(endpoints.s3, bucket="test-stations"),
    )
    cache = tmp_path_factory.mktemp("cache")
    with (
        running_sandbox(MadeSite(seed=3, scale=0.25)) as sandbox,
        PoliteClient("", pacer=Pacer(cache), mirror=sandbox.url) as client,
        open_workspace(own, cache, Origin.SANDBOX) as workspace,
    ):
        collect_albums(client, workspace, SOURCES["bandcamp"], Query())
        (keys,) = workspace.albums.due_ranges("bandcamp", size=10_000)
        download_covers(client, workspace, workspace.albums.due_albums("bandcamp", keys))
        yield workspace


@pytest.fixture(scope="module")
def manifest(filled: Workspace) -> Manifest:
    validate_stored_rows(study(), filled)
    built = build_version(study(), filled)
    validate_manifest(built, filled)
    return built


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
    chosen = study(frozen=frozen)
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
    assert ("linear_probe" in holdout.baselines) is frozen
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
    data = workspace.objects.get(model_key(candidate.sha256))
    model = load_model(data, candidate.sha256, workspace.cache / "models")
    rows = np.flatnonzero(manifest.frame["split"] == "validation")
    pixels = cached_pixels(manifest, workspace, candidate.image_size)
    answers = predict_proba(model, pixels, rows).argmax(axis=1)
    kept = min(candidate.history, key=lambda epoch: epoch["val_loss"])
    assert (answers == labels_of(manifest)[rows]).mean() == pytest.approx(kept["val_accuracy"])


def test_training_again_from_nothing_gives_the_same_model(
    filled: Workspace, manifest: Manifest
) -> None:
    chosen = study(frozen=False, seed=5)
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
    chosen = study(frozen=False, epochs=3)
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
    good, bad, missing = predictor.predict([image, text, tmp_path / "nowhere.jpg"], top=3)
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
    chosen = study(frozen=False, seed=7).model_copy(update={"name": "later"})
    fewer = build_version(chosen, filled, limit=240)
    assert len(fewer.frame) < len(manifest.frame)
    first = registered(chosen, fewer, filled)
    second = registered(chosen, manifest, filled)
    third = registered(study(seed=8).model_copy(update={"name": "later"}), manifest, filled)
    versions = {n: filled.models.find_version("later", n) for n in (first, second, third)}
    for champion in (first, second):
        answers = answers_beside_champion(versions[third], versions[champion], manifest, filled)
        assert answers.champion is not None
        assert answers.champion.shape == answers.candidate.shape == answers.truth.shape
        assert answers.champion.max() < len(manifest.classes)

    promote_by_hand(filled.models, "later", second)
    assert "dataset that shrank" in judge_version(chosen, first, filled).reason
    assert judge_version(chosen, third, filled).reason
    promote_by_hand(filled.models, "later", third)
    roll_back(filled.models, "later")
    assert judge_version(chosen, third, filled).reason.startswith("it was rolled back")

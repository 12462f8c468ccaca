"""A study whose albums carry several labels, from the dataset to the report and a prediction."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from quick_study import study

from albumart.dataset.manifest import Manifest
from albumart.dataset.version import build_version
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.holdout import evaluate_candidate, read_holdout, register_candidate
from albumart.promotion import judge_version
from albumart.reports.store import write_report
from albumart.stores.workspace import Workspace
from albumart.study import Head, Labels, Promotion, Study, Trials
from albumart.training.candidate import Provenance, run_digest, train_candidate
from albumart.training.networks import find_label_space, find_metadata, order_of, splits_of
from albumart.trials import read_trials, run_trials

SPACE = Head(title="label space", kind="label_embedding", dropout=0.1)


def several(kind: str) -> Study:
    """Bandcamp tells one genre; the classes above it make a second label of some."""
    labels = Labels(
        scheme="multi_hot",
        classes=("ambient", "electronic", "dubstep", "hiphop_rap", "metal", "punk", "rock"),
        min_covers=10,
    )
    return Study.model_validate(
        study(head_only=True, epochs=3).model_dump()
        | {
            "name": f"several-{kind.replace('_', '-')}",
            "labels": labels.model_dump(),
            "head": {"kind": kind, "dropout": 0.1},
            "compare": [SPACE.model_dump()] if kind == "sigmoid" else [],
            "promotion": Promotion(metric="micro_pr_auc").model_dump(),
            "trials": Trials(seeds=1).model_dump(),
        }
    )


@pytest.fixture(scope="module")
def dataset(filled: Workspace) -> Manifest:
    return build_version(several("sigmoid"), filled)


def test_the_dataset_holds_albums_of_several_labels(dataset: Manifest) -> None:
    assert dataset.has_several
    assert (order_of(dataset) > 0).sum() > len(dataset.frame)


@pytest.mark.parametrize("kind", ["sigmoid", "label_embedding"])
def test_from_dataset_to_report(
    filled: Workspace, dataset: Manifest, kind: str, tmp_path: Path
) -> None:
    chosen = several(kind)
    candidate = train_candidate(chosen, dataset, filled, Provenance("albumart run several"))
    holdout = evaluate_candidate(candidate, chosen, dataset, filled)
    assert isinstance(holdout.evaluation, MultiEvaluation)
    assert holdout.probabilities.shape == (holdout.evaluation.n, len(dataset.classes))
    assert ((holdout.probabilities >= 0) & (holdout.probabilities <= 1)).all()
    assert "label_cosine" in holdout.evaluation.metrics or holdout.evaluation.metrics
    assert isinstance(holdout.findings.baselines["linear_probe"], Estimate)
    assert holdout.findings.threshold is None
    again = read_holdout(filled.objects, candidate.run)
    assert again.evaluation == holdout.evaluation

    found = run_trials(candidate, chosen, dataset, filled)
    assert found.leakage is not None
    assert found.compared is not None
    titles = [head.title for head in found.compared.heads]
    assert titles == ["sigmoid", "label space"] if kind == "sigmoid" else ["label_embedding"]
    assert (holdout.directions is None) == (kind == "sigmoid")

    version = register_candidate(candidate.run, filled).version
    assert judge_version(chosen, version, filled).reason
    page = write_report(filled, chosen, version, folder=tmp_path).read_text()
    assert "PR-AUC" in page


def test_calibrated_answers_are_as_sure_as_they_are_right(
    filled: Workspace, dataset: Manifest
) -> None:
    """Whatever the head had learnt, its mean answer is near the mean truth."""
    for kind in ("sigmoid", "label_embedding"):
        chosen = several(kind)
        candidate = train_candidate(chosen, dataset, filled, Provenance("albumart run several"))
        told = evaluate_candidate(candidate, chosen, dataset, filled).probabilities
        truth = order_of(dataset)[splits_of(dataset) == "test"] > 0
        assert told.mean() == pytest.approx(truth.mean(), abs=0.1)


def test_the_label_space_is_learnt_of_the_training_split_alone(
    filled: Workspace, dataset: Manifest
) -> None:
    splits = splits_of(dataset)
    space = find_label_space(several("sigmoid"), dataset, splits, filled)
    shuffled = dataset.frame.copy()
    others = np.flatnonzero(splits != "train")
    for row, other in zip(others, np.roll(others, 1), strict=True):
        shuffled.at[row, "labels"] = dataset.frame.at[other, "labels"]
    mixed = Manifest(dataset.study, dataset.classes, shuffled, {}, dataset.parameters)
    again = find_label_space(several("sigmoid"), mixed, splits, filled)
    assert space is not None
    assert again is not None
    assert (space.vectors == again.vectors).all()
    assert find_label_space(study(), dataset, splits, filled) is None


TELLING = {"ambient": ("Ambient",), "metal": ("Death Metal",), "punk": ("Punk",)}


@pytest.fixture
def moods(dataset: Manifest) -> Manifest:
    """The same albums as if their labels were moods, with genres that give some of them away."""
    told = [TELLING.get(label, ()) for label in dataset.frame["label"]]
    genres = pd.Series(told, index=dataset.frame.index, dtype="object")
    frame = dataset.frame.assign(genres=genres)
    return dataclasses.replace(dataset, frame=frame, parameters={"scheme": "ordered"})


def four_heads(vectors: Path | None = None) -> Study:
    rows = [
        {"title": title, "kind": kind, "metadata": metadata}
        for title, kind, metadata in (
            ("image", "sigmoid", False),
            ("image and metadata", "sigmoid", True),
            ("image to space", "label_embedding", False),
            ("image and metadata to space", "label_embedding", True),
        )
    ]
    base = several("sigmoid")
    chosen = Study.model_validate(
        base.model_dump()
        | {"name": "four-heads", "head": rows[0], "compare": rows[1:]}
        | {"labels": {"scheme": "ordered", "classes": base.labels.classes}}
        | {"trials": {"seeds": 1, "random_split": False}}
        | {"train": {"stages": [{"epochs": 15, "learning_rate": 0.05}]}}
    )
    return chosen.with_label_vectors(None if vectors is None else str(vectors))


def test_four_heads_are_compared_in_one_run(
    filled: Workspace, moods: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = four_heads()
    candidate = train_candidate(chosen, moods, filled, Provenance("albumart run four-heads"))
    evaluate_candidate(candidate, chosen, moods, filled)
    found = run_trials(candidate, chosen, moods, filled).compared
    assert found is not None
    image, both, space, both_space = found.heads
    assert [head.title for head in found.heads] == [h.name for h in (chosen.head, *chosen.compare)]
    assert [head.metadata for head in found.heads] == [False, True, False, True]
    for shown in (both, both_space):
        gain = shown.metrics["micro_pr_auc"].value - shown.alone["micro_pr_auc"].value
        assert gain > 0.02  # what the genres give away, the cover alone does not
    assert both.gain["micro_pr_auc"].low > 0
    assert image.gain == image.alone == space.alone == {}
    assert [(row.near, row.far) for row in found.nearness] == [
        ("image to space", "image"),
        ("image and metadata to space", "image and metadata"),
    ]
    assert found.map is not None
    assert found.map.title == "image to space"
    monkeypatch.setattr("albumart.trials.fit_network", None)  # nothing is trained twice
    assert run_trials(candidate, chosen, moods, filled).compared == found
    assert read_trials(filled.objects, candidate.run).compared == found  # type: ignore[union-attr]


def test_what_is_not_of_the_training_split_shapes_no_metadata(moods: Manifest) -> None:
    splits = splits_of(moods)
    shown = find_metadata(four_heads().model_copy(update={"head": SHOWN}), moods, splits)
    unseen = splits == "test"
    words = [
        ("Klezmer",) if new else told
        for told, new in zip(moods.frame["genres"], unseen, strict=True)
    ]
    genres = pd.Series(words, index=moods.frame.index, dtype="object")
    years = moods.frame["year"].mask(unseen, 1907)
    changed = dataclasses.replace(moods, frame=moods.frame.assign(genres=genres, year=years))
    again = find_metadata(four_heads().model_copy(update={"head": SHOWN}), changed, splits)
    assert shown is not None
    assert again is not None
    np.testing.assert_array_equal(shown[~unseen], again[~unseen])
    assert find_metadata(four_heads(), moods, splits) is None


SHOWN = Head(kind="sigmoid", metadata=True)


def test_word_vectors_of_a_file_are_the_label_space(
    filled: Workspace, moods: Manifest, tmp_path: Path
) -> None:
    vectors = tmp_path / "made.2d.txt"
    vectors.write_text("ambient 1 0\nmetal 0 1\npunk 0 1\nrock 0 1\nthe 1 1\n")
    chosen = four_heads(vectors)
    splits = splits_of(moods)
    space = find_label_space(chosen, moods, splits, filled)
    assert space is not None
    assert space.missing == ("electronic", "dubstep", "hiphop_rap")
    digest = run_digest(chosen, moods)
    assert digest != run_digest(four_heads(), moods)
    moved = vectors.rename(tmp_path / "elsewhere.txt")
    assert run_digest(four_heads(moved), moods) == digest  # it is named by what is in it
    kept = len(list((filled.cache / "label-spaces").iterdir()))
    again = find_label_space(four_heads(moved), moods, splits, filled)
    assert again is not None
    assert again.digest == space.digest
    assert len(list((filled.cache / "label-spaces").iterdir())) == kept

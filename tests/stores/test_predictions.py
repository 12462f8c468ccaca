"""Predictions in a real MongoDB: one document each, and "most …" by an index."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from albumart.endpoints import Endpoints
from albumart.errors import NotFound
from albumart.stores.models import ModelVersion
from albumart.stores.mongodb import connect
from albumart.stores.predictions import LEAST, TOP, PredictionStore, Score, class_number
from albumart.stores.workspace import Workspace

TWO = ("metal", "rap")
MOODS = tuple(f"mood.${number}" for number in range(25))  # names that are no names of fields


def version(number: int = 1, classes: tuple[str, ...] = TWO, study: str = "s") -> ModelVersion:
    return ModelVersion(
        study=study, version=number, run=f"r{number}", dataset="d", albums=1, sha256="0" * 64,
        classes=classes, image_size=32, evaluation={}, baselines={},
    )  # fmt: skip


def score(number: int, *probabilities: float, cover: int = 0) -> Score:
    return Score(f"bandcamp:{number:04}", f"{cover:064x}", probabilities)


def random_scores(n: int, k: int, *, seed: int = 0, top: float = 1.0) -> list[Score]:
    found = np.random.default_rng(seed).random((n, k)) * top
    return [score(number, *map(float, row)) for number, row in enumerate(found)]


def ordered(scores: list[Score], number: int, limit: int) -> list[tuple[str, float]]:
    pairs = [(each.album, each.probabilities[number]) for each in scores]
    return sorted(pairs, key=lambda pair: -pair[1])[:limit]


@pytest.fixture
def predictions(workspace: Workspace) -> PredictionStore:
    return workspace.predictions


@pytest.fixture
def database(endpoints: Endpoints, mongo_database: str) -> Iterator[Database[dict[str, Any]]]:
    with connect(endpoints.mongodb_uri) as client:
        yield client[mongo_database]


def test_a_cover_has_one_document_for_each_study(
    predictions: PredictionStore, database: Database[dict[str, Any]]
) -> None:
    scores = [score(1, 0.9, 0.1), score(2, 0.2, 0.8)]
    for _ in range(2):
        predictions.upsert(version(), scores)
    predictions.upsert(version(study="other"), scores[:1])
    assert database["predictions_sandbox"].count_documents({}) == 3
    found = database["predictions_sandbox"].find_one({"study": "s", "album": "bandcamp:0002"})
    assert found is not None
    assert {name: found[name] for name in ("version", "top", "confidence", "not_sure")} == {
        "version": 1, "top": "rap", "confidence": 0.8, "not_sure": False,
    }  # fmt: skip
    assert found["probabilities"] == [0.2, 0.8]
    assert predictions.top_counts(version()) == {"metal": 1, "rap": 1}
    predictions.upsert(version(), [])


def test_what_another_version_said_is_replaced(predictions: PredictionStore) -> None:
    first, second = version(1), version(2)
    predictions.upsert(first, [score(1, 0.9, 0.1), score(2, 0.8, 0.2)])
    predictions.upsert(second, [score(1, 0.3, 0.7, cover=5)])
    albums = ["bandcamp:0001", "bandcamp:0002", "bandcamp:0003"]
    assert predictions.scored(first, albums) == {"bandcamp:0002": f"{0:064x}"}
    assert predictions.scored(second, albums) == {"bandcamp:0001": f"{5:064x}"}
    assert [each.album for each in predictions.most(first, "metal", limit=9)] == ["bandcamp:0002"]
    (only,) = predictions.most(second, "metal", limit=9)
    assert (only.probability, only.top, only.not_sure) == (0.3, "rap", False)
    assert predictions.top_counts(version(3)) == {"metal": 0, "rap": 0}


def test_more_than_a_batch(predictions: PredictionStore) -> None:
    scores = random_scores(2_300, 2)
    predictions.upsert(version(), scores)
    assert sum(predictions.top_counts(version()).values()) == 2_300
    found = predictions.most(version(), "rap", limit=50)
    assert [(each.album, each.probability) for each in found] == ordered(scores, 1, 50)


def test_what_is_no_prediction_is_refused_by_the_validator(predictions: PredictionStore) -> None:
    with pytest.raises(BulkWriteError):
        predictions.upsert(version(), [Score("bandcamp:1", "no digest", (0.5, 0.5))])


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("metall", r"version 1 of study 's' knows no label 'metall' \(did you mean 'metal'\?\)"),
        ("polka", r"no label 'polka'; there are: metal, rap"),
    ],
)
def test_an_unknown_label_is_told_with_the_choices(
    label: str, said: str, predictions: PredictionStore
) -> None:
    with pytest.raises(NotFound, match=said):
        predictions.most(version(), label, limit=1)
    assert class_number(version(), "rap") == 1


@pytest.mark.parametrize(("classes", "top"), [(TWO, 1.0), (MOODS, 1.0), (MOODS, 0.12)])
def test_most_is_answered_by_the_index(
    classes: tuple[str, ...],
    top: float,
    predictions: PredictionStore,
    database: Database[dict[str, Any]],
) -> None:
    """As the server's own profiler tells: no sort, and as many keys as covers were asked for."""
    scores = random_scores(400, len(classes), top=top)
    for study in ("s", "other"):
        predictions.upsert(version(classes=classes, study=study), scores)
    database.command("profile", 2)
    found = predictions.most(version(classes=classes), classes[1], limit=7)
    database.command("profile", 0)
    assert [(each.album, each.probability) for each in found] == ordered(scores, 1, 7)
    (told,) = database["system.profile"].find(
        {"op": "query", "ns": f"{database.name}.predictions_sandbox"}
    )
    assert "IXSCAN" in told["planSummary"]
    assert "best.s/1/1" in told["planSummary"]
    assert not told.get("hasSortStage", False)
    assert told["keysExamined"] <= 8
    assert told["docsExamined"] <= 7


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    top=st.sampled_from([0.02, LEAST, 2 * LEAST, 1.0]),
    limit=st.integers(1, 60),
    seed=st.integers(0, 2**31),
)
def test_of_many_labels_the_order_is_right_even_of_improbable_ones(
    top: float, limit: int, seed: int, predictions: PredictionStore
) -> None:
    """Labels that no document holds among its own of note are found all the same."""
    assert len(MOODS) > TOP
    asked = version(classes=MOODS)
    scores = random_scores(50, len(MOODS), seed=seed, top=top)
    predictions.upsert(asked, scores)
    found = predictions.most(asked, MOODS[3], limit=limit)
    assert [(each.album, each.probability) for each in found] == ordered(scores, 3, limit)

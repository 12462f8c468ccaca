"""The table of covers and the map, and what happens where something is missing."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from fastapi.testclient import TestClient
from made_site import EACH, STUDY, made_cover

from albumart.album import Album, CoverResult, CoverStatus, Origin
from albumart.errors import NotFound
from albumart.serving.predictor import Label
from albumart.similar import SimilarCovers
from albumart.stores.workspace import Workspace
from albumart.web.champions import Champions, Live, study_words
from albumart.web.collection import Wanted, build_collection
from albumart.web.covermap import HEIGHT, MARGIN, WIDTH, draw_map
from albumart.web.figures import threshold_sentence
from albumart.web.trying import Question, compare, try_cover

BASE = f"/studies/{STUDY}"


@pytest.fixture(scope="module")
def live(filled: Workspace) -> Live:
    return Champions({Origin.SANDBOX: filled}).live(STUDY)


def test_where_nothing_was_scored_the_test_split_stands_in(filled: Workspace, live: Live) -> None:
    before = replace(live, version=filled.models.find_version(STUDY, 1))
    collection = build_collection(before)
    assert not collection.scored
    asked = sum(collection.counts().values())
    assert 0 < asked < 3 * EACH
    assert collection.find(Wanted(split="test")).total == asked
    unasked = collection.find(Wanted(split="train", order="album")).rows[0]
    assert (unasked.top, unasked.confidence, unasked.wrong) == ("", None, None)


def test_a_table_is_filtered_by_anything(live: Live) -> None:
    collection = build_collection(live)
    assert collection.scored
    assert len(collection) == 3 * EACH
    totals = {
        answer: collection.find(Wanted(answer=answer)).total
        for answer in ("right", "wrong", "sure", "not-sure")
    }
    assert totals["right"] + totals["wrong"] == 3 * EACH
    assert totals["sure"] + totals["not-sure"] == 3 * EACH
    shares = [row.confidence or 0 for row in collection.find(Wanted()).rows]
    assert shares == sorted(shares, reverse=True)
    least = [row.confidence or 0 for row in collection.find(Wanted(order="least-sure")).rows]
    assert least == sorted(least)
    assert [row.top for row in collection.typical("red", 3)] == ["red"] * 3
    assert collection.row("bandcamp:red001") is not None
    assert collection.row("itunes:1") is None
    assert collection.named(["itunes:1"]) == []


def test_a_map_stays_within_its_drawing(filled: Workspace, live: Live) -> None:
    similar = SimilarCovers.of_version(live.version, filled, predictor=live.predictor)
    drawn = draw_map(live, build_collection(live), similar)
    assert (len(drawn.dots), drawn.total, drawn.method) == (3 * EACH, 3 * EACH, "t-SNE")
    assert all(MARGIN <= dot.x <= WIDTH - MARGIN for dot in drawn.dots)
    assert all(MARGIN <= dot.y <= HEIGHT - MARGIN for dot in drawn.dots)
    assert 10 < sum(dot.picture for dot in drawn.dots) <= 3 * EACH
    assert drawn == draw_map(live, build_collection(live), similar)  # from the cache


def test_an_album_without_a_cover_has_a_page(client: TestClient, filled: Workspace) -> None:
    album = Album("itunes", "77", ("https://example.test/x.jpg",), genres=("Polka",))
    filled.albums.upsert_albums([album])
    filled.albums.record_covers([CoverResult("itunes:77", CoverStatus.ABSENT, "http_404")])
    page = client.get(f"{BASE}/albums/itunes:77").text
    assert "No cover: absent (http_404)" in page
    assert "not in the dataset" in page


def test_a_lost_cover_is_told(client: TestClient, filled: Workspace) -> None:
    key = "bandcamp:green039"
    cover = filled.albums.record(key).cover
    assert cover is not None
    data = filled.objects.get(cover.object_key)
    filled.objects.delete(cover.object_key)
    page = client.get(f"{BASE}/albums/{key}").text
    filled.objects.put(cover.object_key, data)
    assert "not in the object store any more" in page


def test_a_surprise_is_an_album(client: TestClient) -> None:
    answer = client.get(f"{BASE}/surprise", follow_redirects=False)
    assert answer.status_code == 303
    assert client.get(answer.headers["location"]).status_code == 200


def test_where_several_labels_may_be_said_all_of_them_are(live: Live) -> None:
    shares = np.array([[0.6, 0.7, 0.1]], np.float32)
    labels = (Label("green", 0.7), Label("blue", 0.6), Label("red", 0.1))
    predictor = SimpleNamespace(
        probabilities=lambda pixels: shares,
        top_labels=lambda row, top: labels,
        least_confidence=0.5,
    )
    version = replace(
        live.version, evaluation={**live.version.evaluation, "popularity": {}, "threshold": 0.5}
    )
    several = replace(live, version=version, predictor=predictor)
    tried = try_cover(several, "a.jpg", made_cover("red"), Question(explain=False), None)
    assert tried.said is not None
    assert tried.said.sentence == "Reads as green and blue."
    assert (
        threshold_sentence(version)
        == "A label is said of a cover from a probability of 50\u00a0% on."
    )
    assert compare([tried], None) == ""


def test_of_a_threshold_that_was_not_found_a_sentence_says_so(live: Live) -> None:
    assert "sure of no cover" in threshold_sentence(replace(live.version, threshold=None))
    assert "of which 90\u00a0% are right" in threshold_sentence(live.version)


def test_only_the_study_that_is_shown_is_there(filled: Workspace) -> None:
    champions = Champions({Origin.SANDBOX: filled}, only="other")
    assert champions.studies() == []
    champions.warm()
    with pytest.raises(NotFound, match="there are: none"):
        champions.live(STUDY)
    elsewhere = Champions({Origin.LIVE: replace(filled, origin=Origin.LIVE)})
    with pytest.raises(NotFound, match="origin sandbox are not open"):
        elsewhere.live(STUDY)
    elsewhere.warm()  # says so, and goes on
    assert study_words("sandbox-genre").noun == "genre"

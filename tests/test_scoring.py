"""Every stored cover through the champion, on real stores and with a real network."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scored_covers import STUDY, key_of, made_champion, store_covers

from albumart import scoring
from albumart.album import Cover, CoverResult, CoverStatus, Origin, cover_key
from albumart.endpoints import Endpoints
from albumart.errors import NotFound
from albumart.scoring import (
    CHUNK,
    count_scored,
    due_ranges,
    origin_of,
    rank_covers,
    score_batch,
)
from albumart.serving.predictor import NamedImage, Predictor, find_champion
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace

N = 2 * CHUNK + 10
SCRIPT = Path(__file__).with_name("killed_scoring.py")
NOTHING = {"scored": 0, "missing": 0, "unreadable": 0}


@pytest.fixture
def champion(workspace: Workspace) -> ModelVersion:
    store_covers(workspace, range(N))
    return made_champion(workspace)


def score_all(version: ModelVersion, workspace: Workspace, *scopes: str) -> dict[str, int]:
    found = [
        score_batch(version, keys, workspace, scopes=scopes)
        for keys in due_ranges(version, workspace, scopes=scopes)
    ]
    return {name: sum(each[name] for each in found) for name in NOTHING}


def said(version: ModelVersion, workspace: Workspace) -> list[tuple[str, float]]:
    found = workspace.predictions.most(version, "red", limit=1_000)
    return sorted((each.album, each.probability) for each in found)


def test_each_cover_is_scored_once_and_asked_for_in_order(
    champion: ModelVersion, workspace: Workspace
) -> None:
    assert score_all(champion, workspace) == NOTHING | {"scored": N}
    assert count_scored(champion, workspace) == {"blue": N // 2, "red": N // 2}
    assert due_ranges(champion, workspace) == []
    assert score_all(champion, workspace) == NOTHING
    most = rank_covers(champion, ["red", "blue"], workspace, limit=3)
    assert [(each.asked, each.album) for each in most] == [
        *(("red", f"bandcamp:{key_of(n)}") for n in (137, 135, 133)),
        *(("blue", f"bandcamp:{key_of(n)}") for n in (136, 134, 132)),
    ]
    first = most[0]
    assert (first.title, first.artist, first.top) == ("T137", "\x1b[31mA", "red")
    assert 0.98 < first.probability < 1
    # Of what the dataset holds, its label there; the first sixty of each colour are in it.
    assert (first.labels, first.split) == ((), "")
    (known,) = (
        each
        for each in rank_covers(champion, ["red"], workspace, limit=N)
        if each.album == "bandcamp:red001"
    )
    assert (known.labels, known.split) == (("red",), "test")


def test_the_predictor_says_the_same_of_the_file(
    champion: ModelVersion, workspace: Workspace, tmp_path: Path
) -> None:
    score_all(champion, workspace)
    (row,) = (row for row in workspace.albums.rows() if row["album"] == "bandcamp:red020")
    path = tmp_path / "cover.png"
    path.write_bytes(workspace.objects.get(cover_key(row["cover_sha256"])))
    image = NamedImage(str(path), path.read_bytes())
    (told,) = Predictor.of_champion(STUDY, workspace).predict([image], top=1)
    probability = dict(said(champion, workspace))["bandcamp:red020"]
    assert told.labels[0].probability == pytest.approx(probability, abs=1e-6)


def test_only_what_is_new_is_scored(champion: ModelVersion, workspace: Workspace) -> None:
    score_all(champion, workspace)
    before = said(champion, workspace)
    store_covers(workspace, [N, N + 1])
    assert score_all(champion, workspace) == NOTHING | {"scored": 2}
    assert [each for each in said(champion, workspace) if each in before] == before
    # A cover that another one took the place of is new, too.
    workspace.albums.record_covers(
        [
            CoverResult("bandcamp:red000", CoverStatus.STORED, cover=cover)
            for album, cover in covers(workspace).items()
            if album == "bandcamp:red005"
        ]
    )
    assert score_all(champion, workspace) == NOTHING | {"scored": 1}
    now = dict(said(champion, workspace))
    assert now["bandcamp:red000"] == now["bandcamp:red005"]


def covers(workspace: Workspace) -> dict[str, Cover]:
    names = ("pixel_sha256", "phash", "width", "height", "format", "blank")
    return {
        row["album"]: Cover(row["cover_sha256"], size=1, **{name: row[name] for name in names})
        for row in workspace.albums.rows()
    }


def test_a_new_champion_scores_everything_anew(
    champion: ModelVersion, workspace: Workspace
) -> None:
    score_all(champion, workspace)
    before = dict(said(champion, workspace))
    surer = made_champion(workspace, run="b", sharpness=40.0)
    assert find_champion(STUDY, workspace).version == surer.version
    with pytest.raises(NotFound, match=f"version {surer.version} of made has scored no cover of"):
        count_scored(surer, workspace)
    assert score_all(surer, workspace) == NOTHING | {"scored": N}
    now = dict(said(surer, workspace))
    assert now["bandcamp:red060"] > before["bandcamp:red060"]
    assert said(champion, workspace) == []
    assert len(due_ranges(champion, workspace, size=N)) == 1


def test_what_cannot_be_seen_is_counted_and_due_again(
    champion: ModelVersion, workspace: Workspace
) -> None:
    found = covers(workspace)
    workspace.objects.delete(found["bandcamp:red003"].object_key)
    whole = workspace.objects.get(found["bandcamp:blue004"].object_key)
    workspace.objects.put(found["bandcamp:blue004"].object_key, whole[:-20])
    gone = {"missing": 1, "unreadable": 1}
    assert score_all(champion, workspace) == {"scored": N - 2} | gone
    assert due_ranges(champion, workspace) == [("bandcamp:blue004", "bandcamp:red003")]
    workspace.objects.put(found["bandcamp:blue004"].object_key, whole)
    assert score_all(champion, workspace) == NOTHING | {"scored": 1, "missing": 1}
    # A batch of which nothing can be seen wants no network.
    assert score_all(champion, workspace) == NOTHING | {"missing": 1}


def test_ranges_are_of_the_scopes_and_of_a_size(
    champion: ModelVersion, workspace: Workspace
) -> None:
    ranges = due_ranges(champion, workspace, size=50)
    assert len(ranges) == 3
    assert ranges == sorted(ranges)
    assert due_ranges(champion, workspace, scopes=("itunes",)) == []
    assert score_all(champion, workspace, "bandcamp", "itunes") == NOTHING | {"scored": N}
    assert score_batch(champion, ranges[0], workspace) == NOTHING


def test_the_network_is_loaded_once(
    champion: ModelVersion, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    scoring._loaded.clear()
    loaded: list[str] = []
    load = Predictor.of_version

    def counted(version: ModelVersion, workspace: Workspace) -> Predictor:
        loaded.append(version.run)
        return load(version, workspace)

    monkeypatch.setattr(scoring.Predictor, "of_version", counted)
    for keys in due_ranges(champion, workspace, size=70):
        score_batch(champion, keys, workspace)
    assert loaded == ["a"]


class Pulled(BaseException):
    """The plug."""


def test_what_was_finished_before_a_break_is_kept(
    champion: ModelVersion, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, asked = Predictor.probabilities, 0

    def pulled(self: Predictor, pixels: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise Pulled
        return whole(self, pixels)

    with monkeypatch.context() as patch:
        patch.setattr(Predictor, "probabilities", pulled)
        with pytest.raises(Pulled):
            score_all(champion, workspace)
    assert sum(count_scored(champion, workspace).values()) == CHUNK
    first = said(champion, workspace)
    assert score_all(champion, workspace) == NOTHING | {"scored": N - CHUNK}
    assert [each for each in said(champion, workspace) if each in first] == first
    assert len(said(champion, workspace)) == N


def test_after_a_kill_the_rest_is_scored(
    champion: ModelVersion, workspace: Workspace, own_endpoints: Endpoints, tmp_path: Path
) -> None:
    known = own_endpoints.as_environment() | {"ALBUMART_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        env=os.environ | known | {"CACHE": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "in the middle\n"
        finally:
            child.kill()  # SIGKILL: nothing of it runs any more
    assert sum(count_scored(champion, workspace).values()) == CHUNK
    assert score_all(champion, workspace) == NOTHING | {"scored": N - CHUNK}


def test_whose_covers_by_default(champion: ModelVersion, workspace: Workspace) -> None:
    assert origin_of(champion, workspace) is Origin.SANDBOX
    with pytest.raises(NotFound, match="study 'other' has no champion yet"):
        find_champion("other", workspace)
    with pytest.raises(NotFound, match="there are: blue, red"):
        rank_covers(champion, ["green"], workspace, limit=1)

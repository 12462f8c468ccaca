"""The map of test covers: which covers, what is told of them, and whose features place them."""

from pathlib import Path

import numpy as np
import pytest
from made_versions import made_manifest
from pictured import store_pictures
from scored_covers import COUNTS, made_champion

from albumart.holdout import read_holdout
from albumart.models.network import feature_network, load_model, predict_proba
from albumart.reports import cover_plane
from albumart.reports.cover_plane import find_cover_plane
from albumart.reports.examples import HeldOut
from albumart.stores.workspace import Workspace


@pytest.fixture
def network(workspace: Workspace):
    champion = made_champion(workspace)
    manifest = made_manifest(COUNTS)
    store_pictures(workspace, manifest)
    held_out = HeldOut(workspace.objects, manifest, read_holdout(workspace.objects, champion.run))
    data = workspace.objects.get(champion.object_key)
    return load_model(data, champion.sha256, workspace.cache / "models"), held_out


def test_every_test_cover_has_a_place(network, tmp_path: Path) -> None:
    model, held_out = network
    plane = find_cover_plane(model, held_out, tmp_path)
    assert plane is not None
    assert [cover.album for cover in plane.covers] == held_out.rows["album"].tolist()
    assert plane.n == len(plane.covers)
    for position, cover in enumerate(plane.covers):
        assert cover.said == held_out.manifest.classes[held_out.answer(position)]
        assert cover.right == (cover.said == cover.labels[0])
    places = {cover.labels[0]: (cover.across, cover.down) for cover in plane.covers}
    assert len(places) == len(set(places.values())) == 2  # all of one label are one picture
    assert {(cover.across, cover.down) for cover in plane.covers} == set(places.values())
    assert sum(cover.picture is not None for cover in plane.covers) == 2


def test_of_many_there_is_a_sample_and_of_hardly_any_no_map(
    network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, held_out = network
    monkeypatch.setattr(cover_plane, "MOST", 4)
    plane = find_cover_plane(model, held_out, tmp_path)
    assert plane is not None
    assert (len(plane.covers), plane.n) == (4, len(held_out.rows))
    monkeypatch.setattr(cover_plane, "LEAST", 1 + len(held_out.rows))
    assert find_cover_plane(model, held_out, tmp_path) is None


def test_what_training_computed_is_not_computed_again(
    network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, held_out = network
    names = list(dict.fromkeys(held_out.rows["cover_sha256"]))
    asked = []

    def borrowed(others, covers, look):
        assert others == tmp_path
        asked.append(list(covers))
        size = model.input_shape[1]
        pixels = np.stack([held_out.pixels(names.index(name), size) for name in covers])
        yield list(covers), predict_proba(feature_network(model), pixels)

    monkeypatch.setattr(cover_plane, "borrowed_rows", borrowed)
    monkeypatch.setattr(cover_plane, "predict_proba", None)  # nothing else asks the network
    plane = find_cover_plane(model, held_out, tmp_path)
    assert plane is not None
    assert asked == [names]

"""What a report shows of where the model looks: which covers, asked for what, in which words."""

import numpy as np
import pytest
from made_versions import made_manifest
from pictured import store_pictures
from scored_covers import COUNTS, made_champion

from albumart.explain.imagenet import ImageNetTop
from albumart.holdout import read_holdout
from albumart.models.network import load_model
from albumart.reports import looking
from albumart.reports.examples import HeldOut
from albumart.reports.looking import SIDE, find_looks, find_sightings, place_of
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace
from albumart.study import Model


@pytest.fixture
def champion(workspace: Workspace) -> ModelVersion:
    return made_champion(workspace)


@pytest.fixture
def held_out(workspace: Workspace, champion: ModelVersion) -> HeldOut:
    manifest = made_manifest(COUNTS)
    store_pictures(workspace, manifest)
    return HeldOut(workspace.objects, manifest, read_holdout(workspace.objects, champion.run))


def test_looks_are_those_of_the_saved_model(
    workspace: Workspace, champion: ModelVersion, held_out: HeldOut
) -> None:
    data = workspace.objects.get(champion.object_key)
    network = load_model(data, champion.sha256, workspace.cache / "models")
    looks = find_looks(network, held_out)
    assert looks.method == "occlusion"  # it has no backbone of ours
    assert list(looks.typical) == ["blue", "red"]
    told = [one for few in looks.typical.values() for one in few]
    assert [len(one.looks) for one in told] == [1] * 4
    for one in told:
        look = one.looks[0]
        assert look.asked == one.example.predicted
        assert look.probability == one.example.probability
        if look.asked == one.example.label:  # what it looks for is in the upper left
            assert look.overlay is not None
            assert look.overlay.shape == (SIDE, SIDE, 3) == one.example.thumbnail.shape
            assert look.place == "in the upper left"
    for one in looks.mistakes:
        said, own = one.looks
        assert said.asked == one.example.predicted != one.example.label == own.asked
        assert said.probability > own.probability
    assert looks.mistakes
    assert -1 <= looks.correlation <= 1
    assert looks.checked == len(
        {(one.example.album, look.asked) for one in (*told, *looks.mistakes) for look in one.looks}
    )


def test_sightings_are_of_the_most_typical_cover_of_each_class(
    held_out: HeldOut, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    shapes = []

    def see(top, model, pixels):
        shapes.append(pixels.shape)
        return [(("book jacket", 0.5),)] * len(pixels)

    monkeypatch.setattr(looking, "what_backbone_sees", see)
    top = ImageNetTop("imagenet", tmp_path / "classes.json")
    found = find_sightings(top, Model(backbone="MobileNetV2"), held_out)
    assert shapes == [(2, 224, 224, 3)]
    assert [one.example.predicted for one in found] == ["blue", "red"]
    assert found[0].seen == (("book jacket", 0.5),)


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [(0, 0, "in the upper left"), (20, 20, "in the middle"), (40, 20, "at the bottom")],
)
def test_a_place_has_words(row, column, words):
    heat = np.zeros((41, 41), dtype=np.float32)
    heat[row - 2 if row else 0, column] = 1
    assert place_of(heat) == words

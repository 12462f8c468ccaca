"""What a study rests on outlives its stores: digests, champion, predictions."""

from itertools import islice
from pathlib import Path

from scored_covers import STUDY, made_champion, store_covers
from stored_things import contents, opened, wipe

from albumart import scoring
from albumart.album import cover_key
from albumart.backup import restore_backup, write_backup
from albumart.dataset.manifest import read_manifest
from albumart.endpoints import Endpoints
from albumart.registry import roll_back
from albumart.serving.predictor import NamedImage, Predictor, find_champion
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace

N = 40


def test_a_restored_study_has_its_digests_champion_and_predictions(
    workspace: Workspace, own_endpoints: Endpoints, tmp_path: Path
) -> None:
    store_covers(workspace, range(N))
    made_champion(workspace, run="a", sharpness=4.0)
    made_champion(workspace, run="b")
    before, whole = _told(workspace), contents(own_endpoints)
    write_backup(own_endpoints, tmp_path / "backup")
    wipe(own_endpoints)
    scoring._loaded.clear()
    restore_backup(own_endpoints, tmp_path / "backup")
    assert contents(own_endpoints) == whole
    with opened(own_endpoints, tmp_path / "fresh") as restored:
        assert _told(restored) == before
        assert roll_back(restored.models, STUDY).version == 2


def _told(workspace: Workspace) -> tuple[object, ...]:
    """The champion, its dataset, what it says now and what was written down."""
    champion = find_champion(STUDY, workspace)
    manifest = read_manifest(workspace.objects, champion.dataset)
    for keys in scoring.due_ranges(champion, workspace):
        scoring.score_batch(champion, keys, workspace)
    written = workspace.predictions.most(champion, "red", limit=1_000)
    said = _said(champion, workspace)
    assert len(said) == 5
    return champion, manifest.digest, said, written


def _said(champion: ModelVersion, workspace: Workspace) -> list[tuple[str, list[float]]]:
    covers = dict(islice(workspace.albums.stored_covers(), 5))
    images = [
        NamedImage(album, workspace.objects.get(cover_key(sha256)))
        for album, sha256 in covers.items()
    ]
    found = Predictor.of_version(champion, workspace).predict(images, top=2)
    return [(each.name, each.probabilities.tolist()) for each in found if each.error is None]

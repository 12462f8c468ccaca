"""A class that shrank stops the front door: nothing is trained, registered or promoted."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

from albumart.album import Origin
from albumart.endpoints import Endpoints
from albumart.stores.labels import LabelField, Wanted
from albumart.stores.workspace import Workspace, open_workspace

STUDY = """
name = "planted"
title = "One epoch"
sandbox = true
[collect]
source = "bandcamp"
[labels]
classes = ["folk", "jazz", "metal", "pop"]
min_covers = 10
[model]
backbone = "small"
weights = "random"
image_size = 32
[[train.stages]]
epochs = 1
unfrozen = "all"
[trials]
seeds = 1
random_split = false
"""


def albumart(*words: str, home: Path, endpoints: Endpoints) -> subprocess.CompletedProcess[str]:
    environment = os.environ | endpoints.as_environment() | {"ALBUMART_HOME": str(home)}
    command = [sys.executable, "-m", "albumart", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)


def call_polka(workspace: Workspace, genre: str) -> None:
    """Somebody corrects the genre of every album of ``genre``: no class has them any more."""
    rows = [row for row in workspace.albums.rows("bandcamp") if row["genres"][:1] == (genre,)]
    assert len(rows) > 20
    wanted = [Wanted(row["album"], LabelField.GENRES, ("polka",)) for row in rows]
    workspace.corrections.append(wanted, who="somebody")


def test_a_shrunken_class_stops_before_training(
    prefect_endpoints: Endpoints, tmp_path: Path
) -> None:
    s3 = dataclasses.replace(prefect_endpoints.s3, bucket="planted")
    endpoints = dataclasses.replace(prefect_endpoints, mongodb_database="planted", s3=s3)
    study = tmp_path / "planted.toml"
    study.write_text(STUDY)
    words = ("run", str(study), "--limit", "400")
    first = albumart(*words, home=tmp_path, endpoints=endpoints)
    assert first.returncode == 0, first.stderr
    assert "drift skipped: no other dataset of planted" in first.stderr

    with open_workspace(endpoints, tmp_path, Origin.SANDBOX) as workspace:
        champion = workspace.models.champion("planted")
        history = list(workspace.models.history("planted"))
        objects = set(workspace.objects.keys("runs/")) | set(workspace.objects.keys("models/"))
        call_polka(workspace, "jazz")
        stopped = albumart(*words, home=tmp_path, endpoints=endpoints)
        assert stopped.returncode == 1
        assert "drift/class_kept failed" in stopped.stderr.splitlines()[-1]
        assert "0.0: jazz" in stopped.stderr.splitlines()[-1]
        assert [v.version for v in workspace.models.list_versions("planted")] == [1]
        assert workspace.models.champion("planted") == champion
        assert list(workspace.models.history("planted")) == history
        now = set(workspace.objects.keys("runs/")) | set(workspace.objects.keys("models/"))
        assert now == objects

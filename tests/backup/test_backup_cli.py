"""``albumart backup | restore | upgrade``: in this process, on real stores."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from stored_things import contents, fill, wipe
from typer.testing import CliRunner

from albumart.cli.app import app
from albumart.endpoints import Endpoints
from albumart.errors import UnsafeInput
from albumart.stores.workspace import Workspace

Run = Callable[..., Result]


@pytest.fixture
def albumart(own_endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in own_endpoints.as_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALBUMART_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("albumart.cli.backup.show_stations", lambda: None)

    def run(*words: object) -> Result:
        result = CliRunner().invoke(app, [*map(str, words)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_there_and_back(
    albumart: Run, workspace: Workspace, own_endpoints: Endpoints, tmp_path: Path
) -> None:
    fill(workspace, 3)
    before = contents(own_endpoints)
    told = albumart("backup", tmp_path / "one").output
    assert "albums_sandbox" in told
    assert "5 copied" in told
    again = albumart("backup", tmp_path / "two", "--previous", tmp_path / "one", "--json")
    assert json.loads(again.output)["objects"]["count"] == 5
    assert "without their bytes" in albumart("backup", tmp_path / "three", "--no-objects").output
    wipe(own_endpoints)
    assert "5 copied" in albumart("restore", tmp_path / "one", "--check").output
    assert contents(own_endpoints) == {}
    albumart("restore", tmp_path / "one")
    assert contents(own_endpoints) == before
    (tmp_path / "one" / "objects.jsonl").write_text("")
    with pytest.raises(UnsafeInput):
        albumart("restore", tmp_path / "one", "--check")


def test_upgrading_tells_what_was_done(albumart: Run, own_endpoints: Endpoints) -> None:
    from albumart.stores.mongodb import connect

    with connect(own_endpoints.mongodb_uri) as client:
        client[own_endpoints.mongodb_database].create_collection("albums")
    told = albumart("upgrade").output
    assert "done: albums tell their scopes" in told
    assert "of shape 3\n" in told
    assert "already" in albumart("upgrade").output

"""Backups side by side: what was killed is gone on with, what is old goes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from stored_things import contents, fill, wipe

from albumart.backup import BackupFolder, add_backup, restore_backup
from albumart.backup import series as series_module
from albumart.endpoints import Endpoints
from albumart.stores.workspace import Workspace


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each backup a day after the one before."""
    days: Iterator[datetime] = (
        datetime(2026, 11, 1, 3, tzinfo=UTC) + timedelta(days=n) for n in range(100)
    )

    class Clock:
        @staticmethod
        def now(_zone: object) -> datetime:
            return next(days)

    monkeypatch.setattr(series_module, "datetime", Clock)


@pytest.fixture
def filled(workspace: Workspace, own_endpoints: Endpoints) -> Endpoints:
    fill(workspace, 5)
    return own_endpoints


def test_the_youngest_stay_and_any_of_them_is_whole(filled: Endpoints, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    before = contents(filled)
    for _ in range(4):
        folder, _ = add_backup(filled, tmp_path, keep=2)
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == ["20261103T030000Z", "20261104T030000Z", "notes"]
    links = [each.stat().st_nlink for each in (folder / "objects").rglob("*") if each.is_file()]
    assert set(links) == {2}
    wipe(filled)
    restore_backup(filled, tmp_path / names[0])
    assert contents(filled) == before


def test_all_stay_where_nobody_says_how_many(filled: Endpoints, tmp_path: Path) -> None:
    made = [add_backup(filled, tmp_path, objects=number > 0)[0] for number in range(3)]
    assert sorted(tmp_path.iterdir()) == made
    assert not BackupFolder(made[0]).read().with_objects


def test_a_killed_one_is_gone_on_with_and_given_up_once_there_is_a_younger(
    filled: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    add_backup(filled, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("albumart.backup.write._finish", killed)
        with pytest.raises(KeyboardInterrupt):
            add_backup(filled, tmp_path)
    folder, _ = add_backup(filled, tmp_path)
    assert folder.name == "20261102T030000Z"
    assert len(list(tmp_path.iterdir())) == 2

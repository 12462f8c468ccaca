import errno
import os
import stat
from pathlib import Path

import pytest
from looking import open_to_others

from albumart.embedded.folder import PlatformFolder, size_of, told_as_platform_error, write_private
from albumart.errors import PlatformError


def test_a_folder_of_someone_careless_is_closed(tmp_path: Path) -> None:
    folder = PlatformFolder.of(tmp_path / "home")
    folder.root.mkdir(parents=True)
    folder.root.chmod(0o755)
    folder.create()
    assert open_to_others(folder.root) == []


def test_a_relative_home_means_the_same_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert PlatformFolder.of(Path("home")).home == tmp_path / "home"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "free some space there"),
        (errno.EDQUOT, "free some of your quota"),
        (errno.EROFS, "a folder that you may write to"),
        (None, "a folder that you may write to"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(number: int | None, advice: str) -> None:
    # Root writes where nobody else may, and no disk here may be filled, so the refusal is made.
    error = OSError("odd") if number is None else OSError(number, os.strerror(number), "/h/x")
    with (
        pytest.raises(PlatformError, match=advice) as caught,
        told_as_platform_error(Path("/h")),
    ):
        raise error
    assert "ALBUMART_HOME" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_write_private_replaces_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old and longer")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_size(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "x").write_bytes(bytes(10))
    (tmp_path / "a" / "b" / "y").write_bytes(bytes(5))
    (tmp_path / "dangling").symlink_to("nowhere")
    assert size_of(tmp_path / "a") == 15
    assert size_of(tmp_path / "none") == 0


def test_a_file_that_vanishes_while_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "walk", lambda _: [(str(tmp_path), [], ["gone"])])
    assert size_of(tmp_path) == 0

"""Where the programs come from, and what they are told."""

import importlib.metadata
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from albumart.embedded import mongod, s3
from albumart.embedded.credentials import Credentials
from albumart.embedded.folder import PlatformFolder
from albumart.embedded.part import Site, clean_environment
from albumart.embedded.parts import KINDS
from albumart.endpoints import Endpoints, S3Endpoint
from albumart.errors import PlatformError

ENDPOINTS = Endpoints("mongodb://x", "d", S3Endpoint("http://y", "b", "r", "ID", "KEY"))


@pytest.fixture
def site(folder: PlatformFolder) -> Site:
    return Site(folder, {"mongodb": 1, "s3": 2, "prefect": 3}, Credentials(), ENDPOINTS)


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def put_in_wheel(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = SimpleNamespace(name="mongod", locate=lambda: path)
    monkeypatch.setattr(importlib.metadata, "files", lambda name: [file])


@pytest.mark.parametrize("name", list(KINDS))
def test_no_argument_is_a_secret(name: str, site: Site) -> None:
    part = KINDS[name].build(site)
    line = " ".join(part.command)
    known = site.credentials
    for secret in (known.mongodb_password, known.s3_secret_access_key, known.prefect_auth, "KEY"):
        assert secret not in line
        assert secret not in repr(part)


def test_a_mongod_on_path_goes_before_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = program(tmp_path / "mongod")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert mongod.find_mongod() == own


def test_the_wheels_mongod_may_lack_its_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    put_in_wheel(program(tmp_path / "mongod", 0o644), monkeypatch)
    assert os.access(mongod.find_mongod(), os.X_OK)


def test_a_bit_that_cannot_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setenv("PATH", "/nonexistent")
    put_in_wheel(program(tmp_path / "mongod", 0o644), monkeypatch)
    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(PlatformError, match=r"run: chmod \+x"):
        mongod.find_mongod()


def test_no_mongod_names_the_three_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(mongod, "_WHEEL", "no-such-wheel")
    with pytest.raises(PlatformError, match=r"ALBUMART_MONGODB_URI.*PATH.*albumart\[embedded\]"):
        mongod.find_mongod()


def test_rclone_of_the_environment_or_of_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    program(other / "rclone")
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(own))
    monkeypatch.setenv("PATH", str(other))
    assert s3.find_rclone() == other / "rclone"
    program(own / "rclone")
    assert s3.find_rclone() == own / "rclone"


def test_no_rclone_names_the_three_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(PlatformError, match=r"ALBUMART_S3_ENDPOINT.*PATH.*albumart\[embedded\]"):
        s3.find_rclone()


def test_variables_for_others_do_not_reach_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PREFECT_API_URL", "RCLONE_CONFIG", "ALBUMART_S3_BUCKET"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("NO_PROXY", "intranet")
    found = clean_environment(RCLONE_CONFIG="ours")
    assert "elsewhere" not in found.values()
    assert found["RCLONE_CONFIG"] == "ours"
    assert found["NO_PROXY"] == found["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_the_workers_runs_find_this_platform(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMART_CONTACT", "me@example.org")
    monkeypatch.setenv("ALBUMART_HOME", "elsewhere")
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere")
    found = KINDS["worker"].build(site).environment
    assert found["ALBUMART_HOME"] == str(site.folder.home)
    assert found["ALBUMART_CONTACT"] == "me@example.org"
    assert {**found, **ENDPOINTS.as_environment()} == found
    assert found["PREFECT_LOGGING_EXTRA_LOGGERS"] == "albumart"

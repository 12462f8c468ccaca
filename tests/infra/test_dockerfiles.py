"""The Dockerfiles, the locks of the images, and what turns secret files into variables."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
DOCKERFILES = sorted(INFRA.glob("Dockerfile*"))
PIN = re.compile(
    r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,-]+\])?==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$"
)
Pins = dict[str, set[tuple[str, str]]]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_base_is_pinned_and_the_last_user_is_nobody_special(path: Path) -> None:
    lines = path.read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-[a-z-]+", base) for base in bases)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", users[-1])


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_installs_the_lock_and_nothing_else(kind: str) -> None:
    name = "Dockerfile" if kind == "cpu" else "Dockerfile.gpu"
    text = (INFRA / name).read_text()
    assert "--require-hashes --only-binary :all: -r requirements-" + kind in text
    assert "apt-get" not in text
    assert "org.opencontainers.image.revision" in text


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_versions_are_those_that_were_tested(kind: str) -> None:
    image, tested = _pins(INFRA / f"requirements-{kind}.lock"), _pins(ROOT / "requirements.lock")
    differing = {name for name in image.keys() & tested.keys() if image[name] != tested[name]}
    assert not differing, "make the image locks again: infra/README.md, Upgrade"
    assert {"prefect", "pymongo-auth-aws", "keras"} <= image.keys()
    assert "pytest" not in image


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_lock_names_no_index(kind: str) -> None:
    text = (INFRA / f"requirements-{kind}.lock").read_text()
    assert "index-url" not in text
    assert "://" not in text


def test_same_uv_as_the_makefile() -> None:
    version = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())
    assert version is not None
    for name in ("Dockerfile", "Dockerfile.gpu"):
        assert f"uv=={version[1]}" in (INFRA / name).read_text()


def test_secret_files_become_variables(tmp_path: Path) -> None:
    script = (INFRA / "with-secrets").read_text()
    moved = tmp_path / "with-secrets"
    moved.write_text(script.replace("/run/secrets", str(tmp_path / "secrets")))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "ALBUMART_CONTACT").write_text("a b'\"$HOME")
    (tmp_path / "secrets" / "keyfile").write_text("not a variable")
    command = ["sh", str(moved), "sh", "-c", 'printf %s "$ALBUMART_CONTACT"; env | grep -c keyfile']
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    assert done.stdout == "a b'\"$HOME0\n"


def test_secrets_are_made_once_and_seen_by_their_owner_alone(tmp_path: Path) -> None:
    moved = tmp_path / "make-secrets"
    moved.write_text((INFRA / "make-secrets").read_text())
    folder = tmp_path / "secrets"
    first = _make(moved, folder)
    (folder / "serve_token").unlink()
    second = _make(moved, folder)
    assert folder.stat().st_mode & 0o077 == 0
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"serve_token"}
    assert len(set(first.values())) == len(first)
    keys = first["ALBUMART_S3_ACCESS_KEY_ID"], first["ALBUMART_S3_SECRET_ACCESS_KEY"]
    assert first["RCLONE_AUTH_KEY"] == f'"{",".join(keys)}"'


def _make(script: Path, folder: Path) -> dict[str, str]:
    subprocess.run(["sh", str(script)], check=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


def _pins(path: Path) -> Pins:
    found: Pins = {}
    for line in path.read_text().splitlines():
        if match := PIN.match(line):
            found.setdefault(match[1], set()).add((match[2], match[3] or ""))
    return found

"""The Terraform files, as far as they can be held without a provider."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "infra" / "terraform"
TEXT = "\n".join(path.read_text() for path in sorted(FOLDER.glob("*.tf")))


def test_providers_are_pinned() -> None:
    providers = re.findall(r'source  = "([\w/]+)"\n      version = "(.+)"', TEXT)
    assert [name for name, _ in providers] == ["hashicorp/aws", "mongodb/mongodbatlas"]
    assert all(re.fullmatch(r"= \d+\.\d+\.\d+", version) for _, version in providers)


def test_nothing_comes_in() -> None:
    assert "ingress" not in TEXT
    assert 'resource "aws_lb' not in TEXT
    assert "assign_public_ip = true" not in TEXT


def test_bucket_is_private_encrypted_and_asked_by_tls_alone() -> None:
    for closed in ("block_public_acls", "block_public_policy", "restrict_public_buckets"):
        assert re.search(rf"{closed}\s+= true", TEXT)
    assert 'sse_algorithm = "AES256"' in TEXT
    assert 'variable = "aws:SecureTransport"' in TEXT
    assert 'status = "Enabled"' in TEXT


def test_no_secret_is_in_the_state() -> None:
    assert "aws_secretsmanager_secret_version" not in TEXT
    assert "random_password" not in TEXT
    assert not re.search(r"\bpassword\s*=", TEXT)


def test_no_role_may_everything() -> None:
    allowed = re.findall(r"statement \{(?:(?!effect).)*?actions\s+= \[(.*?)\]", TEXT, re.DOTALL)
    assert len(allowed) >= 6
    assert not any("*" in actions for actions in allowed)


def test_variables_are_those_of_the_settings() -> None:
    from albumart.settings import Settings

    known = {f"ALBUMART_{field.upper()}" for field in Settings.model_fields}
    assert set(re.findall(r"\b(ALBUMART_[A-Z0-9_]+)", TEXT)) <= known


@pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform on PATH")
def test_is_formatted() -> None:
    command = ["terraform", f"-chdir={FOLDER}", "fmt", "-check", "-diff"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout

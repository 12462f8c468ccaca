"""``albumart report``: its options belong together."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Typed = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize("option", ["--imagenet-top", "--imagenet-classes"])
def test_one_imagenet_option_alone_is_a_mistake(option: str, typed: Typed, tmp_path: Path) -> None:
    done = typed("report", "sandbox-genre", option, "imagenet")
    assert done.returncode == 2
    told = " ".join(done.stderr.replace("│", " ").split())
    assert "expected --imagenet-top and --imagenet-classes; got one of them" in told
    assert not list(tmp_path.iterdir())  # no store was started for it

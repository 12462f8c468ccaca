"""``albumart report``: its options belong together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("option", ["--imagenet-top", "--imagenet-classes"])
def test_one_imagenet_option_alone_is_a_mistake(option: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "albumart", "report", "sandbox-genre", option, "imagenet"],
        env=os.environ | {"ALBUMART_HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    told = " ".join(done.stderr.replace("│", " ").split())
    assert "expected --imagenet-top and --imagenet-classes; got one of them" in told
    assert not list(tmp_path.iterdir())  # no store was started for it

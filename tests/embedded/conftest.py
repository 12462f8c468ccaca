"""A platform of its own, with the stores alone, for tests that hurt it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from albumart.embedded.folder import PlatformFolder
from albumart.embedded.platform import down
from albumart.settings import Settings

ELSEWHERE = "http://127.0.0.1:9/api"  # nobody is there; so the Prefect parts are not started


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    found = Settings(home=tmp_path / "home", prefect_api_url=ELSEWHERE)
    yield found
    down(found)


@pytest.fixture
def folder(tmp_path: Path) -> PlatformFolder:
    found = PlatformFolder.of(tmp_path / "home")
    found.create()
    return found

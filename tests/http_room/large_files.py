"""A large file, and what tests of downloads ask."""

from pathlib import Path

import pytest
from http_room import ONCE

from albumart.errors import FetchError
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.sandbox.server import Sandbox

BODY = bytes(range(256)) * 4 * 1024  # 1 MiB
HALF = len(BODY) // 2
DUMP = FetchPolicy(robots=False, attempts=2, deadline=5.0)
FILE = "/example.test/dump"
ADDRESS = "https://example.test/dump"
DATED = "Mon, 01 Jan 2024 00:00:00 GMT"


def beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def ranges(sandbox: Sandbox) -> list[str]:
    return [seen.range for seen in sandbox.requests.all()]


def fails(client: PoliteClient, path: Path, policy: FetchPolicy = ONCE) -> FetchError:
    with pytest.raises(FetchError) as caught:
        client.download(ADDRESS, policy, path)
    assert not path.exists()
    assert str(caught.value).isprintable()
    return caught.value

"""`backup-stores` on a real Prefect server, and the seconds that a station is known to take."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from albumart.album import Album, Origin
from albumart.backup import check_backup
from albumart.endpoints import Endpoints
from albumart.stores.counting import open_counts
from albumart.stores.workspace import Workspace, open_workspace

PROGRAM = """
from flows.backup_stores import backup_stores
from tasks.resources import record_station
from tasks.stopwatch import Stopwatch
for keep in (None, 1):
    made = Stopwatch(record_station).time("backup", backup_stores, keep=keep)
print(made["folder"], made["documents"], made["objects"]["count"])
"""


@pytest.fixture
def own(prefect_endpoints: Endpoints) -> Endpoints:
    s3 = dataclasses.replace(prefect_endpoints.s3, bucket="backed-up")
    return dataclasses.replace(prefect_endpoints, mongodb_database="backed_up", s3=s3)


@pytest.fixture
def workspace(own: Endpoints, tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(own, tmp_path / "cache", Origin.SANDBOX) as opened:
        opened.albums.upsert_albums([Album("bandcamp", n, ()) for n in "abc"])
        opened.objects.put("covers/aa/a", b"a")
        yield opened


@pytest.mark.usefixtures("workspace")
def test_one_backup_more_and_the_oldest_goes(own: Endpoints, tmp_path: Path) -> None:
    environment = os.environ | own.as_environment() | {"ALBUMART_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder, documents, objects = done.stdout.split()[-3:]
    assert (int(documents) > 3, objects) == (True, "1")
    assert list((tmp_path / "backups").iterdir()) == [Path(folder)]
    assert check_backup(Path(folder)).documents == int(documents)
    with open_counts(own) as counts:
        (station,) = counts.stations()
    assert (station.station, station.runs, station.failures) == ("backup", 2, 0)

"""The script that makes MongoDB usable, against a real one, brought up as its image does."""

import runpy
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from albumart.embedded.mongod import find_mongod

SCRIPT = Path(__file__).parents[2] / "infra" / "mongodb" / "init.py"
ROOT_PASSWORD = "the root's own"
Run = Callable[[str], None]


def test_makes_a_set_and_a_user_of_one_database(run: Run, port: int) -> None:
    run("first")
    with _client(port, "first") as client:
        assert client.admin.command("hello")["setName"] == "rs0"
        with client.start_session() as session, session.start_transaction():
            client.albumart.things.insert_one({"_id": 1}, session=session)
        with pytest.raises(OperationFailure, match="not authorized"):
            client.elsewhere.things.insert_one({"_id": 1})
        with pytest.raises(OperationFailure, match="not authorized"):
            client.admin.command("createUser", "other", pwd="x", roles=["root"])


def test_runs_again_and_takes_a_rotated_password(run: Run, port: int) -> None:
    run("first")
    run("second")
    with _client(port, "second") as client:
        assert client.albumart.list_collection_names() is not None
    with _client(port, "first") as client, pytest.raises(OperationFailure, match="failed"):
        client.albumart.list_collection_names()


@pytest.fixture
def run(port: int, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(password: str) -> None:
        monkeypatch.setenv("MONGODB_ROOT_PASSWORD", ROOT_PASSWORD.replace(" ", "%20"))
        monkeypatch.setenv(
            "ALBUMART_MONGODB_URI", f"mongodb://albumart:{password}@127.0.0.1:{port}/"
        )
        runpy.run_path(str(SCRIPT), run_name="__main__")

    return run


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A mongod with its root user and keyfile, which waits to be initiated."""
    folder = tmp_path_factory.mktemp("mongodb")
    keyfile = folder / "keyfile"
    keyfile.write_text("k" * 684)
    keyfile.chmod(0o400)
    (folder / "data").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
    options = ["--dbpath", str(folder / "data"), "--port", str(found), "--keyFile", str(keyfile)]
    with _mongod(options), _client(found) as client:  # the localhost exception, as in the image
        client.admin.command("createUser", "root", pwd=ROOT_PASSWORD, roles=["root"])
    with _mongod([*options, "--replSet", "rs0"]):
        yield found


@contextmanager
def _mongod(options: list[str]) -> Iterator[None]:
    sizes = ["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "16"]
    command = [str(find_mongod()), "--bind_ip", "127.0.0.1", *sizes, *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def _client(port: int, password: str | None = None) -> "MongoClient[dict[str, object]]":
    login = {"username": "albumart", "password": password} if password else {}
    return MongoClient("127.0.0.1", port, directConnection=True, **login)

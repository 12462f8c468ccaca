"""Ports of the private parts: configured, or free ones that are remembered."""

import json
import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from albumart.embedded.folder import PlatformFolder, write_private
from albumart.embedded.loopback import HOST, is_free
from albumart.embedded.processes import wait_until
from albumart.errors import PlatformError

_log = logging.getLogger(__name__)

# Below the range from which the kernel takes ports for outgoing connections, so that no browser
# sits on a remembered port by chance.
_RANGE: Final = range(20_000, 30_000)
_TRIES: Final = 200
_PATIENCE: Final = 2.0


def obtain_ports(
    folder: PlatformFolder, parts: tuple[str, ...], configured: Mapping[str, int]
) -> dict[str, int]:
    """A free port for each of ``parts``: the configured one, the last one, or a new one."""
    remembered = _read(folder)
    chosen: dict[str, int] = {}
    for part in parts:
        if part in configured:
            chosen[part] = _require_free(part, configured[part])
        else:
            taken = {*chosen.values(), *configured.values()}
            chosen[part] = _choose(part, remembered.get(part), taken=taken)
    write_private(folder.ports, json.dumps(remembered | chosen, indent=2))
    return chosen


def _require_free(part: str, port: int) -> int:
    if is_free(port):
        return port
    setting = f"ALBUMART_{part.upper()}_PORT"
    raise PlatformError(
        f"{setting}={port}: expected a free port on {HOST} for {part}; got one taken by "
        f"{_holder(port)}; stop that, or set {setting} to another port"
    )


def _choose(part: str, remembered: int | None, *, taken: set[int]) -> int:
    if remembered is not None:
        # Whoever was killed a moment ago may not have let go of it yet.
        with suppress(PlatformError):
            wait_until(lambda: is_free(remembered), _PATIENCE, f"port {remembered} to be free")
            return remembered
        _log.warning(
            "%s: its last port %d is taken by %s; choosing another",
            *(part, remembered, _holder(remembered)),
        )
    for port in secrets.SystemRandom().sample(_RANGE, _TRIES):
        if port not in taken and is_free(port):
            return port
    raise PlatformError(
        f"expected a free port for {part} between {_RANGE.start} and {_RANGE.stop}; got none in "
        f"{_TRIES} tries; set ALBUMART_{part.upper()}_PORT"
    )


def _holder(port: int) -> str:
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                name = psutil.Process(connection.pid).name()
                return f"process {connection.pid} ({name})"
    except psutil.Error:
        return "another process"
    return "another process"


def _read(folder: PlatformFolder) -> dict[str, int]:
    try:
        found = json.loads(folder.ports.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(part): int(port) for part, port in found.items()}

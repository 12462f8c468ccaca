"""Doors of the embedded platform: use it for a while, bring it up, take it down, look at it."""

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from albumart.embedded.credentials import read_credentials
from albumart.embedded.folder import PlatformFolder, size_of
from albumart.embedded.launch import STOP_SECONDS, await_end, await_room, ensure_running
from albumart.embedded.locks import held
from albumart.embedded.parts import (
    KINDS,
    SHOWN,
    STORES,
    WORKERS,
    Order,
    address_of,
    with_embedded,
)
from albumart.embedded.processes import is_alive
from albumart.embedded.state import (
    PartState,
    Phase,
    PlatformState,
    end_leftovers,
    live_state,
    read_state,
)
from albumart.endpoints import Endpoints, display_address, endpoints_template

if TYPE_CHECKING:
    from albumart.settings import Settings

DEFAULT_PARTS: Final = (*STORES, "prefect")
ALL_PARTS: Final = tuple(KINDS)

_LOCK_SECONDS: Final = 5.0  # a killed supervisor lets go when its last thread is gone


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part as a person sees it.

    Attributes:
        name: ``prefect``, ``worker``, ``gpu-worker``, ``mongodb`` or ``s3``.
        address: without secrets; that of its interface for Prefect; None where there is none now.
        version: None where it is not known: of what is not running, and of external parts.
        data_bytes: on this disk; None for external parts and for workers.
        managed: False for an external part.
    """

    name: str
    state: PartState
    address: str | None
    version: str | None
    data_bytes: int | None
    managed: bool


@contextmanager
def open_platform(
    settings: "Settings", *, parts: Collection[str] = DEFAULT_PARTS
) -> Iterator[Endpoints]:
    """Endpoints of a platform with at least the stores and ``parts``, for the block.

    Uses the one that is up; else brings one up, and the last of its users takes it down. However
    this process ends, its platform ends too. Parts that the operator has elsewhere are not started.
    """
    order = _order(settings, {*STORES, *parts}, stays=False)
    if not order.parts:
        yield order.endpoints
        return
    folder = PlatformFolder.of(settings.home)
    folder.create()
    await_room(folder, order)
    with held(
        folder.lease, shared=True, timeout=STOP_SECONDS, what="the end of the last platform"
    ) as lease:
        state = ensure_running(folder, order)
        try:
            yield _endpoints(settings, folder, state)
        finally:
            # Ours alone, or the supervisor's already: then it ends now, and we see it out.
            last = lease.take() or not lease.take(shared=True)
            lease.release()
            if last and not state.stays:
                await_end(state.supervisor)


def up(settings: "Settings") -> list[PartStatus]:
    """Bring up the whole platform, to stay until ``down``; harmless if it is up."""
    order = _order(settings, KINDS, stays=True)
    if order.parts:
        folder = PlatformFolder.of(settings.home)
        folder.create()
        await_room(folder, order)
        ensure_running(folder, order)
    return status(settings)


def down(settings: "Settings") -> bool:
    """Stop the platform, whoever uses it, and what a killed one left; whether there was any."""
    folder = PlatformFolder.of(settings.home)
    state = live_state(folder)
    if state is None:
        return _end_leftovers(folder)
    with suppress(ProcessLookupError):
        os.kill(state.supervisor.pid, signal.SIGTERM)
    await_end(state.supervisor)
    return True


def status(settings: "Settings") -> list[PartStatus]:
    """Every part as it is now, the Prefect server with its interface first."""
    folder = PlatformFolder.of(settings.home)
    external = _external(settings)
    live, last = live_state(folder), read_state(folder)
    return [
        PartStatus(name, PartState.EXTERNAL, external[name] or None, None, None, managed=False)
        if name in external
        else _part_status(folder, name, live, last)
        for name in SHOWN
    ]


def current_endpoints(settings: "Settings") -> Endpoints | None:
    """Endpoints of the settings and of the platform that is up; None where a store is missing."""
    folder = PlatformFolder.of(settings.home)
    missing = set(STORES) - set(_external(settings))
    state = live_state(folder)
    if state is None or state.phase is not Phase.RUNNING:
        return None if missing else endpoints_template(settings)
    return None if missing - set(state.parts) else _endpoints(settings, folder, state)


def _order(settings: "Settings", parts: Collection[str], *, stays: bool) -> Order:
    if unknown := set(parts) - set(KINDS):
        raise ValueError(f"expected parts among {', '.join(KINDS)}; got {sorted(unknown)}")
    external = _external(settings)
    configured = {
        "mongodb": settings.mongodb_port,
        "s3": settings.s3_port,
        "prefect": settings.prefect_port,
    }
    return Order(
        home=str(PlatformFolder.of(settings.home).home),
        parts=tuple(name for name in KINDS if name in parts and name not in external),
        stays=stays,
        endpoints=endpoints_template(settings),
        ports={name: port for name, port in configured.items() if port is not None},
    )


def _external(settings: "Settings") -> dict[str, str]:
    """Address, for display, of each part that the operator has elsewhere."""
    uri, prefect = settings.mongodb_uri, settings.prefect_api_url
    addresses = {
        "mongodb": uri.get_secret_value() if uri is not None else None,
        "s3": settings.s3_endpoint,
        "prefect": prefect.removesuffix("/api") if prefect is not None else None,
        # Workers run where the operator runs them.
        **dict.fromkeys(WORKERS, "" if prefect is not None else None),
    }
    return {name: display_address(found) for name, found in addresses.items() if found is not None}


def _end_leftovers(folder: PlatformFolder) -> bool:
    if not folder.root.is_dir():
        return False
    with held(folder.lock, timeout=_LOCK_SECONDS, what=f"nobody to be starting {folder.home}"):
        return end_leftovers(folder)


def _endpoints(settings: "Settings", folder: PlatformFolder, state: PlatformState) -> Endpoints:
    external = _external(settings)
    ports = {name: port for name, port in state.ports.items() if name not in external}
    return with_embedded(endpoints_template(settings), ports, read_credentials(folder))


def _part_status(
    folder: PlatformFolder, name: str, live: PlatformState | None, last: PlatformState | None
) -> PartStatus:
    size = size_of(folder.data(name)) if KINDS[name].scheme else None
    record = live.parts.get(name) if live is not None else None
    if record is None:
        # Running without its supervisor: nobody restarts it, and nobody should count on it.
        old = last.parts.get(name) if last is not None else None
        orphan = old is not None and old.process is not None and is_alive(old.process)
        state = PartState.FAILED if orphan and live is None else PartState.STOPPED
        return PartStatus(name, state, None, None, size, managed=True)
    address = address_of(name, record.port) if record.state is PartState.RUNNING else None
    return PartStatus(name, record.state, address, record.version, size, managed=True)

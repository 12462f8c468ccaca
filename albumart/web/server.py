"""Serve the application by uvicorn until somebody stops it."""

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from socket import socket
from typing import Final, TypeAlias

import uvicorn
from fastapi import FastAPI

from albumart.album import Origin
from albumart.errors import PlatformError
from albumart.stores.workspace import Workspace
from albumart.web.app import create_app
from albumart.web.options import LOOPBACK, SHORTEST_TOKEN, WebOptions

Announce: TypeAlias = Callable[[str], None]

STOP_SECONDS: Final = 10
CONNECTIONS: Final = 512
LONGEST_HEAD: Final = 64 * 1024  # bytes


def options_for(host: str, token: str | None, study: str | None = None) -> WebOptions:
    """How to be set up on this address.

    Raises:
        PlatformError: others can reach it, and there is no token, or one that can be guessed.
    """
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise PlatformError(
            f"expected a token of {SHORTEST_TOKEN} characters or more; got {len(token)}; "
            "make one: python -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    if is_loopback(host):
        return WebOptions(token=token, hosts=LOOPBACK | {host.strip("[]")}, study=study)
    if token is None:
        raise PlatformError(
            f"{host} can be reached by other machines, so a token is needed: give --token-file, or "
            "set ALBUMART_WEB_TOKEN"
        )
    return WebOptions(token=token, hosts=None, study=study)


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can ask there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    workspaces: Mapping[Origin, Workspace],
    options: WebOptions,
    *,
    host: str,
    port: int,
    announce: Announce,
) -> None:
    """Answer until SIGINT or SIGTERM. ``announce`` is told the address once it answers.

    Raises:
        PlatformError: the port is taken, or the address is none of this machine.
    """
    server = Server(create_app(workspaces, options), host=host, port=port, announce=announce)
    try:
        asyncio.run(server.serve())
    except KeyboardInterrupt:
        return  # uvicorn raises the signal again once it has ended well
    except SystemExit as error:
        if server.started:
            raise
        raise PlatformError(f"cannot serve at {host}:{port}: is the port taken?") from error


class Server(uvicorn.Server):
    """uvicorn, set up for one application; tells its address, which is not known of port 0."""

    def __init__(self, app: FastAPI, *, host: str, port: int, announce: Announce) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host.strip("[]"),
                port=port,
                log_level="warning",
                server_header=False,
                proxy_headers=False,  # whoever asks would say who they are
                timeout_graceful_shutdown=STOP_SECONDS,
                limit_concurrency=CONNECTIONS,
                h11_max_incomplete_event_size=LONGEST_HEAD,
            )
        )
        self._announce = announce

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        for server in self.servers if self.started else ():
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                self._announce(f"http://{f'[{host}]' if ':' in host else host}:{port}")

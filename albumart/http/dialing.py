"""Sockets that go to a checked address and end at their deadline.

A host is looked up once, where its socket is made, and the socket goes to what was checked: no
second look-up can answer otherwise, for a redirect or a pooled connection as little as for a first
request.
"""

import math
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Final

from albumart.errors import AlbumArtError, FetchError, UnsafeInput
from albumart.http.addresses import Address

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CONNECT_SECONDS: Final = 10.0  # for one address, so that a dead one leaves time for the next

Resolve = Callable[[str], list[Address]]


class DeadlineSocket(socket.socket):
    """A socket whose reads all end at ``deadline`` (monotonic), however slowly bytes drip in."""

    deadline: float = math.inf

    def recv_into(
        self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0
    ) -> int:
        """Read what is there, waiting no longer than the deadline."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self.settimeout(min(left, 86_400.0))
        return super().recv_into(buffer, nbytes or memoryview(buffer).nbytes, flags)


class DeadlineTlsSocket(DeadlineSocket, ssl.SSLSocket):
    """The same over TLS: each read is bounded as a whole, handshake records included."""


class Dialer:
    """Opens sockets to what ``resolve`` allows, and to nothing else.

    Raises:
        UnsafeInput: from ``resolve``; ``no_such_host`` for a name that does not exist.
        FetchError: ``dns`` or ``connect``.
    """

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._has_resolved = False

    def __call__(self, host: str, port: int, seconds: float) -> DeadlineSocket:
        """Connect within ``seconds``, which the socket's time-out then counts down."""
        until = time.monotonic() + seconds
        problem: OSError = TimeoutError("no time left")
        for address in self._addresses(host, seconds):
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                sock = connect(address, port, min(left, CONNECT_SECONDS))
            except OSError as error:
                problem = error
            else:
                sock.settimeout(max(until - time.monotonic(), 0.001))
                return sock
        raise FetchError(
            f"{host}: expected a connection to port {port}; got {problem}", code="connect"
        )

    def _addresses(self, host: str, seconds: float) -> list[Address]:
        try:
            addresses = within(seconds, lambda: self._resolve(host))
        except TimeoutError as error:
            message = f"{host}: expected its address within {seconds:.0f} s; got none"
            raise FetchError(message, code="dns") from error
        except FetchError as error:
            # Without a network, the C library says "no such host" of every host. It is believed
            # once it has found another, so that an outage never writes a source off for good.
            if error.code != "no_such_host":
                raise
            if not self._has_resolved:
                raise FetchError(str(error), code="dns") from error
            raise UnsafeInput("no_such_host", str(error)) from error
        self._has_resolved = True
        return addresses


def connect(address: Address, port: int, seconds: float) -> DeadlineSocket:
    """A TCP connection to exactly this address."""
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    sock = DeadlineSocket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect((str(address), port))
    except OSError:
        sock.close()
        raise
    return sock


def within(seconds: float, look_up: Callable[[], list[Address]]) -> list[Address]:
    """``look_up()``, or TimeoutError: the C library's resolver knows no time-out of ours.

    The thread that hangs is left to die with the process.
    """
    result: Future[list[Address]] = Future()

    def work() -> None:
        try:
            result.set_result(look_up())
        except (AlbumArtError, OSError, ValueError) as error:
            result.set_exception(error)

    threading.Thread(target=work, name="look-up", daemon=True).start()
    return result.result(timeout=seconds)

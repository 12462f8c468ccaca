"""Pooled connections over checked sockets; whole answers or none, or one step by step.

TLS proves the real name although the socket went to a number. No proxy variable is read anywhere
on this path.
"""

import http.client
import math
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, cast

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ProtocolError, SSLError
from urllib3.exceptions import TimeoutError as TimedOut
from urllib3.response import HTTPResponse

from albumart.errors import FetchError, UnsafeInput
from albumart.http.addresses import ParsedUrl, printable
from albumart.http.dialing import DeadlineSocket, DeadlineTlsSocket, Dialer, Resolve

KEPT_CONNECTIONS: Final = 64  # idle ones, to one host
KEPT_HOSTS: Final = 64

STEP: Final = 16 * 1024  # of a body that is too large to be held

_CHUNK: Final = 256 * 1024
_CODES: Final = ((TimedOut, "timeout"), (SSLError, "tls"), (HTTPError, "broken"))


class _ExactResponse(http.client.HTTPResponse):
    """Refuses bytes beyond the declared length, which http.client would drop in silence."""

    def __init__(self, sock: DeadlineSocket, *args: object, **kwargs: object) -> None:
        super().__init__(sock, *args, **kwargs)  # type: ignore[arg-type]
        self._sock = sock

    def _close_conn(self) -> None:
        surplus = self.length == 0 and self._has_buffered_bytes()
        super()._close_conn()  # type: ignore[misc]
        if surplus:
            raise http.client.HTTPException("more bytes came than Content-Length declared")

    def _has_buffered_bytes(self) -> bool:
        # Only what was read along with the body: with the deadline passed, peek cannot wait. What
        # still lies in the kernel makes the pool drop the connection before its next use.
        self._sock.deadline = -math.inf
        try:
            return bool(self.fp.peek(1))
        except TimeoutError:
            return False


class _Connection(HTTPConnection):
    """Ends at its deadline, and remembers when its last request had left."""

    response_class = _ExactResponse
    asked_at = math.nan
    asked: DeadlineSocket  # kept here too, for a connection that will close lets go of its socket

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 does
        """Wait for the status and the headers."""
        self.asked, self.asked_at = cast(DeadlineSocket, self.sock), time.monotonic()
        self.asked.deadline = self.asked_at + cast(float, self.timeout)
        return super().getresponse()


class Answer:
    """A status and headers (names in lower case), with the body still to be read.

    ``asked_at`` is when the request had left, in seconds of the monotonic clock.
    """

    def __init__(self, response: BaseHTTPResponse, where: str) -> None:
        self.status = response.status
        self.headers = {name.lower(): response.headers[name] for name in response.headers}
        connection = cast(_Connection, response.connection)
        self.asked_at = connection.asked_at
        self._response, self._socket, self._where = response, connection.asked, where

    def read(self, max_bytes: int) -> bytes:
        """The whole decoded body; UnsafeInput (``too_large``) as soon as it passes the cap."""
        body = self._response.stream(_CHUNK, decode_content=True)
        chunks = list(self._capped(body, max_bytes))
        if not chunks and self.status == 200 and not self._says_its_end():
            # An end inside the headers is no error to http.client: it looks like an empty page.
            raise ProtocolError("the connection closed before the headers were complete")
        return b"".join(chunks)

    def steps(self, max_bytes: int, *, stall: float) -> Iterator[bytes]:
        """The body as it was sent, piece by piece, each at most STEP bytes long.

        Raises:
            FetchError: ``stalled``: fewer than STEP bytes came within ``stall`` seconds.
        """
        if not self._says_its_end():
            raise ProtocolError("neither Content-Length nor chunks say where the file ends")
        pieces = self._capped(self._response.stream(STEP, decode_content=False), max_bytes)
        due = 0
        try:
            while True:
                if due <= 0:  # a host that drips chunk by chunk gains no time by it
                    self._socket.deadline, due = time.monotonic() + stall, STEP
                piece = next(pieces, b"")
                if not piece:
                    return
                yield piece
                due -= len(piece)
        except TimedOut as error:
            message = f"{self._where}: expected {STEP} bytes more within {stall:.0f} s"
            raise FetchError(message, code="stalled") from error

    def _says_its_end(self) -> bool:
        return not {"content-length", "transfer-encoding"}.isdisjoint(self.headers)

    def _capped(self, chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
        left = max_bytes
        # What is declared to be too long is not even begun.
        if (self._response.length_remaining or 0) <= left:
            for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
            else:
                return
        raise UnsafeInput("too_large", f"{self._where}: expected at most {max_bytes} bytes")


class Connections:
    """Kept-alive connections to many hosts, shared by many threads."""

    def __init__(self, resolve: Resolve) -> None:
        self._pools = _pool_manager(Dialer(resolve))

    @contextmanager
    def get(
        self, url: ParsedUrl, headers: Mapping[str, str], seconds: float, *, where: str
    ) -> Iterator[Answer]:
        """Ask for ``url``; connecting, headers and body together end within ``seconds``.

        Raises:
            FetchError: ``dns``, ``connect``, ``tls``, ``timeout``, ``broken`` (reset, cut short,
                longer or shorter than declared, or not what its Content-Encoding says).
            UnsafeInput: from the resolver.
        """
        pool = self._pools.connection_from_host(url.host, url.port, url.scheme)
        try:
            response = pool.urlopen(
                "GET",
                url.target,
                headers=headers,
                timeout=Timeout(total=seconds),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
            )
            try:
                yield Answer(response, where)
            finally:
                response.close()  # does nothing to a connection that went back to its pool
        except HTTPError as error:
            code = next(code for kind, code in _CODES if isinstance(error, kind))
            message = f"{where}: expected a whole answer; got {printable(str(error))}"
            raise FetchError(message, code=code) from error

    def close(self) -> None:
        """Close every kept connection."""
        self._pools.clear()


def _pool_manager(dial: Dialer) -> PoolManager:
    class Dialled(_Connection):
        def _new_conn(self) -> socket.socket:
            return dial(self.host, self.port, cast(float, self.timeout))

    class DialledTls(Dialled, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Dialled

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = DialledTls

    context = ssl.create_default_context()
    context.sslsocket_class = DeadlineTlsSocket
    pools = PoolManager(KEPT_HOSTS, maxsize=KEPT_CONNECTIONS, ssl_context=context)
    pools.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}
    return pools
